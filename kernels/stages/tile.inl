/* tile.inl: c (rows x n) = a (rows x k) . b (k x n), rows <= MR, n <= NR = vectors * LANES: what a tile is told, and
 * products of many. The one inner loop is in tile_vectors.inl, or tile_matrix.inl for processors with matrix registers.
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
    size_t step, left, turn,
        skip; /* bytes from line to line; lines left of this turn, of each; bytes to the next turn */
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
    bool once;         /* b is one stream, read once, if there are no more than MOT_FEW_ROWS; nothing is ahead then */
    ahead *next;       /* advances; never NULL, lines may be 0 */
} tile_args;

/* The share of so many steps. */
MOT_INLINE void fetch(ahead *n, size_t steps) {
    for (n->due += n->lines * steps; n->due >= n->steps; n->due -= n->steps) {
        __builtin_prefetch(n->at, 0, 2);
        n->at += n->step;
        if (--n->left == 0) {
            n->left = n->turn;
            n->at += n->skip;
        }
    }
}

/* Where vector j of row m stands in c, whose columns are sums or elements (terms = 1) or factors of TERMS sums. */
MOT_INLINE size_t tile_at(const tile_args *t, int m, int j, const int terms) {
    const size_t column = (size_t)(j * LANES / terms);
    return (size_t)m * t->c_row + column / KB * t->c_block + column % KB;
}

#include TILE_INL

/* A register tile: its functions for the two layouts of a, and its size. */
typedef struct tile_kind {
    void (*rows)(const tile_args *, size_t rows);
    void (*columns)(const tile_args *, size_t rows);
    size_t mr, nr;
} tile_kind;

/* To fetch while a product of many tiles works: turns of `turn` lines, `step` bytes apart; the next turn is `stride`
 * bytes from this one. Nothing where at is NULL. */
MOT_INLINE ahead ahead_by(const void *at, size_t turns, size_t turn, size_t step, size_t stride) {
    return (ahead){.at = at,
                   .step = step,
                   .left = turn,
                   .turn = turn,
                   .skip = stride - turn * step,
                   .lines = at ? turns * turn : 0,
                   .steps = 1};
}

/* Rows of `bytes`, `stride` bytes apart, one after the other. */
MOT_INLINE ahead ahead_of(const void *at, size_t rows, size_t bytes, size_t stride) {
    return ahead_by(at, rows, ceil_div(bytes, 64), 64, stride);
}

/* `bytes` in a row, a line of each of so many parts in turn. */
MOT_INLINE ahead ahead_in_turns(const void *at, size_t parts, size_t bytes) {
    const size_t lines = ceil_div(bytes, 64 * parts);
    return ahead_by(at, lines, parts, lines * 64, 64);
}

/* Strips of at most mr rows, evenly, times the panels of b side by side: `columns` of them in c, which is flat where
 * there is more than one panel. All tiles together fetch what is ahead. */
MOT_INLINE void tile_product(tile_args t, size_t rows, size_t columns, tile_kind kind, const bool by_columns,
                             ahead next) {
    const size_t units = ceil_div(rows, ROW_UNIT), strips = ceil_div(units * ROW_UNIT, kind.mr);
    const size_t size = t.to == TO_ELEMS ? sizeof(elem) : t.to == TO_SUMS ? sizeof(float) : sizeof(factor);
    const tile_args all = t;
    t.next = &next;
    next.steps = strips * ceil_div(columns, kind.nr) * t.k;
    for (size_t i = 0; i < strips; i++) {
        const size_t first = share(units, strips, i) * ROW_UNIT;
        const size_t count = least(rows, share(units, strips, i + 1) * ROW_UNIT) - first;
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
