/* immintrin.h: the intrinsics that kernels/isa/avx2.h and avx512.h use, in plain C, so that the logic of those kernels
 * (tiles, tails, masks) is tested on any processor. Found before the compiler's own by the emulated build alone. */
#ifndef TESTS_EMULATED_IMMINTRIN_H
#define TESTS_EMULATED_IMMINTRIN_H

#include <stdint.h>
#include <string.h>

#define EMULATED static inline __attribute__((unused))
#define _CMP_LT_OQ 17
#define _CMP_NLT_UQ 21
#define _CMP_UNORD_Q 3

/* A multiplication of floats is exact in double: one rounding to double, one to float. */
EMULATED float emulated_fma(float a, float b, float c) { return (float)((double)a * (double)b + (double)c); }

/* Stores past the caches fault on addresses that are not aligned. */
EMULATED void emulated_stream(void *p, const void *a, size_t bytes) {
    if ((uintptr_t)p % bytes) __builtin_trap();
    memcpy(p, a, bytes);
}
EMULATED void _mm_sfence(void) {}

#define BINARY(bits, lanes, name, expression)                                                                          \
    EMULATED __m##bits _mm##bits##_##name##_ps(__m##bits a, __m##bits b) {                                             \
        __m##bits r;                                                                                                   \
        for (int i = 0; i < lanes; i++) r.f[i] = expression;                                                           \
        return r;                                                                                                      \
    }

#define VECTORS(bits, lanes)                                                                                           \
    typedef struct __m##bits {                                                                                         \
        float f[lanes];                                                                                                \
    } __m##bits;                                                                                                       \
    typedef struct __m##bits##i {                                                                                      \
        int32_t i[lanes];                                                                                              \
    } __m##bits##i;                                                                                                    \
    EMULATED __m##bits _mm##bits##_set1_ps(float x) {                                                                  \
        __m##bits r;                                                                                                   \
        for (int i = 0; i < lanes; i++) r.f[i] = x;                                                                    \
        return r;                                                                                                      \
    }                                                                                                                  \
    EMULATED __m##bits _mm##bits##_setzero_ps(void) { return _mm##bits##_set1_ps(0); }                                 \
    EMULATED __m##bits _mm##bits##_loadu_ps(const void *p) {                                                           \
        __m##bits r;                                                                                                   \
        memcpy(&r, p, sizeof r);                                                                                       \
        return r;                                                                                                      \
    }                                                                                                                  \
    EMULATED void _mm##bits##_storeu_ps(void *p, __m##bits a) { memcpy(p, &a, sizeof a); }                             \
    EMULATED void _mm##bits##_stream_ps(void *p, __m##bits a) { emulated_stream(p, &a, sizeof a); }                    \
    BINARY(bits, lanes, add, a.f[i] + b.f[i])                                                                          \
    BINARY(bits, lanes, sub, a.f[i] - b.f[i])                                                                          \
    BINARY(bits, lanes, mul, a.f[i] * b.f[i])                                                                          \
    BINARY(bits, lanes, div, a.f[i] / b.f[i])                                                                          \
    BINARY(bits, lanes, max, a.f[i] > b.f[i] ? a.f[i] : b.f[i])                                                        \
    EMULATED __m##bits _mm##bits##_fmadd_ps(__m##bits a, __m##bits b, __m##bits c) {                                   \
        for (int i = 0; i < lanes; i++) c.f[i] = emulated_fma(a.f[i], b.f[i], c.f[i]);                                 \
        return c;                                                                                                      \
    }                                                                                                                  \
    EMULATED __m##bits##i _mm##bits##_set1_epi32(int x) {                                                              \
        __m##bits##i r;                                                                                                \
        for (int i = 0; i < lanes; i++) r.i[i] = x;                                                                    \
        return r;                                                                                                      \
    }                                                                                                                  \
    EMULATED __m##bits##i _mm##bits##_add_epi32(__m##bits##i a, __m##bits##i b) {                                      \
        for (int i = 0; i < lanes; i++) a.i[i] = (int32_t)((uint32_t)a.i[i] + (uint32_t)b.i[i]);                       \
        return a;                                                                                                      \
    }                                                                                                                  \
    EMULATED __m##bits##i _mm##bits##_slli_epi32(__m##bits##i a, unsigned count) {                                     \
        for (int i = 0; i < lanes; i++) a.i[i] = (int32_t)((uint32_t)a.i[i] << count);                                 \
        return a;                                                                                                      \
    }                                                                                                                  \
    EMULATED __m##bits##i _mm##bits##_castps_si##bits(__m##bits a) {                                                   \
        __m##bits##i r;                                                                                                \
        memcpy(&r, &a, sizeof r);                                                                                      \
        return r;                                                                                                      \
    }                                                                                                                  \
    EMULATED __m##bits _mm##bits##_castsi##bits##_ps(__m##bits##i a) {                                                 \
        __m##bits r;                                                                                                   \
        memcpy(&r, &a, sizeof r);                                                                                      \
        return r;                                                                                                      \
    }
