/* tile_matrix.inl: the inner loop on matrix registers. 16 rows x 16 factors of a (a k block as pack_rows makes it)
 * times 16 steps x 16 columns of b is one instruction; a tile is up to 2 x 2 such squares, their sums in registers 0
 * to 3. Rows past the end are worked on too: what they read is somebody else's, what they give is not stored. */
#define TILE_FITS(mr, nr) (mr <= 2 * SIDE && nr <= 2 * SIDE)
enum { SIDE = 16 };

/* Registers 4 and 5 are blocks of a, 6 and 7 of b. */
MOT_INLINE void tile_multiply(const tile_args *t, const bool tall, const bool wide) {
    const factor *a = t->a;
    const word *b = t->b;
    ahead next = *t->next;
    const size_t b_row = t->b_row * sizeof(word);
    _tile_zero(0);
    if (wide) _tile_zero(1);
    if (tall) _tile_zero(2);
    if (tall && wide) _tile_zero(3);
    for (size_t k = 0; k < t->k; k += KB, a += t->a_block, b += KB * t->b_row) {
        fetch(&next, KB / 2);
        _tile_loadd(6, b, b_row);
        _tile_loadd(4, a, KB * sizeof(factor));
        _tile_dpbf16ps(0, 4, 6);
        if (wide) _tile_loadd(7, b + SIDE, b_row);
        if (wide) _tile_dpbf16ps(1, 4, 7);
        fetch(&next, KB / 2);
        if (tall) _tile_loadd(5, a + SIDE * KB, KB * sizeof(factor));
        if (tall) _tile_dpbf16ps(2, 5, 6);
        if (tall && wide) _tile_dpbf16ps(3, 5, 7);
    }
    *t->next = next;
}

MOT_INLINE void tile_sums(float *sums, const size_t row, const bool tall, const bool wide) {
    _tile_stored(0, sums, row * sizeof(float));
    if (wide) _tile_stored(1, sums + SIDE, row * sizeof(float));
    if (tall) _tile_stored(2, sums + SIDE * row, row * sizeof(float));
    if (tall && wide) _tile_stored(3, sums + SIDE * row + SIDE, row * sizeof(float));
}

/* Vector j of row m of the result. */
MOT_INLINE void tile_put(const tile_args *t, vec v, int m, int j) {
    const size_t column = (size_t)j * LANES, n = lanes_left(t->n, column);
    if (t->from) v = v_add(v, v_load(t->from + (size_t)m * t->from_row + column));
    if (t->relu) v = v_max(v_zero(), v); /* NaN passes */
    if (t->to == TO_FACTORS)
        f_store((factor *)t->c + tile_at(t, m, j, TERMS), v);
    else if (t->to == TO_SUMS)
        v_store((float *)t->c + tile_at(t, m, j, 1), v);
    else if (t->stream && n == LANES)
        e_stream((elem *)t->c + tile_at(t, m, j, 1), v);
    else
        e_store_n((elem *)t->c + tile_at(t, m, j, 1), v, n);
}

MOT_INLINE void tile(const tile_args *args, size_t rows, const bool tall, const int nv) {
    _Alignas(64) float sums[4 * SIDE * SIDE];
    const tile_args t = *args; /* stores may alias *args: not to be read again after each */
    const size_t row = (size_t)nv * LANES;
    __asm__ volatile("" ::: "memory"); /* gcc 12 does not know that tiles read and write memory */
    tile_multiply(&t, tall, nv > 1);
    tile_sums(sums, row, tall, nv > 1);
    __asm__ volatile("" ::: "memory");
    for (int m = 0; m < (int)rows; m++)
        MOT_UNROLL for (int j = 0; j < nv; j++) tile_put(&t, v_load(sums + (size_t)m * row + j * LANES), m, j);
}

MOT_INLINE void tile_dispatch(const tile_args *t, size_t rows, const int mr, const int nv, const bool columns) {
    (void)columns;
    if (mr > SIDE && rows > SIDE)
        tile(t, rows, true, nv);
    else
        tile(t, rows, false, nv);
}
