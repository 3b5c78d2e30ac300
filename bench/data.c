#include "data.h"

#include "data_random.h"
#include "numbers.h"

#include <math.h>

const char *data_mode_name(data_mode mode) {
    static const char *const name[] = {"integers", "zero-mean", "positive", "wide", "cancelling", "special"};
    return (unsigned)mode < DATA_MODE_COUNT ? name[mode] : "unknown";
}

/* ---- ranges ---- */

static int log2_rounded(double v) { return (int)lround(log2(v)); }

static int half_log2(size_t n) { return log2_rounded(sqrt((double)n)); }

/* Exponent of a tensor's scale: logits and outputs of order 1 whatever the shape. */
static int scale_of(const problem *pb, enum mot_tensor tensor) {
    const mot_shape *s = &pb->shape;
    switch (tensor) {
    case MOT_CONTROLLER:
        return 2 - half_log2(s->d_model);
    case MOT_W1:
        return -half_log2(s->d_model);
    case MOT_W2:
        return -half_log2(s->d_expert);
    case MOT_P:
        return -log2_rounded((double)s->group_size);
    default:
        return 0;
    }
}

/* Number of products that must add up exactly, and how many factors are in each. */
static void exact_sum(const problem *pb, double *terms, double *factors) {
    const mot_shape *s = &pb->shape;
    *factors = 2;
    switch (pb->stage) {
    case MOT_STAGE_MIX:
        *terms = (double)s->group_size;
        break;
    case MOT_STAGE_REDISTRIBUTE:
        *terms = (double)s->experts;
        break;
    case MOT_STAGE_EXPERTS:
        *terms = (double)s->d_model * (double)s->d_expert, *factors = 3;
        break;
    default:
        *terms = (double)s->d_model;
    }
}

static uint32_t largest_integer(const problem *pb) {
    double terms, factors;
    exact_sum(pb, &terms, &factors);
    double v = floor(pow(0x1p24 / terms, 1 / factors));
    return v < 1 ? 1 : v > 16 ? 16 : (uint32_t)v;
}

/* Integers of the controller are scaled down, or the softmax would saturate and see nothing. */
static int integer_scale(const problem *pb, enum mot_tensor tensor) {
    return tensor == MOT_CONTROLLER ? -half_log2(pb->shape.d_model) - 6 : 0;
}

double data_exact_below(const problem *pb) {
    if (pb->mode != DATA_INTEGERS || pb->stage == MOT_STAGE_LAYER) return 0;
    bool logits = pb->stage == MOT_STAGE_ROUTE || pb->stage == MOT_STAGE_FRONT;
    return ldexp(1, 24 + integer_scale(pb, logits ? MOT_CONTROLLER : MOT_X));
}

/* ---- one value from one random word ---- */

/* Without branches: random signs can't be predicted. */
static double sign_of(uint32_t word) { return 1 - 2 * (double)(word & 1); }
static double unit_of(uint32_t word) { return ((word >> 8) + 1) * 0x1p-24; } /* (0,1] */

static double wide(enum mot_tensor tensor, uint32_t word) {
    double power = (double)(1U << (word >> 1 & 15)) * (tensor == MOT_CONTROLLER ? 0x1p-20 : 0x1p-8);
    return sign_of(word) * (1 + unit_of(word)) * power;
}

static double special(uint32_t word, double scale) {
    uint32_t kind = word >> 1 & 31;
    if (kind == 0) return copysign(0.0, sign_of(word));
    return sign_of(word) * unit_of(word) * (kind == 1 ? 0x1p-127 : scale);
}

static double value_of(const problem *pb, enum mot_tensor tensor, uint32_t word, double scale, uint32_t largest) {
    switch (pb->mode) {
    case DATA_INTEGERS:
        return sign_of(word) * (1 + (word >> 8) % largest) * scale;
    case DATA_POSITIVE:
        return unit_of(word) * scale;
    case DATA_WIDE:
        return wide(tensor, word) * scale;
    case DATA_SPECIAL:
        return special(word, scale);
    default:
        return sign_of(word) * unit_of(word) * scale;
    }
}

/* ---- rows ---- */

