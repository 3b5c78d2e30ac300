#include "plain_kernels.h"

#include <math.h>

static const float *tokens_of(const mot_tensors *t, size_t group) {
    return (const float *)t->x + mot_group_offset(&t->strides, group);
}

static void softmax(float *column, size_t n, size_t stride) {
    float max = -INFINITY, sum = 0;
    for (size_t i = 0; i < n; i++) max = column[i * stride] > max ? column[i * stride] : max;
    for (size_t i = 0; i < n; i++) sum += column[i * stride] = expf(column[i * stride] - max);
    for (size_t i = 0; i < n; i++) column[i * stride] /= sum;
}

void plain_route(const mot_shape *s, const mot_tensors *t, const mot_config *c, mot_range r) {
    const size_t D = s->d_model, E = s->experts;
    const float *controller = t->controller;
    (void)c;
    for (size_t g = r.begin; g < r.end; g++) {
        const size_t tokens = mot_group_tokens(s, &t->strides, g);
        float *p = (float *)t->p + g * s->group_size * E;
        for (size_t i = 0; i < tokens * E; i++) {
            const float *x = tokens_of(t, g) + i / E * t->strides.token_stride;
            float logit = 0;
            for (size_t d = 0; d < D; d++) logit += x[d] * controller[d * E + i % E];
            p[i] = logit / t->temperature;
        }
        for (size_t e = 0; e < E; e++) softmax(p + e, tokens, E);
    }
}

/* to = sum over k of a[k] * b's row k. */
static void combine(float *to, size_t n, const float *a, size_t a_step, const float *b, size_t b_row, size_t k) {
    for (size_t j = 0; j < n; j++) to[j] = 0;
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < n; j++) to[j] += a[i * a_step] * b[i * b_row + j];
}

void plain_mix(const mot_shape *s, const mot_tensors *t, const mot_config *c, mot_range r) {
    const size_t D = s->d_model, E = s->experts;
    (void)c;
    for (size_t g = r.begin; g < r.end; g++) {
        const float *x = tokens_of(t, g), *p = (const float *)t->p + g * s->group_size * E;
        const size_t tokens = mot_group_tokens(s, &t->strides, g);
        for (size_t e = 0; e < E; e++)
            combine((float *)t->mixed + (e * s->groups + g) * D, D, p + e, E, x, t->strides.token_stride, tokens);
    }
}

void plain_experts(const mot_shape *s, const mot_tensors *t, const mot_config *c, mot_range r) {
    const size_t D = s->d_model, H = s->d_expert;
    float *hidden = t->scratch;
    (void)c;
    for (size_t row = r.begin; row < r.end; row++) {
        const size_t e = row / s->groups;
        const float *mixed = (const float *)t->mixed + row * D;
        const float *w1 = (const float *)t->w1 + e * D * H, *w2 = (const float *)t->w2 + e * D * H;
        for (size_t h = 0; h < H; h++) {
            float sum = 0;
            for (size_t d = 0; d < D; d++) sum += mixed[d] * w1[d * H + h];
            hidden[h] = sum < 0 ? 0 : sum;
        }
        for (size_t d = 0; d < D; d++) {
            float sum = 0;
            for (size_t h = 0; h < H; h++) sum += hidden[h] * w2[h * D + d];
            ((float *)t->y)[row * D + d] = sum;
        }
    }
}

void plain_redistribute(const mot_shape *s, const mot_tensors *t, const mot_config *c, mot_range r) {
    const size_t D = s->d_model, E = s->experts;
    (void)c;
    for (size_t g = r.begin; g < r.end; g++) {
        const float *p = (const float *)t->p + g * s->group_size * E, *y = (const float *)t->y + g * D;
        float *out = (float *)t->out + mot_group_offset(&t->strides, g);
        for (size_t i = 0; i < mot_group_tokens(s, &t->strides, g); i++)
            combine(out + i * t->strides.token_stride, D, p + i * E, 1, y, s->groups * D, E);
    }
}

static size_t group_units(const mot_shape *s) { return s->groups; }
static size_t row_units(const mot_shape *s) { return s->experts * s->groups; }
static size_t plain_depth(size_t k, const mot_config *c) { return (void)c, k; }
static size_t hidden_bytes(const mot_shape *s, const mot_config *c) { return (void)c, s->d_expert * sizeof(float); }
static size_t little_scratch(const mot_shape *s, const mot_config *c) { return (void)s, (void)c, (size_t)64; }

mot_variant plain_variant(const char *name, mot_stage stage, mot_kernel_fn run) {
    const bool experts = stage == MOT_STAGE_EXPERTS;
    return (mot_variant){.name = name,
                         .stage = stage,
                         .isa = MOT_ISA_SCALAR,
                         .dtype = MOT_F32,
                         .units = experts ? row_units : group_units,
                         .scratch_bytes = experts ? hidden_bytes : little_scratch,
                         .depth = plain_depth,
                         .run = run};
}
