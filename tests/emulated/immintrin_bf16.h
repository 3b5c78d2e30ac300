/* immintrin_bf16.h: what the bf16 kernels use beside it: 16-bit loads and stores, integer logic, the dot product. */
#ifndef TESTS_EMULATED_IMMINTRIN_BF16_H
#define TESTS_EMULATED_IMMINTRIN_BF16_H

typedef struct __m128i {
    uint16_t h[8];
} __m128i;
typedef __m512 __m512bh;
typedef __m256i __m256bh;
typedef uint32_t __mmask32;

#define INTEGERS(bits, lanes)                                                                                          \
    EMULATED __m##bits##i _mm##bits##_and_si##bits(__m##bits##i a, __m##bits##i b) {                                   \
        for (int i = 0; i < lanes; i++) a.i[i] &= b.i[i];                                                              \
        return a;                                                                                                      \
    }                                                                                                                  \
    EMULATED __m##bits##i _mm##bits##_or_si##bits(__m##bits##i a, __m##bits##i b) {                                    \
        for (int i = 0; i < lanes; i++) a.i[i] |= b.i[i];                                                              \
        return a;                                                                                                      \
    }                                                                                                                  \
    EMULATED __m##bits##i _mm##bits##_srli_epi32(__m##bits##i a, unsigned count) {                                     \
        for (int i = 0; i < lanes; i++) a.i[i] = (int32_t)((uint32_t)a.i[i] >> count);                                 \
        return a;                                                                                                      \
    }                                                                                                                  \
    EMULATED __m##bits##i _mm##bits##_loadu_si##bits(const void *p) {                                                  \
        __m##bits##i r;                                                                                                \
        memcpy(&r, p, sizeof r);                                                                                       \
        return r;                                                                                                      \
    }                                                                                                                  \
    EMULATED void _mm##bits##_storeu_si##bits(void *p, __m##bits##i a) { memcpy(p, &a, sizeof a); }
INTEGERS(256, 8)
INTEGERS(512, 16)

/* ---- AVX2 -------------------------------------------------------------------------------------------------------- */

EMULATED __m128i _mm_loadu_si128(const void *p) {
    __m128i r;
    memcpy(&r, p, sizeof r);
    return r;
}
EMULATED void _mm256_stream_si256(void *p, __m256i a) { emulated_stream(p, &a, sizeof a); }
EMULATED void _mm_stream_si128(void *p, __m128i a) { emulated_stream(p, &a, sizeof a); }
EMULATED void _mm_storeu_si128(void *p, __m128i a) { memcpy(p, &a, sizeof a); }
EMULATED __m256i _mm256_cvtepu16_epi32(__m128i a) {
    __m256i r;
    for (int i = 0; i < 8; i++) r.i[i] = a.h[i];
    return r;
}
EMULATED __m256 _mm256_blendv_ps(__m256 a, __m256 b, __m256 mask) {
    const __m256i m = _mm256_castps_si256(mask);
    for (int i = 0; i < 8; i++) a.f[i] = m.i[i] < 0 ? b.f[i] : a.f[i];
    return a;
}
/* Halves of four, as the instruction has them; the values here are below 2^16, so nothing saturates. */
EMULATED __m128i emulated_half(__m256i a, int from) {
    __m128i r = {{0}};
    memcpy(&r, &a.i[from], sizeof r);
    return r;
}
EMULATED __m128i _mm256_castsi256_si128(__m256i a) { return emulated_half(a, 0); }
EMULATED __m128i _mm256_extracti128_si256(__m256i a, int half) { return emulated_half(a, 4 * half); }
EMULATED __m128i _mm_packus_epi32(__m128i a, __m128i b) {
    __m128i r;
    for (int i = 0; i < 4; i++) r.h[i] = a.h[2 * i], r.h[4 + i] = b.h[2 * i];
    return r;
}

