#include "data.h"

#include "data_random.h"

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
    for (size_t i = 0; i < n; i += CHUNK) {
        size_t m = n - i < CHUNK ? n - i : CHUNK;
        tensor_words(pb, tensor, first + i, m, word);
        for (size_t j = 0; j < m; j++) out[i + j] = (float)value_of(pb, tensor, word[j], scale, largest);
    }
}

/* to = the reflection of from; the words are those of `to`. */
static void reflect(const problem *pb, enum mot_tensor tensor, uint64_t first, size_t n, const float *from, float *to,
                    bool turned) {
    uint32_t word[CHUNK];
    for (size_t i = 0; i < n; i++) {
        if (i % CHUNK == 0) tensor_words(pb, tensor, first + i, n - i < CHUNK ? n - i : CHUNK, word);
        to[i] = turned ? (float)(-(double)from[i] * (1 + unit_of(word[i % CHUNK]) * 0x1p-8)) : from[i];
    }
}

static void row_values(const problem *pb, enum mot_tensor tensor, size_t row, size_t n, float *out) {
    mirror m = mirror_of(pb, tensor);
    size_t half = m.k / 2, k = m.step ? row / m.step % m.k : 0;
    bool reflected = m.step && k >= half && k < 2 * half;
    plain_values(pb, tensor, (uint64_t)(reflected ? row - half * m.step : row) * n, n, out);
    if (reflected)
        reflect(pb, tensor, (uint64_t)row * n, n, out, out, m.turned);
    else if (!m.step)
        reflect(pb, tensor, (uint64_t)row * n + half, half, out, out + half, m.turned);
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

/* Row `row` of those that hold group `group`; one of `rows` gets the NaN or the Inf. */
static void make_special(const problem *pb, size_t group, size_t row, size_t rows, size_t n, float *out) {
    group_role role = data_role(pb, group);
    if (role == ROLE_DENORMAL)
        for (size_t j = 0; j < n; j++) out[j] *= 0x1p-130F;
    else if (role != ROLE_PLAIN && row == (pb->seed >> 8) % rows)
        out[(pb->seed >> 16) % n] = role == ROLE_NAN ? NAN : INFINITY;
}

/* ---- tensors ---- */

static void fill_nan(float *out, size_t n) {
    for (size_t i = 0; i < n; i++) out[i] = NAN;
}

static void fill_x(const problem *pb, float *out) {
    const mot_shape *s = &pb->shape;
    fill_nan(out, problem_elements(pb, MOT_X));
    for (size_t g = 0; g < s->groups; g++) {
        size_t tokens = mot_group_tokens(s, &pb->strides, g);
        for (size_t t = 0; t < tokens; t++) {
            float *row = out + mot_group_offset(&pb->strides, g) + t * pb->strides.token_stride;
            row_values(pb, MOT_X, g * s->group_size + t, s->d_model, row);
            make_special(pb, g, t, tokens, s->d_model, row);
        }
    }
}

static void fill_p(const problem *pb, float *out) {
    const mot_shape *s = &pb->shape;
    fill_nan(out, problem_elements(pb, MOT_P));
    for (size_t g = 0; g < s->groups; g++)
        for (size_t t = 0; t < mot_group_tokens(s, &pb->strides, g); t++) {
            size_t row = g * s->group_size + t;
            row_values(pb, MOT_P, row, s->experts, out + row * s->experts);
        }
}

/* mixed and y: (E,G,D), one row per expert and group. */
static void fill_slots(const problem *pb, enum mot_tensor tensor, float *out) {
    const mot_shape *s = &pb->shape;
    for (size_t row = 0; row < s->experts * s->groups; row++) {
        row_values(pb, tensor, row, s->d_model, out + row * s->d_model);
        make_special(pb, row % s->groups, row / s->groups, s->experts, s->d_model, out + row * s->d_model);
    }
}

static void fill_rows(const problem *pb, enum mot_tensor tensor, size_t rows, size_t columns, float *out) {
    for (size_t row = 0; row < rows; row++) row_values(pb, tensor, row, columns, out + row * columns);
}

void data_fill(const problem *pb, enum mot_tensor tensor, float *out) {
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
