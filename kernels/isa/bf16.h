/* bf16.h: tensors of bf16 on processors without a product of their own for it: widened to f32 (exact), then as f32.
 * What the names mean: f32.h. */
typedef mot_bf16 elem, word;
typedef float factor;
enum { TERMS = 1 };
#define MOT_DTYPE_ID MOT_BF16

MOT_INLINE vec e_load_n(const elem *p, size_t n) { return v_load16_n(p, n); }
MOT_INLINE void e_store_n(elem *p, vec v, size_t n) { v_store16_n(p, v, n); }
MOT_INLINE void e_stream(elem *p, vec v) { v_stream16(p, v); }
MOT_INLINE vec w_load(const word *p) { return v_load16_n(p, LANES); }
MOT_INLINE vec f_set1(factor a) { return v_set1(a); }
MOT_INLINE vec v_madd(vec a, vec b, vec c) { return v_fma(a, b, c); }
/* The hidden layer is rounded like any other tensor. */
MOT_INLINE void f_store(factor *p, vec v) {
    mot_bf16 rounded[LANES];
    v_store16_n(rounded, v, LANES);
    v_store(p, v_load16_n(rounded, LANES));
}
MOT_INLINE void w_from_rows(word *to, const elem *first, const elem *second, size_t n) {
    (void)second;
    for (size_t i = 0; i < n; i++) to[i] = first[i];
    for (size_t i = n; i < LANES; i++) to[i] = 0;
}
MOT_INLINE void f_from_rows(factor *to, const elem *first, const elem *second, size_t n) {
    (void)second;
    v_store(to, v_load16_n(first, n));
}
MOT_INLINE void f_from_row(factor *to, const elem *row, size_t n) { v_store(to, v_load16_n(row, n)); }