VECTORS(256, 8)
VECTORS(512, 16)

/* ---- AVX2: a mask is a vector, its sign bits count --------------------------------------------------------------- */

EMULATED __m256i _mm256_setr_epi32(int a, int b, int c, int d, int e, int f, int g, int h) {
    return (__m256i){{a, b, c, d, e, f, g, h}};
}
EMULATED __m256i _mm256_cmpgt_epi32(__m256i a, __m256i b) {
    for (int i = 0; i < 8; i++) a.i[i] = a.i[i] > b.i[i] ? -1 : 0;
    return a;
}
EMULATED __m256 _mm256_maskload_ps(const float *p, __m256i mask) {
    __m256 r = _mm256_setzero_ps();
    for (int i = 0; i < 8; i++)
        if (mask.i[i] < 0) r.f[i] = p[i];
    return r;
}
EMULATED void _mm256_maskstore_ps(float *p, __m256i mask, __m256 a) {
    for (int i = 0; i < 8; i++)
        if (mask.i[i] < 0) p[i] = a.f[i];
}
EMULATED int emulated_compare(float a, float b, int predicate) {
    if (predicate == _CMP_UNORD_Q) return a != a || b != b;
    return predicate == _CMP_LT_OQ ? a < b : !(a < b);
}
EMULATED __m256 _mm256_cmp_ps(__m256 a, __m256 b, int predicate) {
    __m256i r;
    for (int i = 0; i < 8; i++) r.i[i] = emulated_compare(a.f[i], b.f[i], predicate) ? -1 : 0;
    return _mm256_castsi256_ps(r);
}
EMULATED __m256 _mm256_andnot_ps(__m256 a, __m256 b) {
    __m256i x = _mm256_castps_si256(a), y = _mm256_castps_si256(b);
    for (int i = 0; i < 8; i++) y.i[i] &= ~x.i[i];
    return _mm256_castsi256_ps(y);
}

/* ---- AVX-512: a mask is a number --------------------------------------------------------------------------------- */

typedef uint16_t __mmask16;
EMULATED __m512 _mm512_maskz_loadu_ps(__mmask16 mask, const void *p) {
    __m512 r = _mm512_setzero_ps();
    for (int i = 0; i < 16; i++)
        if (mask >> i & 1) memcpy(&r.f[i], (const float *)p + i, sizeof(float));
    return r;
}
EMULATED void _mm512_mask_storeu_ps(void *p, __mmask16 mask, __m512 a) {
    for (int i = 0; i < 16; i++)
        if (mask >> i & 1) memcpy((float *)p + i, &a.f[i], sizeof(float));
}
EMULATED __m512 _mm512_maskz_mov_ps(__mmask16 mask, __m512 a) {
    for (int i = 0; i < 16; i++)
        if (!(mask >> i & 1)) a.f[i] = 0;
    return a;
}
/* Halves upon each other, as gcc and clang add them. */
EMULATED float _mm512_reduce_add_ps(__m512 a) {
    float x[16];
    _mm512_storeu_ps(x, a);
    for (int half = 8; half > 0; half /= 2)
        for (int i = 0; i < half; i++) x[i] += x[i + half];
    return x[0];
}
EMULATED __mmask16 _mm512_cmp_ps_mask(__m512 a, __m512 b, int predicate) {
    unsigned mask = 0;
    for (int i = 0; i < 16; i++) mask |= (unsigned)emulated_compare(a.f[i], b.f[i], predicate) << i;
    return (__mmask16)mask;
}

#include "immintrin_bf16.h"

#endif
