/* peers_onednn_bf16.c: route, mix and redistribute in bf16 through oneDNN's matmul primitive, one product a group. Rows
 * that lie apart are gathered and scattered here: for strided rows this release takes its general kernel. */
#define LIBRARY "onednn"

#include "peers_onednn_parts.h"
#include "peers_onednn_product.h"
#include "peers_parts.h"

typedef product_form form_fn(const mot_shape *, size_t tokens);

static product_form form(size_t m, size_t n, size_t k, mot_dtype out) {
    return (product_form){m, n, k, k, n, n, false, false, MOT_BF16, out};
}
static product_form route_form(const mot_shape *s, size_t tokens) {
    return form(tokens, s->experts, s->d_model, MOT_F32);
}
static product_form mix_form(const mot_shape *s, size_t tokens) {
    return form(s->experts, s->d_model, tokens, MOT_BF16);
}
static product_form redistribute_form(const mot_shape *s, size_t tokens) {
    return form(tokens, s->d_model, s->experts, MOT_BF16);
}

static bool supports(const mot_shape *s, const mot_config *config, form_fn *form_of) {
    if (!fits(s, config) || !product_has_bf16()) return false;
    const product_form full = form_of(s, s->group_size);
    return product_find(&full, NULL) != NULL;
}

/* The products of full groups and of those of the last batch row. */
typedef struct products {
    const product *full, *last;
    void *stream;
} products;

static products begin(const mot_shape *s, const mot_strides *strides, form_fn *form_of) {
    const product_form full = form_of(s, s->group_size), last = form_of(s, strides->last_tokens);
    return (products){product_find(&full, NULL), product_find(&last, NULL), product_stream_begin()};
}

/* A refusal leaves C as it was, and the witness of measure tells. */
static void multiply(const products *p, bool full, const void *a, const void *b, void *c) {
    const product *product = full ? p->full : p->last;
    if (product) product_run(product, p->stream, a, b, c, NULL);
}

/* ---- rows that lie apart ---- */

static const mot_bf16 *gather(const mot_bf16 *from, size_t stride, size_t rows, size_t columns, mot_bf16 *to) {
    if (stride == columns) return from;
    for (size_t i = 0; i < rows; i++) memcpy(to + i * columns, from + i * stride, columns * sizeof *to);
    return to;
}

static void scatter(const mot_bf16 *from, size_t rows, size_t columns, mot_bf16 *to, size_t stride) {
    if (from == to) return;
    for (size_t i = 0; i < rows; i++) memcpy(to + i * stride, from + i * columns, columns * sizeof *to);
}

static void transpose(const mot_bf16 *from, size_t rows, size_t columns, mot_bf16 *to) {
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++) to[j * rows + i] = from[i * columns + j];
}

/* A thread's scratch: | tokens (T,D) | experts' rows (E,D) | weights (T,E) in bf16 | the same in f32 | 2E floats | */
typedef struct room {
    mot_bf16 *tokens, *rows, *weights;
    float *logits;
} room;

static size_t even(size_t n) { return (n + 31) / 32 * 32; }

static room room_of(const mot_shape *s, void *scratch) {
    mot_bf16 *tokens = scratch, *rows = tokens + even(s->group_size * s->d_model);
    mot_bf16 *weights = rows + even(s->experts * s->d_model);
    return (room){tokens, rows, weights, (float *)(weights + even(s->group_size * s->experts))};
}

static size_t room_bytes(const mot_shape *s) {
    const size_t T = s->group_size, E = s->experts, D = s->d_model;
    return (even(T * D) + even(E * D) + even(T * E)) * sizeof(mot_bf16) + (T + 2) * E * sizeof(float);
}

/* Of one group. */
typedef struct group {
    size_t tokens, x, p, row; /* elements from the beginning of x and out; of p; of mixed and y */
} group;

static group group_of(const mot_shape *s, const mot_tensors *t, size_t g) {
    return (group){mot_group_tokens(s, &t->strides, g), mot_group_offset(&t->strides, g),
                   g * s->group_size * s->experts, g * s->d_model};
}

/* ---- the stages ---- */

/* Logits and their softmax are f32 until they are rounded. */
static void route(const mot_shape *s, const mot_tensors *t, const products *p, group g) {
    const size_t E = s->experts, D = s->d_model;
    const room r = room_of(s, t->scratch);
    const mot_bf16 *x = gather((const mot_bf16 *)t->x + g.x, t->strides.token_stride, g.tokens, D, r.tokens);
    float *rest = r.logits + g.tokens * E;
    multiply(p, g.tokens == s->group_size, x, t->controller, r.logits);
    for (size_t i = 0; i < g.tokens * E; i++) r.logits[i] /= t->temperature;
    softmax_columns(r.logits, g.tokens, E, rest, rest + E);
    mot_bf16_from_f32((mot_bf16 *)t->p + g.p, r.logits, g.tokens * E);
}

static void mix(const mot_shape *s, const mot_tensors *t, const products *p, group g) {
    const size_t E = s->experts, D = s->d_model;
    const room r = room_of(s, t->scratch);
    const mot_bf16 *x = gather((const mot_bf16 *)t->x + g.x, t->strides.token_stride, g.tokens, D, r.tokens);
    transpose((const mot_bf16 *)t->p + g.p, g.tokens, E, r.weights);
    multiply(p, g.tokens == s->group_size, r.weights, x, r.rows);
    scatter(r.rows, E, D, (mot_bf16 *)t->mixed + g.row, s->groups * D);
}

static void redistribute(const mot_shape *s, const mot_tensors *t, const products *p, group g) {
    const size_t E = s->experts, D = s->d_model, stride = t->strides.token_stride;
    const room r = room_of(s, t->scratch);
    const mot_bf16 *y = gather((const mot_bf16 *)t->y + g.row, s->groups * D, E, D, r.rows);
    mot_bf16 *out = (mot_bf16 *)t->out + g.x, *whole = stride == D ? out : r.tokens;
    multiply(p, g.tokens == s->group_size, (const mot_bf16 *)t->p + g.p, y, whole);
    scatter(whole, g.tokens, D, out, stride);
}

#define STAGE(stage)                                                                                                   \
    bool onednn_##stage##_bf16_supports(const mot_shape *s, const mot_config *config) {                                \
        return supports(s, config, stage##_form);                                                                      \
    }                                                                                                                  \
    size_t onednn_##stage##_bf16_units(const mot_shape *s) { return groups(s); }                                       \
    size_t onednn_##stage##_bf16_scratch(const mot_shape *s, const mot_config *config) {                               \
        (void)config;                                                                                                  \
        return room_bytes(s);                                                                                          \
    }                                                                                                                  \
    void onednn_##stage##_bf16_run(const mot_shape *s, const mot_tensors *t, const mot_config *config, mot_range r) {  \
        const products p = begin(s, &t->strides, stage##_form);                                                        \
        (void)config;                                                                                                  \
        for (size_t g = r.begin; g < r.end; g++) stage(s, t, &p, group_of(s, t, g));                                   \
        product_stream_end(p.stream);                                                                                  \
    }

STAGE(route)
STAGE(mix)
STAGE(redistribute)
