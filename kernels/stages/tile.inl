/* tile.inl: the one inner loop. c (rows x n) = a (rows x k) . b (k x n), rows <= MR, n <= NR = vectors * LANES.
 *
 * b is a panel of words [k][NR], padded with zeros, or whole columns of a matrix whose rows are b_row apart.
 * a is factors in one of two layouts:
 *  - rows, [k/KB][rows][KB]: as pack_rows makes it, and as a tile stores the operand of the next product
 *  - columns, [k][a_step]: as pack_columns makes it
 * k counts steps of TERMS elements. */

/* What is needed next, rows of memory: fetched into L2 line by line while tiles work, `lines` of them in `steps` steps
 * of k. Evenly: a burst fills the few buffers in which misses wait, and the tile's own loads wait behind it. */
typedef struct ahead {
    const char *at;
    size_t left, row_lines, skip; /* cache lines left in this row, in each row; bytes from a row's end to the next */
    size_t lines, steps, due;
} ahead;

typedef struct tile_args {
    const factor *a;
    const word *b;
    size_t b_row;      /* NR for a panel */
    const float *from; /* sums [rows][from_row] to go on from; NULL: zero */
    void *c;
    enum { TO_ELEMS, TO_SUMS, TO_FACTORS } to; /* what c holds */
    size_t a_step, a_block;          /* from one k to the next (columns), from one k block to the next (rows) */
    size_t from_row, c_row, c_block; /* column j of row m: c + m*c_row + j/KB*c_block + j%KB; flat: block = KB */
    size_t k, n;
    bool relu, stream; /* stream: past the caches */
    ahead *next;       /* advances; never NULL, lines may be 0 */
} tile_args;

/* One step of k: a column of a times a row of b. */
MOT_INLINE void tile_step(vec *acc, const factor *a, const size_t a_row, const word *b, const int mr, const int nv) {
    vec row[4];
    MOT_UNROLL for (int j = 0; j < nv; j++) row[j] = w_load(b + j * LANES);
    /* One flat loop: clang 14 does not unroll an outer loop whose inner one has a single turn. */
    MOT_UNROLL for (int i = 0; i < mr * nv; i++) acc[i] = v_madd(f_set1(a[i / nv * a_row]), row[i % nv], acc[i]);
}

/* Where vector j of row m stands in c, whose columns are sums or elements (terms = 1) or factors of TERMS sums. */
MOT_INLINE size_t tile_at(const tile_args *t, int m, int j, const int terms) {
    const size_t column = (size_t)(j * LANES / terms);
    return (size_t)m * t->c_row + column / KB * t->c_block + column % KB;
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

/* One step's share. */
MOT_INLINE void fetch(ahead *n) {
    for (n->due += n->lines; n->due >= n->steps; n->due -= n->steps) {
        __builtin_prefetch(n->at, 0, 2);
        n->at += 64;
        if (--n->left == 0) {
            n->left = n->row_lines;
            n->at += n->skip;
        }
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
            fetch(&next);
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

/* A register tile: its functions for the two layouts of a, and its size. */
typedef struct tile_kind {
    void (*rows)(const tile_args *, size_t rows);
    void (*columns)(const tile_args *, size_t rows);
    size_t mr, nr;
} tile_kind;

/* Rows of `bytes`, `stride` bytes apart, to fetch while a product of so many tiles works; nothing where at is NULL. */
MOT_INLINE ahead ahead_of(const void *at, size_t rows, size_t bytes, size_t stride) {
    const size_t lines = ceil_div(bytes, 64);
    return (ahead){.at = at,
                   .left = lines,
                   .row_lines = lines,
                   .skip = stride - lines * 64,
                   .lines = at ? rows * lines : 0,
                   .steps = 1};
}

/* Strips of at most mr rows, evenly, times the panels of b side by side: `columns` of them in c, which is flat where
 * there is more than one panel. All tiles together fetch what is ahead. */
MOT_INLINE void tile_product(tile_args t, size_t rows, size_t columns, tile_kind kind, const bool by_columns,
                             ahead next) {
    const size_t strips = ceil_div(rows, kind.mr);
    const size_t size = t.to == TO_ELEMS ? sizeof(elem) : t.to == TO_SUMS ? sizeof(float) : sizeof(factor);
    const tile_args all = t;
    t.next = &next;
    next.steps = strips * ceil_div(columns, kind.nr) * t.k;
    for (size_t i = 0; i < strips; i++) {
        const size_t first = share(rows, strips, i), count = share(rows, strips, i + 1) - first;
        t.a = all.a + first * (by_columns ? 1 : KB);
        for (size_t j = 0; j < columns; j += kind.nr) {
            t.b = all.b + (t.b_row == kind.nr ? t.k * j : j);
            t.c = (char *)all.c + (first * t.c_row + j) * size;
            if (all.from) t.from = all.from + first * t.from_row + j;
            t.n = least(kind.nr, columns - j);
            by_columns ? kind.columns(&t, count) : kind.rows(&t, count);
        }
    }
}
