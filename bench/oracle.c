#include "oracle.h"

#include "bound.h"
#include "cuda_device.h"
#include "oracle_dot.h"
#include "variance.h"

#include <math.h>
#include <stdlib.h>

struct oracle {
    problem pb;
    mot_choice choice;
    size_t tokens; /* of the current group */
    block weights, mixed, hidden, y, out;
    double *vector, *distance; /* k factors; distances of the softmax */
    void *memory;
};

/* ---- memory ---- */

static size_t max_of(size_t a, size_t b) { return a > b ? a : b; }

static double *take(double **from, size_t n) {
    double *taken = *from;
    *from += n;
    return taken;
}

static block take_block(double **from, size_t rows, size_t columns) {
    size_t n = rows * columns;
    return (block){rows, columns, take(from, n), take(from, n), take(from, n)};
}

oracle *oracle_create(const problem *pb, const mot_choice *choice) {
    const mot_shape *s = &pb->shape;
    size_t T = s->group_size, E = s->experts, D = s->d_model, H = s->d_expert;
    size_t longest = max_of(max_of(T, E), max_of(D, H));
    size_t doubles = 3 * (T * E + 2 * E * D + H + T * D) + longest + T * E;
    oracle *o = calloc(1, sizeof *o);
    double *memory = malloc(doubles * sizeof *memory);
    if (!o || !memory) return free(o), free(memory), NULL;
    *o = (oracle){.pb = *pb, .memory = memory};
    if (choice) o->choice = *choice;
    o->weights = take_block(&memory, T, E);
    o->mixed = take_block(&memory, E, D);
    o->hidden = take_block(&memory, 1, H);
    o->y = take_block(&memory, E, D);
    o->out = take_block(&memory, T, D);
    o->vector = take(&memory, longest);
    o->distance = take(&memory, T * E);
    return o;
}

void oracle_destroy(oracle *o) {
    if (o) free(o->memory);
    free(o);
}

/* ---- sums of products ---- */

/* Longest chain of roundings in a kernel's dot product of length k: its additions and one product. */
static double gamma_of(const mot_choice *choice, size_t k, size_t extra) {
    const mot_variant *v = choice ? choice->variant : NULL;
    return bound_gamma((v && v->depth ? v->depth(k, &choice->config) : k) + 1 + extra);
}

/* Tensor cores round the factors of an f32 product to TF32, where denormals have hardly a bit left. A library may
 * truncate them instead. */
static double factor_of(const mot_choice *choice) {
    const mot_cuda_variant *v = choice && choice->variant ? candidate_cuda(choice->variant) : NULL;
    return !v || !v->tf32 ? 0 : v->baseline ? 0x1p-10 : 0x1p-11;
}

static void dot_row(const oracle *o, block *out, size_t row, vector a, matrix m, size_t k, double exact_below,
                    size_t extra) {
    const double factor = factor_of(&o->choice), denormal = 0x1p-126;
    const arithmetic how = {.gamma = gamma_of(&o->choice, k, extra),
                            .exact_below = exact_below,
                            .flushed = factor > 0 ? denormal : flushed_below(o->pb.dtype),
                            .factor = factor,
                            .extra = extra};
    oracle_dot(out, row, a, m, k, how);
}

/* A row comes out of a stage. The bound stays that of the sum (stored_error takes the rounding out of what it judges).
 */
static void hand_out(const oracle *o, block *b, size_t row) {
    for (size_t i = row * b->columns; i < (row + 1) * b->columns; i++)
        b->variance[i] += variance_stored(stored_half_step(o->pb.dtype, b->value[i]));
}

/* A row goes to the next product as it is stored. That is known, all but sums so near a tie that their error may carry
 * them across: then it is off by a step or not at all. */
static void hand_on(const oracle *o, block *b, size_t row) {
    mot_dtype dtype = o->pb.dtype;
    if (dtype == MOT_F32) return;
    for (size_t i = row * b->columns; i < (row + 1) * b->columns; i++) {
        double x = b->value[i], variance = b->variance[i], half = stored_half_step(dtype, x);
        bool crosses = stored_spread(dtype, x, Z_MAX_LIMIT * sqrt(variance)) > 0;
        b->value[i] = stored(dtype, x);
        b->bound[i] = stored_spread(dtype, x, b->bound[i]);
        b->variance[i] = crosses ? variance + half * half : 0;
    }
}

static void store_row(const oracle *o, block *b, size_t row) {
    if (o->pb.stage == MOT_STAGE_LAYER && b != &o->out)
        hand_on(o, b, row);
    else
        hand_out(o, b, row);
}

static numbers elements(const oracle *o, const void *tensor, size_t first) {
    return numbers_at((numbers){tensor, o->pb.dtype}, first);
}

/* A row vector that lies in a tensor, `stride` elements from one to the next. */
static vector widen(oracle *o, numbers from, size_t stride, size_t n) {
    for (size_t i = 0; i < n; i++) o->vector[i] = numbers_get(from, i * stride);
    return (vector){.value = o->vector};
}

