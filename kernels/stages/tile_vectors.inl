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

/* The next row of c or of sums. Opaque: gcc would work out the rows' addresses for all forms of c at once, before any
 * store, and spill them (a twelfth of the time of a tile of 32 steps). */
MOT_INLINE char *next_row(const void *row, size_t bytes) {
    char *next = (char *)row + bytes;
    __asm__("" : "+r"(next));
    return next;
}

MOT_INLINE void tile_begin(vec *acc, const tile_args *t, const int mr, const int nv) {
    const void *row = t->from;
    const size_t bytes = t->from_row * sizeof(float);
    MOT_UNROLL for (int i = 0; i < mr * nv; i++) acc[i] = v_zero();
    if (!row) return;
    MOT_UNROLL for (int i = 0; i < mr * nv; i++) {
        if (i && i % nv == 0) row = next_row(row, bytes);
        acc[i] = v_load((const float *)row + i % nv * LANES);
    }
}

/* Sums and factors lie in scratch, which has room for whole panels; of a tensor only n columns are there. */
typedef enum tile_form { FACTORS, SUMS, ELEMS, ELEMS_STREAMED, ELEMS_LEFT } tile_form;

MOT_INLINE void tile_store(const vec *acc, const tile_args *t, const int mr, const int nv, const tile_form form) {
    const size_t size = form == FACTORS ? sizeof(factor) : form == SUMS ? sizeof(float) : sizeof(elem);
    const size_t bytes = t->c_row * size, n = t->n;
    size_t at[4]; /* read once: stores may alias *t */
    MOT_UNROLL for (int j = 0; j < nv; j++) at[j] = tile_at(t, 0, j, form == FACTORS ? TERMS : 1) * size;
    char *row = t->c;
    MOT_UNROLL for (int i = 0; i < mr * nv; i++) {
        const int j = i % nv;
        if (i && j == 0) row = next_row(row, bytes);
        if (form == FACTORS) f_store((factor *)(row + at[j]), acc[i]);
        if (form == SUMS) v_store((float *)(row + at[j]), acc[i]);
        if (form == ELEMS) e_store_n((elem *)(row + at[j]), acc[i], LANES);
        if (form == ELEMS_STREAMED) e_stream((elem *)(row + at[j]), acc[i]);
        if (form == ELEMS_LEFT) e_store_n((elem *)(row + at[j]), acc[i], lanes_left(n, (size_t)j * LANES));
    }
}

MOT_INLINE void tile_end(vec *acc, const tile_args *t, const int mr, const int nv) {
    const vec floor = v_zero();
    if (t->relu) {
        MOT_UNROLL for (int i = 0; i < mr * nv; i++) acc[i] = v_max(floor, acc[i]); /* NaN passes */
    }
    if (t->to == TO_FACTORS)
        tile_store(acc, t, mr, nv, FACTORS);
    else if (t->to == TO_SUMS)
        tile_store(acc, t, mr, nv, SUMS);
    else if (t->n < (size_t)nv * LANES)
        tile_store(acc, t, mr, nv, ELEMS_LEFT);
    else if (t->stream)
        tile_store(acc, t, mr, nv, ELEMS_STREAMED);
    else
        tile_store(acc, t, mr, nv, ELEMS);
}

/* Lines of a stream that is read once, past L2. The hardware alone does it less evenly: on Zen 5, which of two tiles
 * was faster changed with the number of rows, by up to a fifth (D 768, H 3072, G = 4: 12 x 32 14.9 ms and 11.7). */
MOT_INLINE void stream_ahead(const word *b, const int nv) {
    enum { BYTES = 2048 };
    MOT_UNROLL for (int j = 0; j < nv; j++) if (j * LANES * sizeof(word) % 64 == 0)
        __builtin_prefetch((const char *)(b + j * LANES) + BYTES, 0, 0);
}

/* `steps` of k, whose factors are a_step apart. next: NULL where b is such a stream. */
MOT_INLINE const word *tile_steps(vec *acc, const factor *a, size_t a_row, size_t a_step, const word *b, size_t b_row,
                                  size_t steps, ahead *next, const int mr, const int nv) {
    for (size_t i = 0; i < steps; i++, a += a_step, b += b_row) {
        next ? fetch(next, 1) : stream_ahead(b, nv);
        tile_step(acc, a, a_row, b, mr, nv);
    }
    return b;
}

MOT_INLINE void tile_sum(vec *acc, const tile_args *t, ahead *next, const int mr, const int nv, const bool columns) {
    const factor *a = t->a;
    const word *b = t->b;
    const size_t b_row = t->b_row;
    if (columns) {
        tile_steps(acc, a, 1, t->a_step, b, b_row, t->k, next, mr, nv);
        return;
    }
    for (size_t k = t->k; k > 0; a += t->a_block) {
        const size_t steps = least(k, KB);
        b = tile_steps(acc, a, KB, 1, b, b_row, steps, next, mr, nv);
        k -= steps;
    }
}

MOT_INLINE void tile(const tile_args *t, const int mr, const int nv, const bool columns) {
    vec acc[REGISTERS];
    tile_begin(acc, t, mr, nv);
    if (mr <= MOT_FEW_ROWS && !columns && t->once) {
        tile_sum(acc, t, NULL, mr, nv, false);
    } else {
        ahead next = *t->next;
        tile_sum(acc, t, &next, mr, nv, columns);
        *t->next = next;
    }
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
