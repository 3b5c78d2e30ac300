/* tile.inl: the one inner loop. c (rows x n) = a (rows x k) . b (k x n), rows <= MR, n <= NR = vectors * LANES.
 *
 * a and c are addressed in k blocks of KB columns, so that a product can be stored in the layout in which the next one
 * broadcasts from it: element (m, j) stands at m*row + j/KB*block + j%KB. A row-major matrix has block = KB. */
typedef struct tile_args {
    const factor *a;
    const word *b;
    const float *from; /* sums to go on from, laid out as c; NULL: zero */
    void *c;
    enum { TO_ELEMS, TO_SUMS, TO_FACTORS } to; /* what c holds */
    size_t a_row, a_step, a_block;             /* a's factor (m, k): a + m*a_row + k/KB*a_block + k%KB*a_step */
    size_t b_row;                              /* b's row k: b + k*b_row, nr contiguous columns */
    size_t c_row, c_block;
    size_t k, n; /* k: in steps of TERMS */
    bool relu;
    const char *prefetch;  /* what comes after b in the weight stream: fetched into L2 while this tile works */
    size_t prefetch_lines; /* cache lines per k block */
} tile_args;

/* Only tensors that are operands themselves have columns missing; panels are padded. */
MOT_INLINE vec tile_load(const word *p, size_t n, int j, const bool full) {
    return full || !DIRECT ? w_load(p + j * LANES) : w_load_n(p + j * LANES, lanes_left(n, (size_t)j * LANES));
}

/* One step of k: a column of a times a row of b. */
MOT_INLINE void tile_step(vec *acc, const factor *a, size_t a_row, const word *b, size_t n, const int mr, const int nv,
                          const bool full) {
    vec row[4];
    MOT_UNROLL for (int j = 0; j < nv; j++) row[j] = tile_load(b, n, j, full);
    /* One flat loop: clang 14 does not unroll an outer loop whose inner one has a single turn. */
    MOT_UNROLL for (int i = 0; i < mr * nv; i++) acc[i] = v_madd(f_set1(a[i / nv * a_row]), row[i % nv], acc[i]);
}

/* Where vector j of row m stands in c, whose columns are sums (terms = 1) or factors of TERMS sums. */
MOT_INLINE size_t tile_at(const tile_args *t, int m, int j, const int terms) {
    const size_t column = (size_t)(j * LANES / terms);
    return (size_t)m * t->c_row + column / KB * t->c_block + column % KB;
}

MOT_INLINE void tile_begin(vec *acc, const tile_args *t, const int mr, const int nv, const bool full) {
    MOT_UNROLL for (int i = 0; i < mr * nv; i++) acc[i] = v_zero();
    if (!t->from) return;
    MOT_UNROLL for (int i = 0; i < mr * nv; i++) {
        const float *c = t->from + tile_at(t, i / nv, i % nv, 1);
        acc[i] = full ? v_load(c) : v_load_n(c, lanes_left(t->n, (size_t)(i % nv) * LANES));
    }
}

MOT_INLINE void tile_put(const tile_args *t, vec v, int m, int j, const bool full) {
    const size_t n = full ? LANES : lanes_left(t->n, (size_t)j * LANES);
    if (t->to == TO_ELEMS)
        e_store_n((elem *)t->c + tile_at(t, m, j, 1), v, n);
    else if (t->to == TO_FACTORS)
        f_store((factor *)t->c + tile_at(t, m, j, TERMS), v);
    else
        full ? v_store((float *)t->c + tile_at(t, m, j, 1), v) : v_store_n((float *)t->c + tile_at(t, m, j, 1), v, n);
}

MOT_INLINE void tile_end(vec *acc, tile_args t, const int mr, const int nv, const bool full) {
    const vec floor = v_zero();
    if (DIRECT) t.to = TO_ELEMS; /* the same there, and one branch less */
    if (t.relu) {
        MOT_UNROLL for (int i = 0; i < mr * nv; i++) acc[i] = v_max(floor, acc[i]); /* NaN passes */
    }
    MOT_UNROLL for (int i = 0; i < mr * nv; i++) tile_put(&t, acc[i], i / nv, i % nv, full);
}

/* packed: a is [k/KB][rows][KB], so its strides are constants and every broadcast has a constant offset. */
MOT_INLINE void tile(const tile_args *t, const int mr, const int nv, const bool full, const bool packed) {
    vec acc[REGISTERS];
    tile_begin(acc, t, mr, nv, full);
    const factor *a = t->a;
    const word *b = t->b;
    const char *next = t->prefetch;
    const size_t a_row = packed ? KB : t->a_row, a_step = packed ? 1 : t->a_step, b_row = t->b_row;
    for (size_t k = t->k; k > 0;) {
        const size_t steps = k < KB ? k : KB;
        for (size_t i = 0; i < t->prefetch_lines; i++, next += 64) __builtin_prefetch(next, 0, 2);
        const factor *column = a;
        for (size_t i = 0; i < steps; i++, column += a_step, b += b_row)
            tile_step(acc, column, a_row, b, t->n, mr, nv, full);
        a += t->a_block;
        k -= steps;
    }
    tile_end(acc, *t, mr, nv, full);
}

#define TILE_CASE(i)                                                                                                   \
    case i:                                                                                                            \
        if (i <= mr) full ? tile(t, i, nv, true, packed) : tile(t, i, nv, false, packed);                              \
        break;
#define TILE_FOUR(i) TILE_CASE(i) TILE_CASE(i + 1) TILE_CASE(i + 2) TILE_CASE(i + 3)

/* Any number of rows up to mr: the switch turns it into a constant. */
MOT_INLINE void tile_dispatch(const tile_args *t, size_t rows, const int mr, const int nv, const bool packed) {
    const bool full = t->n == (size_t)nv * LANES;
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

typedef void (*tile_fn)(const tile_args *, size_t rows);

/* Rows first.. of c: as elements, sums or factors. */
MOT_INLINE void *c_row(const tile_args *t, void *c, size_t first) {
    const size_t bytes = t->to == TO_ELEMS ? sizeof(elem) : t->to == TO_SUMS ? sizeof(float) : sizeof(factor);
    return (char *)c + first * t->c_row * bytes;
}

/* All rows of one panel of columns, in strips of at most mr rows, evenly. The strips share the prefetch of `bytes`. */
MOT_INLINE void panel_rows(tile_args t, size_t rows, tile_fn fn, size_t mr, size_t bytes) {
    const size_t strips = ceil_div(rows, mr);
    const tile_args all = t;
    t.prefetch_lines = bytes ? ceil_div(bytes, strips * ceil_div(t.k, KB) * 64) : 0;
    for (size_t i = 0; i < strips; i++) {
        const size_t first = share(rows, strips, i);
        t.a = all.a + first * t.a_row;
        t.c = c_row(&t, all.c, first);
        if (all.from) t.from = all.from + first * t.c_row;
        fn(&t, share(rows, strips, i + 1) - first);
        t.prefetch += t.prefetch_lines * ceil_div(t.k, KB) * 64;
    }
}