static void tensor_words(const problem *pb, enum mot_tensor tensor, uint64_t first, size_t n, uint32_t *word) {
    random_words(pb->seed, (uint64_t)pb->mode << 32 | tensor, first, n, word);
}

/* DATA_CANCELLING: along a sum of K products the second half repeats the first, with the sign of one factor turned. */
typedef struct mirror {
    size_t k, step; /* length; rows from one term to the next, 0: along a row */
    bool turned;
} mirror;

static mirror mirror_of(const problem *pb, enum mot_tensor tensor) {
    const mot_shape *s = &pb->shape;
    const mirror none = {1, 1, false};
    if (pb->mode != DATA_CANCELLING) return none;
    switch (pb->stage) {
    case MOT_STAGE_MIX:
        if (tensor == MOT_X || tensor == MOT_P) return (mirror){s->group_size, 1, tensor == MOT_P};
        return none;
    case MOT_STAGE_REDISTRIBUTE:
        if (tensor == MOT_Y) return (mirror){s->experts, s->groups, false};
        return tensor == MOT_P ? (mirror){s->experts, 0, true} : none;
    default:
        if (tensor == MOT_X || tensor == MOT_MIXED) return (mirror){s->d_model, 0, false};
        if (tensor == MOT_CONTROLLER || tensor == MOT_W1) return (mirror){s->d_model, 1, true};
        return none;
    }
}

enum { CHUNK = 256 };

static void plain_values(const problem *pb, enum mot_tensor tensor, uint64_t first, size_t n, float *out) {
    double scale = ldexp(1, pb->mode == DATA_INTEGERS ? integer_scale(pb, tensor) : scale_of(pb, tensor));
    uint32_t largest = largest_integer(pb), word[CHUNK];
    tensor_words(pb, tensor, first, n, word);
    for (size_t i = 0; i < n; i++) out[i] = (float)value_of(pb, tensor, word[i], scale, largest);
}

/* v becomes its reflection; the words are those of the place that it goes to. */
static void reflect(const problem *pb, enum mot_tensor tensor, uint64_t first, size_t n, float *v) {
    uint32_t word[CHUNK];
    tensor_words(pb, tensor, first, n, word);
    for (size_t i = 0; i < n; i++) v[i] = (float)(-(double)v[i] * (1 + unit_of(word[i]) * 0x1p-8));
}

/* A piece of a row: n <= CHUNK values from column `first` on, all in the same half of what is mirrored. */
typedef struct piece {
    size_t row, columns, first, n;
} piece;

static void piece_values(const problem *pb, enum mot_tensor tensor, const mirror *m, piece p, float *out) {
    size_t half = m->k / 2, k = m->step ? p.row / m->step % m->k : p.first;
    bool reflected = k >= half && k < 2 * half;
    uint64_t own = (uint64_t)p.row * p.columns + p.first, back = half * (m->step ? m->step * p.columns : 1);
    plain_values(pb, tensor, reflected ? own - back : own, p.n, out);
    if (reflected && m->turned) reflect(pb, tensor, own, p.n, out);
}

static size_t min_of(size_t a, size_t b) { return a < b ? a : b; }

/* Where the piece that begins in column `first` ends. */
static size_t piece_end(const mirror *m, size_t columns, size_t first) {
    size_t half = m->k / 2, end = min_of(columns, first + CHUNK);
    if (m->step) return end;
    return first < half ? min_of(end, half) : first < 2 * half ? min_of(end, 2 * half) : end;
}

/* ---- special groups ---- */

group_role data_role(const problem *pb, size_t group) {
    size_t groups = pb->shape.groups;
    if (pb->mode != DATA_SPECIAL) return ROLE_PLAIN;
    size_t place = (group + pb->seed % groups) % groups;
    if (place == 0) return ROLE_NAN;
    if (place == 1 && groups > 2) return ROLE_INF;
    return place == 2 && groups > 3 ? ROLE_DENORMAL : ROLE_PLAIN;
}

/* The row that a piece is of may hold a group; one of the rows that do gets the NaN or the Inf. */
typedef struct membership {
    size_t group, row, rows; /* rows 0: it holds none */
} membership;

