/* bf16.c: the public conversions; kernels have vocabularies of their own. */
#include "kernel.h"

#include <string.h>

static mot_bf16 round_one(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    if ((bits & 0x7fffffff) > 0x7f800000) return (mot_bf16)(bits >> 16 | 0x40); /* quiet: no NaN becomes Inf */
    return (mot_bf16)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

void mot_bf16_from_f32(mot_bf16 *out, const float *from, size_t n) {
    for (size_t i = 0; i < n; i++) out[i] = round_one(from[i]);
}

void mot_f32_from_bf16(float *out, const mot_bf16 *from, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const uint32_t bits = (uint32_t)from[i] << 16;
        memcpy(&out[i], &bits, sizeof bits);
    }
}
