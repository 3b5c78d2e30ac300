/* fake_blas.c: the kernels between cuBLAS's products, on the CPU: pointwise.cu for the fake module. */
#include "blas.h"

#include <math.h>

static float get(const void *from, mot_dtype dtype, size_t i) {
    float value = 0;
    if (dtype == MOT_F32) return ((const float *)from)[i];
    mot_f32_from_bf16(&value, (const mot_bf16 *)from + i, 1);
    return value;
}
static void put(void *to, mot_dtype dtype, size_t i, float value) {
    if (dtype == MOT_F32)
        ((float *)to)[i] = value;
    else
        mot_bf16_from_f32((mot_bf16 *)to + i, &value, 1);
}

int mot_cuda_relu(mot_dtype dtype, const mot_shape *s, const mot_tensors *t, void *stream) {
    (void)stream;
    for (size_t i = 0; i < s->experts * s->groups * s->d_expert; i++) {
        const float v = get(t->scratch, dtype, i);
        put(t->scratch, dtype, i, v < 0 ? 0 : v);
    }
    return 0;
}

int mot_cuda_softmax(mot_dtype dtype, const mot_shape *s, const mot_tensors *t, void *stream) {
    const size_t E = s->experts;
    (void)stream;
    for (size_t at = 0; at < s->groups * E; at++) {
        const size_t first = at / E * s->group_size * E + at % E, tokens = mot_group_tokens(s, &t->strides, at / E);
        const float *logit = (const float *)t->scratch + first;
        float max = -INFINITY, sum = 0;
        for (size_t i = 0; i < tokens; i++) max = fmaxf(max, logit[i * E]);
        for (size_t i = 0; i < tokens; i++) sum += expf(logit[i * E] - max);
        for (size_t i = 0; i < tokens; i++) put(t->p, dtype, first + i * E, expf(logit[i * E] - max) / sum);
    }
    return 0;
}
