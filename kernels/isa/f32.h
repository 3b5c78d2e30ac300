/* f32.h: tensors of f32, products by multiply-add. Each data type says the same things, listed here:
 *   elem    a number of a tensor in memory
 *   word    a number of operand b as the tile loads it: TERMS elements of one column, one below the other
 *   factor  a number of operand a as the tile broadcasts it: TERMS elements of one row
 */
typedef float elem, word, factor;
enum { TERMS = 1 };
#define MOT_DTYPE_ID MOT_F32

MOT_INLINE vec e_load_n(const elem *p, size_t n) { return n == LANES ? v_load(p) : v_load_n(p, n); }
MOT_INLINE void e_store_n(elem *p, vec v, size_t n) { n == LANES ? v_store(p, v) : v_store_n(p, v, n); }
MOT_INLINE void e_stream(elem *p, vec v) { v_stream(p, v); }
MOT_INLINE vec w_load(const word *p) { return v_load(p); }
MOT_INLINE vec f_set1(factor a) { return v_set1(a); }
MOT_INLINE vec v_madd(vec a, vec b, vec c) { return v_fma(a, b, c); } /* c + a.b over the TERMS */
/* LANES sums as the factors of the next product. */
MOT_INLINE void f_store(factor *p, vec v) { v_store(p, v); }
/* LANES words or factors from n columns of TERMS rows; a row past the end is NULL. */
MOT_INLINE void w_from_rows(word *to, const elem *first, const elem *second, size_t n) {
    (void)second;
    v_store(to, v_load_n(first, n));
}
MOT_INLINE void f_from_rows(factor *to, const elem *first, const elem *second, size_t n) {
    w_from_rows(to, first, second, n);
}
/* LANES factors from n elements, n <= LANES * TERMS, of one row. */
MOT_INLINE void f_from_row(factor *to, const elem *row, size_t n) { v_store(to, v_load_n(row, n)); }