/* ---- route ---- */

static void divide_by_temperature(block *b, double temperature, bool rounds) {
    const double u = UNIT_ROUNDOFF;
    for (size_t i = 0; i < b->rows * b->columns; i++) {
        double x = b->value[i] /= temperature;
        b->bound[i] = b->bound[i] / temperature + (rounds ? 2 * u * fabs(x) : 0);
        b->variance[i] = b->variance[i] / (temperature * temperature) + (rounds ? 2 * u * u / 3 * x * x : 0);
    }
}

/* Over n numbers: logits -> weights, and their distances from the largest. NaN and Inf go as in IEEE 754. */
static void softmax(double *value, double *distance, size_t n, size_t stride) {
    double max = -INFINITY, sum = 0;
    for (size_t i = 0; i < n * stride; i += stride)
        if (value[i] > max) max = value[i];
    for (size_t i = 0; i < n * stride; i += stride) {
        distance[i] = max - value[i];
        sum += value[i] = exp(-distance[i]);
    }
    for (size_t i = 0; i < n * stride; i += stride) value[i] /= sum;
}

static numbers tokens_of(const oracle *o, const mot_tensors *t, size_t group) {
    return elements(o, t->x, mot_group_offset(&o->pb.strides, group));
}

static void route(oracle *o, const mot_tensors *t, size_t group) {
    size_t D = o->pb.shape.d_model, E = o->pb.shape.experts;
    block *w = &o->weights;
    int exponent;
    bool rounds = frexpf(t->temperature, &exponent) != 0.5F;
    matrix controller = {.stored = elements(o, t->controller, 0), .stride = E};
    for (size_t i = 0; i < w->rows; i++) {
        vector x = widen(o, numbers_at(tokens_of(o, t, group), i * o->pb.strides.token_stride), 1, D);
        dot_row(o, w, i, x, controller, D, data_exact_below(&o->pb), 0);
    }
    divide_by_temperature(w, t->temperature, rounds);
    for (size_t e = 0; e < E; e++) {
        softmax(w->value + e, o->distance + e, w->rows, E);
        bound_softmax(w->bound + e, w->value + e, o->distance + e, w->rows, E, rounds ? 3 : 1);
        variance_softmax(w->variance + e, w->value + e, o->distance + e, w->rows, E, rounds ? 3 : 1);
    }
    for (size_t i = 0; i < w->rows; i++) store_row(o, w, i);
}

/* ---- mix ---- */

/* A fused kernel may normalise after mixing, and a weight it used then differs from the one it stored by a few
 * roundings. Not where the stored one is narrower than f32: it mixes with that. */
static size_t front_roundings(const problem *pb) {
    return pb->stage == MOT_STAGE_FRONT && pb->dtype == MOT_F32 ? 4 : 0;
}

static numbers weights_of(const oracle *o, const mot_tensors *t, size_t group) {
    return elements(o, t->p, group * o->pb.shape.group_size * o->pb.shape.experts);
}

static void mix_row(oracle *o, const mot_tensors *t, size_t group, size_t e) {
    matrix x = {.stored = tokens_of(o, t, group), .stride = o->pb.strides.token_stride};
    vector weights = widen(o, numbers_at(weights_of(o, t, group), e), o->pb.shape.experts, o->tokens);
    double exact_below = o->pb.stage == MOT_STAGE_FRONT ? 0 : data_exact_below(&o->pb);
    dot_row(o, &o->mixed, e, weights, x, o->tokens, exact_below, front_roundings(&o->pb));
    store_row(o, &o->mixed, e);
}

/* In the layer: the weights are the oracle's own. */
static void mix_carried(oracle *o, const mot_tensors *t, size_t group) {
    size_t E = o->pb.shape.experts, T = o->tokens;
    matrix x = {.stored = tokens_of(o, t, group), .stride = o->pb.strides.token_stride};
    double *variance = o->distance; /* free by now */
    for (size_t e = 0; e < E; e++) {
        for (size_t i = 0; i < T; i++) {
            o->vector[i] = o->weights.value[i * E + e];
            variance[i] = o->weights.variance[i * E + e];
        }
        dot_row(o, &o->mixed, e, (vector){.value = o->vector, .variance = variance}, x, T, 0, 0);
        store_row(o, &o->mixed, e);
    }
}

/* ---- experts ---- */

static void relu(block *b) {
    for (size_t i = 0; i < b->rows * b->columns; i++) {
        double x = b->value[i];
        b->variance[i] = variance_relu(x, b->variance[i]);
        if (x < -b->bound[i]) b->bound[i] = 0;
        b->value[i] = x < 0 ? 0 : x; /* NaN stays */
    }
}

