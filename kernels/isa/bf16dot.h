/* bf16dot.h: tensors of bf16, products by AVX512_BF16's dot product: two terms a lane, denormals count as zero.
 * What the names mean: f32.h. */
#ifndef __AVX512BF16__
#error "bf16dot.h needs -mavx512bf16 (cmake/isa.cmake)"
#endif
typedef mot_bf16 elem;
typedef uint32_t word, factor;
enum { TERMS = 2 };
#define MOT_DTYPE_ID MOT_BF16

MOT_INLINE vec e_load_n(const elem *p, size_t n) { return v_load16_n(p, n); }
/* Rounded by one instruction, where v_round16 takes eight: as much as the product of 16 terms. */
MOT_INLINE __m256i e_round(vec v) { return (__m256i)_mm512_cvtneps_pbh(v); }
MOT_INLINE void e_store_n(elem *p, vec v, size_t n) { v_store_rounded_n(p, e_round(v), n); }
MOT_INLINE void e_stream(elem *p, vec v) { _mm256_stream_si256((__m256i *)p, e_round(v)); }
MOT_INLINE vec w_load(const word *p) { return _mm512_castsi512_ps(_mm512_loadu_si512(p)); }
MOT_INLINE vec f_set1(factor a) { return _mm512_castsi512_ps(_mm512_set1_epi32((int)a)); }
MOT_INLINE vec v_madd(vec a, vec b, vec c) { return _mm512_dpbf16_ps(c, (__m512bh)a, (__m512bh)b); }
MOT_INLINE void f_store(factor *p, vec v) { e_store_n((elem *)p, v, LANES); }
MOT_INLINE __m512i w_row(const elem *row, size_t n) {
    return _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(v_first(n), row));
}
MOT_INLINE void w_from_rows(word *to, const elem *first, const elem *second, size_t n) {
    __m512i pairs = w_row(first, n);
    if (second) pairs = _mm512_or_si512(pairs, _mm512_slli_epi32(w_row(second, n), 16));
    _mm512_storeu_si512(to, pairs);
}
MOT_INLINE void f_from_rows(factor *to, const elem *first, const elem *second, size_t n) {
    w_from_rows(to, first, second, n);
}
MOT_INLINE void f_from_row(factor *to, const elem *row, size_t n) {
    const __mmask32 some = n == 32 ? 0xffffffff : (1u << n) - 1;
    _mm512_storeu_si512(to, _mm512_maskz_loadu_epi16(some, row));
}