static void make_special(const problem *pb, membership in, piece p, float *out) {
    group_role role = in.rows ? data_role(pb, in.group) : ROLE_PLAIN;
    size_t column = (pb->seed >> 16) % p.columns;
    if (role == ROLE_DENORMAL)
        for (size_t j = 0; j < p.n; j++) out[j] *= 0x1p-130F;
    else if (role != ROLE_PLAIN && in.row == (pb->seed >> 8) % in.rows && column >= p.first && column < p.first + p.n)
        out[column - p.first] = role == ROLE_NAN ? NAN : INFINITY;
}

/* ---- tensors ---- */

/* The row lies from element `at` on. */
static void fill_row(const problem *pb, enum mot_tensor tensor, size_t row, size_t columns, membership in, void *out,
                     size_t at) {
    mirror m = mirror_of(pb, tensor);
    float value[CHUNK];
    for (size_t first = 0, end; first < columns; first = end) {
        end = piece_end(&m, columns, first);
        piece p = {row, columns, first, end - first};
        piece_values(pb, tensor, &m, p, value);
        make_special(pb, in, p, value);
        numbers_write(pb->dtype, out, at + first, value, p.n);
    }
}

static void fill_nan(const problem *pb, enum mot_tensor tensor, void *out) {
    size_t elements = problem_elements(pb, tensor);
    float nan[CHUNK];
    for (size_t i = 0; i < CHUNK; i++) nan[i] = NAN;
    for (size_t i = 0; i < elements; i += CHUNK) numbers_write(pb->dtype, out, i, nan, min_of(elements - i, CHUNK));
}

static void fill_x(const problem *pb, void *out) {
    const mot_shape *s = &pb->shape;
    fill_nan(pb, MOT_X, out);
    for (size_t g = 0; g < s->groups; g++) {
        size_t tokens = mot_group_tokens(s, &pb->strides, g);
        for (size_t t = 0; t < tokens; t++)
            fill_row(pb, MOT_X, g * s->group_size + t, s->d_model, (membership){g, t, tokens}, out,
                     mot_group_offset(&pb->strides, g) + t * pb->strides.token_stride);
    }
}

static void fill_p(const problem *pb, void *out) {
    const mot_shape *s = &pb->shape;
    fill_nan(pb, MOT_P, out);
    for (size_t g = 0; g < s->groups; g++)
        for (size_t t = 0; t < mot_group_tokens(s, &pb->strides, g); t++) {
            size_t row = g * s->group_size + t;
            fill_row(pb, MOT_P, row, s->experts, (membership){0}, out, row * s->experts);
        }
}

/* mixed and y: (E,G,D), one row per expert and group. */
static void fill_slots(const problem *pb, enum mot_tensor tensor, void *out) {
    const mot_shape *s = &pb->shape;
    for (size_t row = 0; row < s->experts * s->groups; row++) {
        membership in = {row % s->groups, row / s->groups, s->experts};
        fill_row(pb, tensor, row, s->d_model, in, out, row * s->d_model);
    }
}

static void fill_rows(const problem *pb, enum mot_tensor tensor, size_t rows, size_t columns, void *out) {
    for (size_t row = 0; row < rows; row++) fill_row(pb, tensor, row, columns, (membership){0}, out, row * columns);
}

void data_fill(const problem *pb, enum mot_tensor tensor, void *out) {
    const mot_shape *s = &pb->shape;
    switch (tensor) {
    case MOT_X:
        fill_x(pb, out);
        break;
    case MOT_P:
        fill_p(pb, out);
        break;
    case MOT_MIXED:
    case MOT_Y:
        fill_slots(pb, tensor, out);
        break;
    case MOT_CONTROLLER:
        fill_rows(pb, tensor, s->d_model, s->experts, out);
        break;
    case MOT_W1:
        fill_rows(pb, tensor, s->experts * s->d_model, s->d_expert, out);
        break;
    case MOT_W2:
        fill_rows(pb, tensor, s->experts * s->d_expert, s->d_model, out);
        break;
    case MOT_OUT:
        break; /* an output */
    }
}
