/* peers_compose.inl: the four stages composed from a library's matrix product, the same way for every library: one
 * product a group or an expert, called from inside our parallel region, one thread a call. Rows of tokens are read in
 * place through the leading dimension. Who includes it has defined LIBRARY ("openblas") and
 *   static void multiply(bool transpose_a, size_t m, size_t n, size_t k, float alpha, const float *a, size_t lda,
 *                        const float *b, size_t ldb, float *c, size_t ldc);
 * row-major C (m,n) = alpha * A.B, or A'.B with A (k,m); C is not read. */
#include "peers.h"
#include "peers_parts.h"

/* ---- one group per unit ---- */

static void route(const mot_shape *s, const mot_tensors *t, const mot_config *config, mot_range r) {
    const size_t E = s->experts, D = s->d_model;
    float *largest = t->scratch;
    (void)config;
    for (size_t g = r.begin; g < r.end; g++) {
        const size_t tokens = mot_group_tokens(s, &t->strides, g);
        const float *x = (const float *)t->x + mot_group_offset(&t->strides, g);
        float *p = (float *)t->p + g * s->group_size * E;
        multiply(false, tokens, E, D, 1 / t->temperature, x, t->strides.token_stride, t->controller, E, p, E);
        softmax_columns(p, tokens, E, largest, largest + E);
    }
}

static size_t route_scratch(const mot_shape *s, const mot_config *config) {
    (void)config;
    return 2 * s->experts * sizeof(float);
}

static void mix(const mot_shape *s, const mot_tensors *t, const mot_config *config, mot_range r) {
    const size_t E = s->experts, D = s->d_model;
    (void)config;
    for (size_t g = r.begin; g < r.end; g++) {
        const float *x = (const float *)t->x + mot_group_offset(&t->strides, g);
        const float *p = (const float *)t->p + g * s->group_size * E;
        multiply(true, E, D, mot_group_tokens(s, &t->strides, g), 1, p, E, x, t->strides.token_stride,
                 (float *)t->mixed + g * D, s->groups * D);
    }
}

static void redistribute(const mot_shape *s, const mot_tensors *t, const mot_config *config, mot_range r) {
    const size_t E = s->experts, D = s->d_model;
    (void)config;
    for (size_t g = r.begin; g < r.end; g++) {
        const float *p = (const float *)t->p + g * s->group_size * E;
        float *out = (float *)t->out + mot_group_offset(&t->strides, g);
        multiply(false, mot_group_tokens(s, &t->strides, g), D, E, 1, p, E, (const float *)t->y + g * D, s->groups * D,
                 out, t->strides.token_stride);
    }
}

/* ---- experts: a unit is one row of one expert, so any number of threads shares evenly; a call takes all rows of its
 * range that belong to one expert, up to ROWS, so that the hidden block stays bounded ---- */

enum { ROWS = 1024 };

static size_t expert_rows(const mot_shape *s) { return s->experts * s->groups; }

static size_t experts_scratch(const mot_shape *s, const mot_config *config) {
    (void)config;
    return least(s->groups, ROWS) * s->d_expert * sizeof(float);
}

static void relu(float *v, size_t n) {
    for (size_t i = 0; i < n; i++) v[i] = v[i] < 0 ? 0 : v[i]; /* NaN stays */
}

static void experts(const mot_shape *s, const mot_tensors *t, const mot_config *config, mot_range r) {
    const size_t G = s->groups, D = s->d_model, H = s->d_expert;
    float *hidden = t->scratch;
    (void)config;
    for (size_t row = r.begin, rows; row < r.end; row += rows) {
        const size_t e = row / G;
        rows = least(least(r.end, (e + 1) * G) - row, ROWS);
        const float *mixed = (const float *)t->mixed + row * D;
        multiply(false, rows, H, D, 1, mixed, D, (const float *)t->w1 + e * D * H, H, hidden, H);
        relu(hidden, rows * H);
        multiply(false, rows, D, H, 1, hidden, H, (const float *)t->w2 + e * H * D, D, (float *)t->y + row * D, D);
    }
}

/* ---- the descriptors ---- */

#define PEER_COMPOSED(supports_fn)                                                                                     \
    {PEER_VARIANT(route, ROUTE, ""), .supports = supports_fn, .units = groups, .scratch_bytes = route_scratch,         \
     .run = route},                                                                                                    \
        {PEER_VARIANT(mix, MIX, ""), .supports = supports_fn, .units = groups, .run = mix},                            \
        {PEER_VARIANT(redistribute, REDISTRIBUTE, ""), .supports = supports_fn, .units = groups, .run = redistribute}, \
    {                                                                                                                  \
        PEER_VARIANT(experts, EXPERTS, ""), .supports = supports_fn, .units = expert_rows,                             \
                                            .scratch_bytes = experts_scratch, .run = experts                           \
    }
