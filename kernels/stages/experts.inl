/* experts.inl: Y_e = relu(M_e.W1_e).W2_e, a blocked product with packed weights.
 *
 * Packed weights are one stream in the order in which they are used (expert, slice of nc hidden units):
 *     W1 panels [nc/NR][D][NR], then W2 panels [D/NR][nc][NR].
 * The rows of an expert (its groups) are worked on in blocks of at most mc. A block of M is copied into
 * [D/KB][rows][KB]; the up product stores relu(M.W1) in the same layout, from which the down product broadcasts; both
 * stay in L2. While the strips of a panel work, the next panel of the stream is prefetched into L2. Without packed
 * weights each panel is copied into scratch right before its use. */
#define EXPERT_KNOBS                                                                                                   \
    {"mc", 4, EXPERT_ROWS, {32, 64, 128, 256}},    /* rows per block */                                                \
        {"nc", 5, 512, {64, 128, 256, 512, 1024}}, /* hidden units per slice */                                        \
        {"prefetch", 5, 8, {0, 1, 4, 8, 16}},      /* next panel into L2, so many parts of it side by side */          \
    {                                                                                                                  \
        "past_l2", 2, 0, { 0, 1 }                                                                                      \
    } /* few rows read weights past L2, without prefetch */

typedef struct blocking {
    size_t mc, nc;  /* nc is a multiple of NR and KB * TERMS */
    size_t streams; /* of the prefetch; 0: none */
    bool once;      /* past L2 */
} blocking;

static inline bool experts_supports(const mot_shape *s, const mot_config *c) {
    (void)s;
    return !c->value[2] || !c->value[3];
}

MOT_INLINE blocking experts_blocking(const mot_shape *s, const mot_config *c, size_t nr) {
    const size_t nc = round_up(least((size_t)c->value[1], s->d_expert), nr < KB * TERMS ? KB * TERMS : nr);
    return (blocking){.mc = (size_t)c->value[0], .nc = nc, .streams = (size_t)c->value[2], .once = c->value[3]};
}

/* Words of a slice of `width` hidden units, and of a whole expert, in the packed stream. */
MOT_INLINE size_t slice_words(const mot_shape *s, size_t width, size_t nr) {
    return panel_words(s->d_model, round_up(width, nr)) + panel_words(width, round_up(s->d_model, nr));
}
static inline size_t expert_words(const mot_shape *s, const mot_config *c, size_t nr) {
    const size_t nc = experts_blocking(s, c, nr).nc, slices = s->d_expert / nc;
    return slices * slice_words(s, nc, nr) + slice_words(s, s->d_expert % nc, nr);
}

static inline word *pack_slice(const mot_shape *s, const elem *w1, const elem *w2, word *to, size_t h0, size_t width,
                               size_t nr) {
    const size_t D = s->d_model, H = s->d_expert;
    for (size_t h = 0; h < width; h += nr, to += panel_words(D, nr))
        pack_panel(to, w1 + h0 + h, H, D, least(nr, width - h), nr);
    for (size_t d = 0; d < D; d += nr, to += panel_words(width, nr))
        pack_panel(to, w2 + h0 * D + d, D, width, least(nr, D - d), nr);
    return to;
}

static inline void experts_pack(const mot_shape *s, const mot_tensors *t, const mot_config *c, void *packed,
                                mot_range r, size_t nr) {
    const size_t matrix = s->d_model * s->d_expert, nc = experts_blocking(s, c, nr).nc;
    for (size_t e = r.begin; e < r.end; e++) {
        word *to = (word *)packed + e * expert_words(s, c, nr);
        for (size_t h0 = 0; h0 < s->d_expert; h0 += nc)
            to = pack_slice(s, (const elem *)t->w1 + e * matrix, (const elem *)t->w2 + e * matrix, to, h0,
                            least(nc, s->d_expert - h0), nr);
    }
}

/* Scratch: the block of M, the hidden slice, sums of y between slices, one panel. */
typedef struct experts_room {
    factor *m, *hidden;
    float *sums;
    word *panel;
} experts_room;

MOT_INLINE size_t block_rows(const mot_shape *s, const blocking *b) { return least(b->mc, s->groups); }

MOT_INLINE experts_room experts_divide(const mot_shape *s, const blocking *b, void *scratch, size_t nr) {
    const size_t rows = block_rows(s, b);
    factor *m = scratch, *hidden = m + rows_factors(rows, s->d_model);
    float *sums = (float *)(hidden + rows_factors(rows, b->nc));
    return (experts_room){m, hidden, sums, (word *)(sums + rows * round_up(s->d_model, nr))};
}

/* Bytes. */
MOT_INLINE size_t experts_scratch(const mot_shape *s, const mot_config *c, size_t nr) {
    const blocking b = experts_blocking(s, c, nr);
    const size_t deepest = s->d_model > b.nc ? s->d_model : b.nc, rows = block_rows(s, &b);
    return (rows_factors(rows, s->d_model) + rows_factors(rows, b.nc)) * sizeof(factor) +
           rows * round_up(s->d_model, nr) * sizeof(float) + panel_words(deepest, nr) * sizeof(word);
}

