/* product.inl: c = a . b for a b that is a tensor: mix and redistribute. Strips of c's rows are outside, panels inside:
 * what is read from and stored to tensors is long runs of a few rows. While one group is worked on, the next one's b
 * comes to L2.
 *
 * Rows of X, Y and P often lie a power of two apart and evict each other from L1. A few strips read b where it is, out
 * of L2; many pay for a copy into panels, kc rows by dc columns at a time, which stay in L2 while all rows of c use
 * them. How many are many is the machine's (select.c). */
#define PRODUCT_KNOBS                                                                                                  \
    {"dc", 5, 0, {0, 64, 128, 256, 512}}, /* columns of D copied at a time; 0: as many as CHUNK_BYTES hold */          \
        {"stream", 2, 0, {0, 1}},         /* c past the caches: 0 where it is larger than they are, 1 always */        \
    {                                                                                                                  \
        "in_place", 3, 4, { 0, 4, 64 }                                                                                 \
    } /* so many strips read b where it is */
enum { CHUNK_BYTES = 128 << 10 };

/* c is rows x D, a rows x k, b k x D. */
typedef struct product {
    size_t rows, k, D;
    size_t kc, dc;   /* the chunk of b: at least k or a multiple of KB * TERMS; whole panels */
    size_t factors;  /* of a */
    size_t in_place; /* strips */
    bool stream;
} product;

/* `large`: c is so by itself. */
MOT_INLINE product product_of(const mot_config *c, size_t rows, size_t k, size_t kc, size_t D, size_t factors,
                              size_t nr, bool large) {
    const size_t fit = CHUNK_BYTES / (kc * sizeof(elem)) / nr * nr;
    const size_t wanted = c->value[0] ? (size_t)c->value[0] : fit;
    return (product){.rows = rows,
                     .k = k,
                     .D = D,
                     .kc = kc,
                     .dc = least(round_up(wanted ? wanted : 1, nr), round_up(D, nr)),
                     .factors = factors,
                     .in_place = (size_t)c->value[2],
                     .stream = c->value[1] || large};
}

/* Scratch: factors of a, panels of b, sums between one kc and the next. In bytes. */
MOT_INLINE size_t product_panels(const product *p) { return p->factors * sizeof(factor); }
MOT_INLINE size_t product_sums(const product *p) {
    return round_up(product_panels(p) + panel_words(p->kc, p->dc) * sizeof(word), sizeof(float));
}
MOT_INLINE size_t product_scratch(const product *p) {
    return product_sums(p) + (p->kc < p->k ? p->rows * p->dc * sizeof(float) : 0);
}

/* Whole lines that start one. */
MOT_INLINE bool streams(const product *p, const elem *c, size_t c_row, size_t nr) {
    return p->stream && ((uintptr_t)c | c_row * sizeof(elem) | nr * sizeof(elem)) % 64 == 0;
}

/* The columns that need no copy: whole panels for few strips of rows, where elements are words. */
MOT_INLINE size_t product_in_place(const product *p, tile_args t, elem *c, size_t c_row, const elem *b, size_t b_row,
                                   const elem *next_b, tile_kind kind, const bool by_columns) {
    const size_t columns = p->D / kind.nr * kind.nr;
    if (sizeof(word) != sizeof(elem) || p->rows > p->in_place * kind.mr) return 0;
    t.b = (const word *)b;
    t.b_row = b_row;
    t.to = TO_ELEMS;
    t.c = c;
    t.c_row = c_row;
    t.k = p->k;
    tile_product(t, p->rows, columns, kind, by_columns,
                 ahead_of(next_b, p->k, p->D * sizeof(elem), b_row * sizeof(elem)));
    return columns;
}

/* The chunk that is copied after the one at (k, d): of this b, or the first of the next. */
MOT_INLINE ahead product_ahead(const product *p, const elem *b, size_t b_row, const elem *next_b, size_t k, size_t d) {
    const elem *next = k + p->kc < p->k ? b + (k + p->kc) * b_row + d : d + p->dc < p->D ? b + d + p->dc : next_b;
    return ahead_of(next, least(p->kc, p->k), p->dc * sizeof(elem), b_row * sizeof(elem));
}

/* c's rows are c_row apart, b's b_row. a's factors are at the start of scratch; t says how they are laid out. next_b:
 * the b of the product after this one, or NULL. */
MOT_INLINE void product_run(const product *p, tile_args t, elem *c, size_t c_row, const elem *b, size_t b_row,
                            const elem *next_b, void *scratch, tile_kind kind, const bool by_columns) {
    float *sums = (float *)((char *)scratch + product_sums(p));
    word *panels = (word *)((char *)scratch + product_panels(p));
    t.a = scratch;
    t.c_block = KB;
    t.stream = streams(p, c, c_row, kind.nr);
    size_t d = product_in_place(p, t, c, c_row, b, b_row, next_b, kind, by_columns);
    t.b = panels;
    t.b_row = kind.nr;
    t.from_row = p->dc;
    for (; d < p->D; d += p->dc) {
        const size_t columns = least(p->dc, p->D - d);
        for (size_t k = 0; k < p->k; k += p->kc) {
            const size_t depth = least(p->kc, p->k - k);
            const bool last = k + depth == p->k;
            pack_panels(panels, b + k * b_row + d, b_row, depth, columns, kind.nr);
            t.a = (const factor *)scratch + k / TERMS / KB * t.a_block;
            t.from = k ? sums : NULL;
            t.to = last ? TO_ELEMS : TO_SUMS;
            t.c = last ? (void *)(c + d) : sums;
            t.c_row = last ? c_row : p->dc;
            t.k = steps_of(depth);
            tile_product(t, p->rows, columns, kind, by_columns, product_ahead(p, b, b_row, next_b, k, d));
        }
    }
    if (t.stream) v_fence();
}
