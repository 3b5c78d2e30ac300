/* peers_bf16.h: what the bf16 stages of peers do beside their products. Needs peers_parts.h's LIBRARY. */
#ifndef BENCH_PEERS_BF16_H
#define BENCH_PEERS_BF16_H

#include "peers_parts.h"

/* One group: its tokens, and elements from the beginning of x and out; of p; of mixed and y. */
typedef struct group {
    size_t tokens, x, p, row;
} group;

static inline group group_of(const mot_shape *s, const mot_tensors *t, size_t g) {
    return (group){mot_group_tokens(s, &t->strides, g), mot_group_offset(&t->strides, g),
                   g * s->group_size * s->experts, g * s->d_model};
}

/* p (tokens, experts) of logits, which are f32 until their softmax is rounded; 2 * experts floats follow them. */
static inline void softmax_to_bf16(mot_bf16 *p, float *logits, size_t tokens, size_t experts, float temperature) {
    const size_t n = tokens * experts;
    for (size_t i = 0; i < n; i++) logits[i] /= temperature;
    softmax_columns(logits, tokens, experts, logits + n, logits + n + experts);
    mot_bf16_from_f32(p, logits, n);
}

/* NaN stays. */
static inline void relu_bf16(mot_bf16 *v, size_t n) {
    for (size_t i = 0; i < n; i++) v[i] = (mot_bf16)(v[i] - 0x8000) <= 0x7f80 ? 0 : v[i]; /* -0 to -Inf */
}

static inline size_t logits_bytes(const mot_shape *s) { return (s->group_size + 2) * s->experts * sizeof(float); }

#endif