/* One expert and one block of its rows. */
typedef struct expert_block {
    const elem *w1, *w2;
    const word *stream; /* the expert's packed weights, or NULL */
    const elem *next;   /* M of the block after it, so many rows */
    size_t next_rows;
    elem *y;
    size_t rows;
} expert_block;

/* What comes to L2 while a panel of k steps works: the next one of the stream. */
MOT_INLINE ahead next_panel(const blocking *b, const tile_args *a, size_t nr) {
    const size_t words = a->k * nr;
    return ahead_in_turns(b->streams ? a->b + words : NULL, b->streams ? b->streams : 1, words * sizeof(word));
}

/* Or, where a slice is narrower than there are rows, the next block of M: it is then most of what is read, and its rows
 * are too many and too far apart for the hardware to see them coming. */
MOT_INLINE ahead next_rows(const expert_block *x, size_t d, size_t D, size_t nr) {
    return ahead_of(x->next + d, x->next_rows, nr * sizeof(elem), D * sizeof(elem));
}

/* hidden = relu(m.w1) for the units h0..h0+width. */
MOT_INLINE void experts_up(const mot_shape *s, const blocking *b, const experts_room *room, expert_block *x, size_t h0,
                           size_t width, tile_kind kind) {
    const size_t D = s->d_model, nr = kind.nr;
    tile_args a = {.a = room->m,
                   .a_block = x->rows * KB,
                   .b_row = nr,
                   .to = TO_FACTORS,
                   .once = x->stream && b->once,
                   .c_row = KB,
                   .c_block = x->rows * KB,
                   .k = steps_of(D),
                   .relu = true};
    for (size_t h = 0; h < width; h += nr) {
        if (!x->stream) pack_panel(room->panel, x->w1 + h0 + h, s->d_expert, D, least(nr, width - h), nr);
        a.b = x->stream ? x->stream : room->panel;
        a.c = room->hidden + h / TERMS / KB * a.c_block + h / TERMS % KB;
        tile_product(a, x->rows, nr, kind, false, next_panel(b, &a, nr));
        if (x->stream) x->stream += panel_words(D, nr);
    }
}

/* y += hidden.w2 over the units h0..h0+width; the last slice stores y. */
MOT_INLINE void experts_down(const mot_shape *s, const blocking *b, const experts_room *room, expert_block *x,
                             size_t h0, size_t width, tile_kind kind) {
    const size_t D = s->d_model, nr = kind.nr, sums_row = round_up(D, nr);
    const bool last = h0 + width == s->d_expert;
    tile_args a = {.a = room->hidden,
                   .a_block = x->rows * KB,
                   .b_row = nr,
                   .to = last ? TO_ELEMS : TO_SUMS,
                   .once = x->stream && b->once,
                   .from_row = sums_row,
                   .c_row = last ? D : sums_row,
                   .c_block = KB,
                   .k = steps_of(width)};
    for (size_t d = 0; d < D; d += nr) {
        if (!x->stream) pack_panel(room->panel, x->w2 + h0 * D + d, D, width, least(nr, D - d), nr);
        a.b = x->stream ? x->stream : room->panel;
        a.c = last ? (void *)(x->y + d) : room->sums + d;
        a.from = h0 ? room->sums + d : NULL;
        tile_product(a, x->rows, least(nr, D - d), kind, false,
                     last && width < x->next_rows ? next_rows(x, d, D, nr) : next_panel(b, &a, nr));
        if (x->stream) x->stream += panel_words(width, nr);
    }
}

/* Units are the rows (e,g) of M; a range is cut at the experts, then into even blocks of at most mc rows. */
MOT_INLINE void experts_body(const mot_shape *s, const mot_tensors *t, const mot_config *c, mot_range r,
                             tile_kind kind) {
    const size_t nr = kind.nr;
    blocking b = experts_blocking(s, c, nr);
    if (!t->packed) b.streams = 0;
    const experts_room room = experts_divide(s, &b, t->scratch, nr);
    const size_t G = s->groups, D = s->d_model, H = s->d_expert;
    for (size_t row = r.begin; row < r.end;) {
        const size_t e = row / G, count = least(r.end, (e + 1) * G) - row, blocks = ceil_div(count, b.mc);
        for (size_t i = 0; i < blocks; i++) {
            const size_t first = row + share(count, blocks, i);
            const size_t end = row + share(count, blocks, i + 1);
            expert_block x = {.w1 = (const elem *)t->w1 + e * D * H,
                              .w2 = (const elem *)t->w2 + e * D * H,
                              .stream = t->packed ? (const word *)t->packed + e * expert_words(s, c, nr) : NULL,
                              .next = (const elem *)t->mixed + end * D,
                              .next_rows = least(r.end, end + b.mc) - end,
                              .y = (elem *)t->y + first * D,
                              .rows = end - first};
            pack_rows(room.m, (const elem *)t->mixed + first * D, D, x.rows, D);
            for (size_t h0 = 0; h0 < H; h0 += b.nc) {
                experts_up(s, &b, &room, &x, h0, least(b.nc, H - h0), kind);
                experts_down(s, &b, &room, &x, h0, least(b.nc, H - h0), kind);
            }
        }
        row += count;
    }
}
