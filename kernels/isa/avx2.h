/* avx2.h: the vector vocabulary on 8 lanes, AVX2 and FMA3. Semantics as in scalar.h. */
#ifndef MOT_ISA_AVX2_H
#define MOT_ISA_AVX2_H

#if !defined(__AVX2__) || !defined(__FMA__)
#error "avx2.h needs -mavx2 -mfma (cmake/isa.cmake)"
#endif

#include "kernel.h"

#include <immintrin.h>

#define MOT_ISA_TAG avx2
#define MOT_ISA_ID MOT_ISA_AVX2
enum { LANES = 8, REGISTERS = 16 };

typedef __m256 vec;

MOT_INLINE vec v_zero(void) { return _mm256_setzero_ps(); }
MOT_INLINE vec v_set1(float x) { return _mm256_set1_ps(x); }
MOT_INLINE vec v_load(const float *p) { return _mm256_loadu_ps(p); }
MOT_INLINE void v_store(float *p, vec v) { _mm256_storeu_ps(p, v); }
MOT_INLINE void v_stream(float *p, vec v) { _mm256_stream_ps(p, v); }
MOT_INLINE void v_fence(void) { _mm_sfence(); }
MOT_INLINE __m256i v_first(size_t n) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
MOT_INLINE vec v_load_n(const float *p, size_t n) { return _mm256_maskload_ps(p, v_first(n)); }
MOT_INLINE void v_store_n(float *p, vec v, size_t n) { _mm256_maskstore_ps(p, v_first(n), v); }
MOT_INLINE vec v_load16(const mot_bf16 *p) {
    const __m256i wide = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)p));
    return _mm256_castsi256_ps(_mm256_slli_epi32(wide, 16));
}
MOT_INLINE vec v_load16_n(const mot_bf16 *p, size_t n) {
    if (n == LANES) return v_load16(p);
    mot_bf16 some[LANES] = {0};
    for (size_t i = 0; i < n; i++) some[i] = p[i];
    return v_load16(some);
}
/* The upper halves, rounded: + 0x7fff + the last bit that stays; a NaN is only made quiet. */
MOT_INLINE __m256i v_round16(vec v) {
    const __m256i bits = _mm256_castps_si256(v);
    const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
    const __m256i up = _mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff)));
    const __m256i quiet = _mm256_or_si256(bits, _mm256_set1_epi32(0x400000));
    const __m256 nan = _mm256_cmp_ps(v, v, _CMP_UNORD_Q);
    const vec chosen = _mm256_blendv_ps(_mm256_castsi256_ps(up), _mm256_castsi256_ps(quiet), nan);
    return _mm256_srli_epi32(_mm256_castps_si256(chosen), 16);
}
MOT_INLINE __m128i v_pack16(vec v) {
    const __m256i halves = v_round16(v);
    return _mm_packus_epi32(_mm256_castsi256_si128(halves), _mm256_extracti128_si256(halves, 1));
}
MOT_INLINE void v_stream16(mot_bf16 *p, vec v) { _mm_stream_si128((__m128i *)p, v_pack16(v)); }
MOT_INLINE void v_store16_n(mot_bf16 *p, vec v, size_t n) {
    const __m128i packed = v_pack16(v);
    mot_bf16 some[LANES];
    if (n == LANES) {
        _mm_storeu_si128((__m128i *)p, packed);
        return;
    }
    _mm_storeu_si128((__m128i *)some, packed);
    for (size_t i = 0; i < n; i++) p[i] = some[i];
}
MOT_INLINE vec v_add(vec a, vec b) { return _mm256_add_ps(a, b); }
MOT_INLINE vec v_sub(vec a, vec b) { return _mm256_sub_ps(a, b); }
MOT_INLINE vec v_mul(vec a, vec b) { return _mm256_mul_ps(a, b); }
MOT_INLINE vec v_div(vec a, vec b) { return _mm256_div_ps(a, b); }
MOT_INLINE vec v_fma(vec a, vec b, vec c) { return _mm256_fmadd_ps(a, b, c); }
MOT_INLINE float v_sum(vec v) {
    float x[LANES];
    v_store(x, v);
    return ((x[0] + x[4]) + (x[2] + x[6])) + ((x[1] + x[5]) + (x[3] + x[7]));
}
MOT_INLINE vec v_max(vec a, vec b) { return _mm256_max_ps(a, b); }
MOT_INLINE vec v_zero_below(vec x, vec limit, vec v) {
    return _mm256_andnot_ps(_mm256_cmp_ps(x, limit, _CMP_LT_OQ), v);
}
MOT_INLINE vec v_pow2(vec t) {
    const __m256i n = _mm256_slli_epi32(_mm256_castps_si256(t), 23);
    return _mm256_castsi256_ps(_mm256_add_epi32(n, _mm256_set1_epi32(0x3f800000)));
}

#endif