/* Row `row` of y: one mixed token through expert e. The error of the hidden layer goes through the second product. */
static void expert(oracle *o, const mot_tensors *t, size_t row, size_t e, vector mixed) {
    size_t D = o->pb.shape.d_model, H = o->pb.shape.d_expert;
    block *h = &o->hidden;
    matrix w1 = {.stored = elements(o, t->w1, e * D * H), .stride = H};
    matrix w2 = {.stored = elements(o, t->w2, e * H * D), .stride = D};
    double exact = data_exact_below(&o->pb);
    dot_row(o, h, 0, mixed, w1, D, exact, 0);
    relu(h);
    hand_on(o, h, 0);
    dot_row(o, &o->y, row, (vector){h->value, h->bound, h->variance}, w2, H, exact, 0);
    store_row(o, &o->y, row);
}

static void expert_row(oracle *o, const mot_tensors *t, size_t unit) {
    const mot_shape *s = &o->pb.shape;
    expert(o, t, 0, unit / s->groups, widen(o, elements(o, t->mixed, unit * s->d_model), 1, s->d_model));
}

/* ---- redistribute ---- */

static void redistribute_row(oracle *o, const mot_tensors *t, size_t group, size_t i) {
    const mot_shape *s = &o->pb.shape;
    matrix y = {.stored = elements(o, t->y, group * s->d_model), .stride = s->groups * s->d_model};
    vector weights = widen(o, numbers_at(weights_of(o, t, group), i * s->experts), 1, s->experts);
    dot_row(o, &o->out, i, weights, y, s->experts, data_exact_below(&o->pb), 0);
    store_row(o, &o->out, i);
}

double oracle_gamma(const problem *pb, const mot_choice *choice, size_t k) {
    const double factor = factor_of(choice);
    return gamma_of(choice, k, front_roundings(pb)) + 2 * factor + factor * factor;
}

/* ---- units ---- */

static void layer(oracle *o, const mot_tensors *t, size_t group) {
    const mot_shape *s = &o->pb.shape;
    size_t E = s->experts, D = s->d_model;
    route(o, t, group);
    mix_carried(o, t, group);
    for (size_t e = 0; e < E; e++)
        expert(o, t, e, e, (vector){.value = o->mixed.value + e * D, .variance = o->mixed.variance + e * D});
    matrix y = {.value = o->y.value, .variance = o->y.variance, .stride = D};
    for (size_t i = 0; i < o->tokens; i++) {
        vector weights = {.value = o->weights.value + i * E, .variance = o->weights.variance + i * E};
        dot_row(o, &o->out, i, weights, y, E, 0, 0);
        store_row(o, &o->out, i);
    }
}

static void set_tokens(oracle *o, size_t group) {
    o->tokens = o->weights.rows = o->out.rows = mot_group_tokens(&o->pb.shape, &o->pb.strides, group);
}

const block *oracle_row(oracle *o, const mot_tensors *t, enum mot_tensor output, size_t unit, size_t row) {
    set_tokens(o, unit);
    if (output == MOT_MIXED) return mix_row(o, t, unit, row), &o->mixed;
    return redistribute_row(o, t, unit, row), &o->out;
}

const block *oracle_unit(oracle *o, const mot_tensors *t, enum mot_tensor output, size_t unit) {
    if (o->pb.stage == MOT_STAGE_EXPERTS) return o->y.rows = 1, expert_row(o, t, unit), &o->y;
    set_tokens(o, unit);
    if (o->pb.stage == MOT_STAGE_LAYER) return layer(o, t, unit), &o->out;
    if (output == MOT_P) return route(o, t, unit), &o->weights;
    block *b = output == MOT_MIXED ? &o->mixed : &o->out;
    for (size_t row = 0; row < b->rows; row++) oracle_row(o, t, output, unit, row);
    return b;
}

size_t oracle_units(const problem *pb) {
    return pb->stage == MOT_STAGE_EXPERTS ? pb->shape.experts * pb->shape.groups : pb->shape.groups;
}

double oracle_unit_cost(const problem *pb) {
    double T = (double)pb->shape.group_size, E = (double)pb->shape.experts;
    double D = (double)pb->shape.d_model, H = (double)pb->shape.d_expert;
    switch (pb->stage) {
    case MOT_STAGE_EXPERTS:
        return 2 * D * H;
    case MOT_STAGE_LAYER:
        return 3 * T * D * E + 2 * E * D * H;
    case MOT_STAGE_FRONT:
        return 2 * T * D * E;
    default:
        return T * D * E;
    }
}

size_t oracle_row_offset(const problem *pb, enum mot_tensor output, size_t unit, size_t row) {
    const mot_shape *s = &pb->shape;
    switch (output) {
    case MOT_P:
        return (unit * s->group_size + row) * s->experts;
    case MOT_MIXED:
        return (row * s->groups + unit) * s->d_model;
    case MOT_Y:
        return unit * s->d_model;
    default:
        return mot_group_offset(&pb->strides, unit) + row * pb->strides.token_stride;
    }
}