/* ---- AVX-512 ----------------------------------------------------------------------------------------------------- */

EMULATED void emulated_load16(void *to, uint32_t mask, const void *p, int lanes) {
    for (int i = 0; i < lanes; i++) {
        uint16_t half = 0;
        if (mask >> i & 1) memcpy(&half, (const uint16_t *)p + i, sizeof half);
        memcpy((uint16_t *)to + i, &half, sizeof half);
    }
}
EMULATED __m256i _mm256_maskz_loadu_epi16(__mmask16 mask, const void *p) {
    __m256i r;
    emulated_load16(&r, mask, p, 16);
    return r;
}
EMULATED __m512i _mm512_maskz_loadu_epi16(__mmask32 mask, const void *p) {
    __m512i r;
    emulated_load16(&r, mask, p, 32);
    return r;
}
EMULATED void _mm256_mask_storeu_epi16(void *p, __mmask16 mask, __m256i a) {
    for (int i = 0; i < 16; i++)
        if (mask >> i & 1) memcpy((uint16_t *)p + i, (const char *)&a + 2 * i, sizeof(uint16_t));
}
EMULATED __m512i _mm512_maskz_loadu_epi32(__mmask16 mask, const void *p) {
    const __m512 r = _mm512_maskz_loadu_ps(mask, p);
    return _mm512_castps_si512(r);
}
EMULATED __m512i _mm512_cvtepu16_epi32(__m256i a) {
    __m512i r;
    for (int i = 0; i < 16; i++) {
        uint16_t half;
        memcpy(&half, (const char *)&a + 2 * i, sizeof half);
        r.i[i] = half;
    }
    return r;
}
EMULATED __m256i _mm512_cvtepi32_epi16(__m512i a) {
    __m256i r;
    for (int i = 0; i < 16; i++) {
        const uint16_t half = (uint16_t)a.i[i];
        memcpy((char *)&r + 2 * i, &half, sizeof half);
    }
    return r;
}
EMULATED __m512i _mm512_mask_mov_epi32(__m512i otherwise, __mmask16 mask, __m512i a) {
    for (int i = 0; i < 16; i++)
        if (!(mask >> i & 1)) a.i[i] = otherwise.i[i];
    return a;
}

/* ---- AVX512_BF16: exact products, added one after the other, denormals are zero ---------------------------------- */

EMULATED float emulated_flush(float x) { return x < 0x1p-126f && x > -0x1p-126f ? 0 : x; }
EMULATED float emulated_bf16(float pair, int half) {
    uint32_t bits;
    float x;
    memcpy(&bits, &pair, sizeof bits);
    bits = half ? bits & 0xffff0000u : bits << 16;
    memcpy(&x, &bits, sizeof x);
    return emulated_flush(x);
}
EMULATED __m512 _mm512_dpbf16_ps(__m512 sum, __m512bh a, __m512bh b) {
    for (int i = 0; i < 16; i++)
        for (int half = 1; half >= 0; half--)
            sum.f[i] = emulated_flush(emulated_fma(emulated_bf16(a.f[i], half), emulated_bf16(b.f[i], half), sum.f[i]));
    return sum;
}

/* To nearest even; denormals are zero, a NaN becomes quiet. */
EMULATED __m256bh _mm512_cvtneps_pbh(__m512 a) {
    __m256bh r;
    for (int i = 0; i < 16; i++) {
        const float x = emulated_flush(a.f[i]);
        uint32_t bits;
        memcpy(&bits, &x, sizeof bits);
        if (x == 0) memcpy(&bits, &a.f[i], sizeof bits), bits &= 0x80000000u;
        bits = x != x ? bits | 0x400000 : bits + 0x7fff + (bits >> 16 & 1);
        const uint16_t half = (uint16_t)(bits >> 16);
        memcpy((char *)&r + 2 * i, &half, sizeof half);
    }
    return r;
}

#include "immintrin_amx.h"

#endif
