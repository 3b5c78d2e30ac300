/* tile_vectors.inl: the inner loop on vectors: rows x nv of them hold the sums, each step broadcasts rows factors of a.
 */
#define TILE_FITS(mr, nr) (mr * (nr / LANES) + nr / LANES + 1 <= REGISTERS)

/* One step of k: a column of a times a row of b. */
MOT_INLINE void tile_step(vec *acc, const factor *a, const size_t a_row, const word *b, const int mr, const int nv) {
    vec row[4];
    MOT_UNROLL for (int j = 0; j < nv; j++) row[j] = w_load(b + j * LANES);
    /* One flat loop: clang 14 does not unroll an outer loop whose inner one has a single turn. */
    MOT_UNROLL for (int i = 0; i < mr * nv; i++) acc[i] = v_madd(f_set1(a[i / nv * a_row]), row[i % nv], acc[i]);
}

MOT_INLINE void tile_begin(vec *acc, const tile_args *t, const int mr, const int nv) {
    const float *from = t->from;
    const size_t row = t->from_row;
    MOT_UNROLL for (int i = 0; i < mr * nv; i++) acc[i] = v_zero();
    if (!from) return;
    MOT_UNROLL for (int i = 0; i < mr * nv; i++) acc[i] = v_load(from + (size_t)(i / nv) * row + i % nv * LANES);
}

/* Sums and factors lie in scratch, which has room for whole panels; of a tensor only n columns are there. */
MOT_INLINE void tile_end(vec *acc, const tile_args *args, const int mr, const int nv) {
    const tile_args local = *args, *t = &local; /* stores may alias *args: not to be read again after each */
    const vec floor = v_zero();
    if (t->relu) {
        MOT_UNROLL for (int i = 0; i < mr * nv; i++) acc[i] = v_max(floor, acc[i]); /* NaN passes */
    }
    if (t->to == TO_FACTORS) {
        MOT_UNROLL for (int i = 0; i < mr * nv; i++)
            f_store((factor *)t->c + tile_at(t, i / nv, i % nv, TERMS), acc[i]);
    } else if (t->to == TO_SUMS) {
        MOT_UNROLL for (int i = 0; i < mr * nv; i++) v_store((float *)t->c + tile_at(t, i / nv, i % nv, 1), acc[i]);
    } else if (t->n == (size_t)nv * LANES && t->stream) {
        MOT_UNROLL for (int i = 0; i < mr * nv; i++) e_stream((elem *)t->c + tile_at(t, i / nv, i % nv, 1), acc[i]);
    } else if (t->n == (size_t)nv * LANES) {
        MOT_UNROLL for (int i = 0; i < mr * nv; i++)
            e_store_n((elem *)t->c + tile_at(t, i / nv, i % nv, 1), acc[i], LANES);
    } else {
        MOT_UNROLL for (int i = 0; i < mr * nv; i++)
            e_store_n((elem *)t->c + tile_at(t, i / nv, i % nv, 1), acc[i], lanes_left(t->n, (size_t)(i % nv) * LANES));
    }
}

MOT_INLINE void tile(const tile_args *t, const int mr, const int nv, const bool columns) {
    vec acc[REGISTERS];
    tile_begin(acc, t, mr, nv);
    const factor *a = t->a;
    const word *b = t->b;
    ahead next = *t->next;
    const size_t a_row = columns ? 1 : KB, a_step = columns ? t->a_step : 1, b_row = t->b_row;
    for (size_t k = t->k; k > 0;) {
        const size_t steps = k < KB ? k : KB;
        const factor *column = a;
        for (size_t i = 0; i < steps; i++, column += a_step, b += b_row) {
            fetch(&next, 1);
            tile_step(acc, column, a_row, b, mr, nv);
        }
        a += columns ? KB * a_step : t->a_block;
        k -= steps;
    }
    *t->next = next;
    tile_end(acc, t, mr, nv);
}

#define TILE_CASE(i)                                                                                                   \
    case i:                                                                                                            \
        if (i <= mr) tile(t, i, nv, columns);                                                                          \
        break;
#define TILE_FOUR(i) TILE_CASE(i) TILE_CASE(i + 1) TILE_CASE(i + 2) TILE_CASE(i + 3)

/* Any number of rows up to mr: the switch turns it into a constant. */
MOT_INLINE void tile_dispatch(const tile_args *t, size_t rows, const int mr, const int nv, const bool columns) {
    switch (rows) {
        TILE_FOUR(1);
        TILE_FOUR(5);
        TILE_FOUR(9);
        TILE_FOUR(13);
        TILE_FOUR(17);
        TILE_FOUR(21);
        TILE_FOUR(25);
    }
}
