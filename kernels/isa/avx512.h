/* avx512.h: the vector vocabulary on 16 lanes, AVX-512 F/BW/DQ/VL. Semantics as in scalar.h. */
#ifndef MOT_ISA_AVX512_H
#define MOT_ISA_AVX512_H

#if !defined(__AVX512F__) || !defined(__AVX512DQ__)
#error "avx512.h needs -mavx512f -mavx512bw -mavx512dq -mavx512vl (cmake/isa.cmake)"
#endif

#include "kernel.h"

#include <immintrin.h>

/* avx512bf16_bf16.c sets its own. */
#ifndef MOT_ISA_TAG
#define MOT_ISA_TAG avx512
#define MOT_ISA_ID MOT_ISA_AVX512
#endif
enum { LANES = 16, REGISTERS = 32 };

typedef __m512 vec;

MOT_INLINE vec v_zero(void) { return _mm512_setzero_ps(); }
MOT_INLINE vec v_set1(float x) { return _mm512_set1_ps(x); }
MOT_INLINE vec v_load(const float *p) { return _mm512_loadu_ps(p); }
MOT_INLINE void v_store(float *p, vec v) { _mm512_storeu_ps(p, v); }
MOT_INLINE void v_stream(float *p, vec v) { _mm512_stream_ps(p, v); }
MOT_INLINE void v_fence(void) { _mm_sfence(); }
MOT_INLINE __mmask16 v_first(size_t n) { return (__mmask16)((1u << n) - 1); }
MOT_INLINE vec v_load_n(const float *p, size_t n) { return _mm512_maskz_loadu_ps(v_first(n), p); }
MOT_INLINE void v_store_n(float *p, vec v, size_t n) { _mm512_mask_storeu_ps(p, v_first(n), v); }
MOT_INLINE vec v_load16_n(const mot_bf16 *p, size_t n) {
    const __m256i half = n == LANES ? _mm256_loadu_si256((const __m256i *)p) : _mm256_maskz_loadu_epi16(v_first(n), p);
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(half), 16));
}
/* The upper halves, rounded: + 0x7fff + the last bit that stays; a NaN is only made quiet. */
MOT_INLINE __m256i v_round16(vec v) {
    const __m512i bits = _mm512_castps_si512(v);
    const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    const __m512i up = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
    const __m512i quiet = _mm512_or_si512(bits, _mm512_set1_epi32(0x400000));
    const __m512i chosen = _mm512_mask_mov_epi32(up, _mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q), quiet);
    return _mm512_cvtepi32_epi16(_mm512_srli_epi32(chosen, 16));
}
MOT_INLINE void v_store_rounded_n(mot_bf16 *p, __m256i rounded, size_t n) {
    if (n == LANES)
        _mm256_storeu_si256((__m256i *)p, rounded);
    else
        _mm256_mask_storeu_epi16(p, v_first(n), rounded);
}
MOT_INLINE void v_store16_n(mot_bf16 *p, vec v, size_t n) { v_store_rounded_n(p, v_round16(v), n); }
MOT_INLINE void v_stream16(mot_bf16 *p, vec v) { _mm256_stream_si256((__m256i *)p, v_round16(v)); }
MOT_INLINE vec v_add(vec a, vec b) { return _mm512_add_ps(a, b); }
MOT_INLINE vec v_sub(vec a, vec b) { return _mm512_sub_ps(a, b); }
MOT_INLINE vec v_mul(vec a, vec b) { return _mm512_mul_ps(a, b); }
MOT_INLINE vec v_div(vec a, vec b) { return _mm512_div_ps(a, b); }
MOT_INLINE vec v_fma(vec a, vec b, vec c) { return _mm512_fmadd_ps(a, b, c); }
MOT_INLINE float v_sum(vec v) { return _mm512_reduce_add_ps(v); }
MOT_INLINE vec v_max(vec a, vec b) { return _mm512_max_ps(a, b); }
MOT_INLINE vec v_zero_below(vec x, vec limit, vec v) {
    return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(x, limit, _CMP_NLT_UQ), v);
}
MOT_INLINE vec v_pow2(vec t) {
    const __m512i n = _mm512_slli_epi32(_mm512_castps_si512(t), 23);
    return _mm512_castsi512_ps(_mm512_add_epi32(n, _mm512_set1_epi32(0x3f800000)));
}

#endif
