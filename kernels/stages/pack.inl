/* pack.inl: tensors into the operands of a tile: panels of words, rows and columns of factors (isa/f32.h). */
enum { KB = 16 }; /* factors of a row that stand together */

MOT_INLINE size_t ceil_div(size_t a, size_t b) { return (a + b - 1) / b; }
MOT_INLINE size_t round_up(size_t n, size_t unit) { return ceil_div(n, unit) * unit; }
MOT_INLINE size_t least(size_t a, size_t b) { return a < b ? a : b; }
MOT_INLINE size_t lanes_left(size_t n, size_t from) { return n <= from ? 0 : n - from < LANES ? n - from : LANES; }
/* Where part i of n things begins when they are shared evenly among `parts`. */
MOT_INLINE size_t share(size_t n, size_t parts, size_t i) { return n / parts * i + least(i, n % parts); }
/* Steps of a product over k. */
MOT_INLINE size_t steps_of(size_t k) { return round_up(ceil_div(k, TERMS), STEP_UNIT); }

/* The second of a pair of rows, or NULL past the last. */
MOT_INLINE const elem *second_row(const elem *row, size_t stride, size_t k, size_t i) {
    return TERMS == 2 && i + 1 < k ? row + stride : NULL;
}

/* Columns 0..n of k rows of a row-major matrix into a panel [k/TERMS][nr], padded with zeros. */
MOT_INLINE void pack_panel(word *panel, const elem *w, size_t stride, size_t k, size_t n, size_t nr) {
    for (size_t i = 0; i < k; i += TERMS, w += TERMS * stride, panel += nr) {
        const elem *second = second_row(w, stride, k, i);
        for (size_t j = 0; j < nr; j += LANES)
            w_from_rows(panel + j, w + j, second ? second + j : NULL, lanes_left(n, j));
    }
    const size_t padding = (steps_of(k) - ceil_div(k, TERMS)) * nr;
    for (size_t i = 0; i < padding; i++) panel[i] = 0;
}

/* k rows of n columns into factors [k/TERMS][n rounded up to LANES]: operand a is the transposed matrix. */
MOT_INLINE void pack_columns(factor *to, const elem *a, size_t stride, size_t k, size_t n) {
    for (size_t i = 0; i < k; i += TERMS, a += TERMS * stride) {
        const elem *second = second_row(a, stride, k, i);
        for (size_t j = 0; j < n; j += LANES, to += LANES)
            f_from_rows(to, a + j, second ? second + j : NULL, lanes_left(n, j));
    }
}

/* k rows of n columns as the rows [k/TERMS/KB][n][KB] of the transposed matrix, zeros at the end. */
MOT_INLINE void pack_transposed(factor *to, const elem *a, size_t stride, size_t k, size_t n) {
    for (size_t i = 0; i < steps_of(k); i++) {
        const elem *row = a + TERMS * i * stride, *second = second_row(row, stride, k, TERMS * i);
        factor *column = to + i / KB * n * KB + i % KB;
        for (size_t j = 0; j < n; j += LANES) {
            factor step[LANES] = {0};
            if (TERMS * i < k) f_from_rows(step, row + j, second ? second + j : NULL, lanes_left(n, j));
            for (size_t l = 0; l < lanes_left(n, j); l++) column[(j + l) * KB] = step[l];
        }
    }
}

/* `rows` rows of k elements into factors [k/TERMS/KB][all][KB] from row `to` on, zeros at the end. KB >= LANES. */
MOT_INLINE void pack_rows_of(factor *to, size_t all, const elem *a, size_t stride, size_t rows, size_t k) {
    for (size_t i = 0; i < k; i += KB * TERMS, to += (all - rows) * KB)
        for (size_t row = 0; row < rows; row++, to += KB)
            for (size_t j = 0; j < KB; j += LANES) {
                const size_t from = i + j * TERMS;
                f_from_row(to + j, a + row * stride + from, k <= from ? 0 : least(k - from, LANES * TERMS));
            }
}

MOT_INLINE void pack_rows(factor *to, const elem *a, size_t stride, size_t rows, size_t k) {
    pack_rows_of(to, rows, a, stride, rows, k);
}

/* Factors of `rows` rows of k elements, and words of one panel, as pack_rows and pack_panel lay them out. */
MOT_INLINE size_t rows_factors(size_t rows, size_t k) {
    return rows * round_up(steps_of(k), KB) + (ROW_UNIT - 1) * KB; /* the last tile reads that far */
}
MOT_INLINE size_t panel_words(size_t k, size_t nr) { return steps_of(k) * nr; }

/* Columns 0..n into panels, one after the other. */
MOT_INLINE void pack_panels(word *to, const elem *w, size_t stride, size_t k, size_t n, size_t nr) {
    for (size_t j = 0; j < n; j += nr, to += panel_words(k, nr)) pack_panel(to, w + j, stride, k, least(nr, n - j), nr);
}
