/* peers_libxsmm_bf16.c: route, mix and redistribute in bf16 through LIBXSMM, one group at a time. A group's B is packed
 * panel by panel right before its use; so are, where the kernels need it, the rows of A. */
#define LIBRARY "libxsmm"

#include "peers_bf16.h"
#include "peers_libxsmm_bf16.h"

enum { PANEL = 64, PANEL_PAIRS = 8 << 10 };

static bool supports(const mot_shape *s, const mot_config *config) { return fits(s, config) && xsmm_has_bf16(); }

static size_t most(size_t a, size_t b) { return a > b ? a : b; }
static size_t panel_pairs(size_t depth) { return most(PANEL_PAIRS, PANEL * xsmm_pairs(depth)); }

/* C (rows, columns) = A.B, B (depth, columns) as it lies; A has zeros where an odd depth ends. */
static void multiply(size_t rows, size_t columns, size_t depth, const mot_bf16 *a, size_t a_row, const mot_bf16 *b,
                     size_t b_row, mot_bf16 *c, size_t c_row, uint32_t *panel) {
    const size_t pairs = xsmm_pairs(depth), at_once = panel_pairs(depth) / pairs / PANEL * PANEL;
    for (size_t j = 0; j < columns; j += at_once) {
        const size_t width = least(at_once, columns - j);
        xsmm_pack_pairs(b + j, b_row, depth, width, panel, width, 1);
        xsmm_multiply(&(xsmm_form){rows, width, 2 * pairs, 1, a_row, c_row, MOT_BF16}, a, panel, c + j);
    }
}

/* ---- rows of an even length, an even number of elements apart: others are copied ---- */

typedef struct rows {
    const mot_bf16 *at;
    size_t stride;
} rows;

static rows even_rows(const mot_bf16 *from, size_t stride, size_t count, size_t columns, mot_bf16 *to) {
    const size_t even = 2 * xsmm_pairs(columns);
    if (columns == even && stride % 2 == 0) return (rows){from, stride};
    for (size_t i = 0; i < count; i++) {
        memcpy(to + i * even, from + i * stride, columns * sizeof *to);
        if (columns < even) to[i * even + columns] = 0;
    }
    return (rows){to, even};
}

/* ---- the stages of one group; a thread's scratch is | A | panel | ---- */

static size_t mix_pairs(const mot_shape *s) { return s->experts * xsmm_pairs(s->group_size); }

static size_t mix_bytes(const mot_shape *s) { return (mix_pairs(s) + panel_pairs(s->group_size)) * sizeof(uint32_t); }

static void mix(const mot_shape *s, const mot_tensors *t, group g) {
    const size_t E = s->experts, D = s->d_model, pairs = xsmm_pairs(g.tokens);
    uint32_t *weights = t->scratch;
    xsmm_pack_pairs((const mot_bf16 *)t->p + g.p, E, g.tokens, E, weights, 1, pairs);
    multiply(E, D, g.tokens, (const mot_bf16 *)weights, 2 * pairs, (const mot_bf16 *)t->x + g.x,
             t->strides.token_stride, (mot_bf16 *)t->mixed + g.row, s->groups * D, weights + mix_pairs(s));
}

static size_t redistribute_bytes(const mot_shape *s) {
    return (s->group_size * xsmm_pairs(s->experts) + panel_pairs(s->experts)) * sizeof(uint32_t);
}

static void redistribute(const mot_shape *s, const mot_tensors *t, group g) {
    const size_t E = s->experts, D = s->d_model;
    const rows weights = even_rows((const mot_bf16 *)t->p + g.p, E, g.tokens, E, t->scratch);
    multiply(g.tokens, D, E, weights.at, weights.stride, (const mot_bf16 *)t->y + g.row, s->groups * D,
             (mot_bf16 *)t->out + g.x, t->strides.token_stride, (uint32_t *)t->scratch + s->group_size * xsmm_pairs(E));
}

/* The controller is packed once a run: | controller | tokens | logits | */
static size_t controller_pairs(const mot_shape *s) { return xsmm_pairs(s->d_model) * s->experts; }

static size_t route_bytes(const mot_shape *s) {
    return (controller_pairs(s) + s->group_size * xsmm_pairs(s->d_model)) * sizeof(uint32_t) + logits_bytes(s);
}

static void route(const mot_shape *s, const mot_tensors *t, group g) {
    const size_t E = s->experts, D = s->d_model;
    uint32_t *tokens = (uint32_t *)t->scratch + controller_pairs(s);
    float *logits = (float *)(tokens + s->group_size * xsmm_pairs(D));
    const rows x = even_rows((const mot_bf16 *)t->x + g.x, t->strides.token_stride, g.tokens, D, (mot_bf16 *)tokens);
    xsmm_multiply(&(xsmm_form){g.tokens, E, 2 * xsmm_pairs(D), 1, x.stride, E, MOT_F32}, x.at, t->scratch, logits);
    softmax_to_bf16((mot_bf16 *)t->p + g.p, logits, g.tokens, E, t->temperature);
}

static void before_route(const mot_shape *s, const mot_tensors *t) {
    xsmm_pack_pairs(t->controller, s->experts, s->d_model, s->experts, t->scratch, s->experts, 1);
}
static void before_mix(const mot_shape *s, const mot_tensors *t) { (void)s, (void)t; }
static void before_redistribute(const mot_shape *s, const mot_tensors *t) { (void)s, (void)t; }

#define STAGE(stage)                                                                                                   \
    bool xsmm_##stage##_bf16_supports(const mot_shape *s, const mot_config *config) { return supports(s, config); }    \
    size_t xsmm_##stage##_bf16_units(const mot_shape *s) { return groups(s); }                                         \
    size_t xsmm_##stage##_bf16_scratch(const mot_shape *s, const mot_config *config) {                                 \
        (void)config;                                                                                                  \
        return stage##_bytes(s);                                                                                       \
    }                                                                                                                  \
    void xsmm_##stage##_bf16_run(const mot_shape *s, const mot_tensors *t, const mot_config *config, mot_range r) {    \
        (void)config;                                                                                                  \
        before_##stage(s, t);                                                                                          \
        for (size_t g = r.begin; g < r.end; g++) stage(s, t, group_of(s, t, g));                                       \
    }

STAGE(route)
STAGE(mix)
STAGE(redistribute)
