/* experts.inl: Y_e = relu(M_e.W1_e).W2_e, a blocked product with packed weights.
 *
 * Packed weights are one stream in the order in which they are used (expert, slice of nc hidden units):
 *     W1 panels [nc/NR][D][NR], then W2 panels [D/NR][nc][NR].
 * The rows of an expert (its groups) are worked on in blocks of at most mc. A block of M is copied into
 * [D/KB][rows][KB]; the up product stores relu(M.W1) in the same layout, from which the down product broadcasts; both
 * stay in L2. While the strips of a panel work, the next panel of the stream is prefetched into L2. Without packed
 * weights each panel is copied into scratch right before its use. */
#define EXPERT_KNOBS                                                                                                   \
    {"mc", 4, 128, {32, 64, 128, 256}},            /* rows per block */                                                \
        {"kc", 4, 0, {0, 128, 256, 512}},          /* depth per pass over the strips; 0: all */                        \
        {"nc", 5, 256, {64, 128, 256, 512, 1024}}, /* hidden units per slice */                                        \
    {                                                                                                                  \
        "prefetch", 2, 1, { 0, 1 }                                                                                     \
    } /* next panel into L2 */

/* Up to so many rows the plain stream of weights is all the memory can deliver, and software prefetch costs: 2 cores,
 * D 768, H 3072: G = 1 10.3 ms with and 7.9 without, G = 4 14.6 and 12.1; but G = 16 24 with and 40 without. */
enum { STREAM_ROWS = 4 };

typedef struct blocking {
    size_t mc, kc, nc; /* nc is a multiple of NR and KB */
    bool prefetch;
} blocking;

MOT_INLINE size_t round_up(size_t n, size_t unit) { return ceil_div(n, unit) * unit; }

MOT_INLINE blocking experts_blocking(const mot_shape *s, const mot_config *c, size_t nr) {
    const size_t nc = round_up(least((size_t)c->value[2], s->d_expert), nr < KB ? KB : nr);
    const size_t deepest = s->d_model > nc ? s->d_model : nc;
    return (blocking){.mc = (size_t)c->value[0],
                      .kc = c->value[1] ? (size_t)c->value[1] : round_up(deepest, KB),
                      .nc = nc,
                      .prefetch = c->value[3] != 0};
}

/* Floats of a slice of `width` hidden units, and of a whole expert, in the packed stream. */
MOT_INLINE size_t slice_floats(const mot_shape *s, size_t width, size_t nr) {
    return round_up(width, nr) * s->d_model + round_up(s->d_model, nr) * width;
}
static inline size_t expert_floats(const mot_shape *s, const mot_config *c, size_t nr) {
    const size_t nc = experts_blocking(s, c, nr).nc, slices = s->d_expert / nc;
    return slices * slice_floats(s, nc, nr) + slice_floats(s, s->d_expert % nc, nr);
}

/* Copies columns n0..n0+n of k rows of a row-major matrix into a panel [k][nr], padded with zeros. */
MOT_INLINE void pack_panel(float *panel, const float *w, size_t stride, size_t k, size_t n, size_t nr) {
    for (size_t i = 0; i < k; i++, w += stride, panel += nr)
        for (size_t j = 0; j < nr; j += LANES) v_store(panel + j, v_load_n(w + j, lanes_left(n, j)));
}

static inline float *pack_slice(const mot_shape *s, const float *w1, const float *w2, float *to, size_t h0,
                                size_t width, size_t nr) {
    const size_t D = s->d_model, H = s->d_expert;
    for (size_t h = 0; h < width; h += nr, to += D * nr) pack_panel(to, w1 + h0 + h, H, D, least(nr, width - h), nr);
    for (size_t d = 0; d < D; d += nr, to += width * nr)
        pack_panel(to, w2 + h0 * D + d, D, width, least(nr, D - d), nr);
    return to;
}

static inline void experts_pack(const mot_shape *s, const mot_tensors *t, const mot_config *c, void *packed,
                                mot_range r, size_t nr) {
    const size_t matrix = s->d_model * s->d_expert, nc = experts_blocking(s, c, nr).nc;
    for (size_t e = r.begin; e < r.end; e++) {
        float *to = (float *)packed + e * expert_floats(s, c, nr);
        for (size_t h0 = 0; h0 < s->d_expert; h0 += nc)
            to = pack_slice(s, (const float *)t->w1 + e * matrix, (const float *)t->w2 + e * matrix, to, h0,
                            least(nc, s->d_expert - h0), nr);
    }
}

/* Scratch: the block of M, the hidden slice, one panel. */
typedef struct experts_room {
    float *m, *hidden, *panel;
} experts_room;

MOT_INLINE size_t block_rows(const mot_shape *s, const blocking *b) { return least(b->mc, s->groups); }

MOT_INLINE size_t experts_scratch(const mot_shape *s, const mot_config *c, size_t nr) {
    const blocking b = experts_blocking(s, c, nr);
    const size_t deepest = s->d_model > b.nc ? s->d_model : b.nc;
    return block_rows(s, &b) * (round_up(s->d_model, KB) + b.nc) + deepest * nr;
}

MOT_INLINE experts_room experts_divide(const mot_shape *s, const blocking *b, void *scratch) {
    float *m = scratch, *hidden = m + block_rows(s, b) * round_up(s->d_model, KB);
    return (experts_room){m, hidden, hidden + block_rows(s, b) * b->nc};
}

/* rows x D, contiguous, into [D/KB][rows][KB]. */
MOT_INLINE void pack_rows(float *to, const float *m, size_t rows, size_t D) {
    for (size_t d = 0; d < D; d += KB)
        for (size_t i = 0; i < rows; i++, to += KB)
            for (size_t j = 0; j < KB; j += LANES) v_store(to + j, v_load_n(m + i * D + d + j, lanes_left(D - d, j)));
}

/* One panel: all of k in passes of kc, in each all strips of rows. */
MOT_INLINE void panel_product(tile_args a, size_t rows, const blocking *b, tile_fn fn, size_t mr, size_t nr) {
    const size_t k = a.k, passes = ceil_div(k, b->kc);
    const bool accumulate = a.accumulate, relu = a.relu;
    for (size_t k0 = 0, i = 0; k0 < k; k0 += b->kc, i++) {
        a.k = least(b->kc, k - k0);
        a.accumulate = accumulate || i > 0;
        a.relu = relu && i + 1 == passes;
        a.prefetch = (const char *)(a.b + k * nr);
        panel_rows(a, rows, fn, mr, b->prefetch && rows > STREAM_ROWS ? a.k * nr * sizeof(float) : 0);
        a.b += a.k * nr;
        a.a += b->kc / KB * a.a_block;
    }
}

/* One expert, one block of rows: y (rows x D) from m (rows x D). */
MOT_INLINE void experts_block(const mot_shape *s, const mot_tensors *t, const blocking *b, size_t e,
                              const float *stream, const float *m, float *y, size_t rows, tile_fn fn, size_t mr,
                              size_t nr) {
    const size_t D = s->d_model, H = s->d_expert, matrix = D * H;
    const float *w1 = (const float *)t->w1 + e * matrix, *w2 = (const float *)t->w2 + e * matrix;
    const experts_room room = experts_divide(s, b, t->scratch);
    tile_args up = {.a = room.m,
                    .a_row = KB,
                    .a_step = 1,
                    .a_block = rows * KB,
                    .b_row = nr,
                    .c_row = KB,
                    .c_block = rows * KB,
                    .k = D,
                    .n = nr,
                    .relu = true};
    tile_args down = {
        .a = room.hidden, .a_row = KB, .a_step = 1, .a_block = rows * KB, .b_row = nr, .c_row = D, .c_block = KB};
    pack_rows(room.m, m, rows, D);
    for (size_t h0 = 0; h0 < H; h0 += b->nc) {
        const size_t width = least(b->nc, H - h0);
        for (size_t h = 0; h < width; h += nr) {
            if (!stream) pack_panel(room.panel, w1 + h0 + h, H, D, least(nr, width - h), nr);
            up.b = stream ? stream : room.panel;
            up.c = room.hidden + h / KB * up.c_block + h % KB;
            panel_product(up, rows, b, fn, mr, nr);
            if (stream) stream += D * nr;
        }
        down.k = width;
        down.accumulate = h0 > 0;
        for (size_t d = 0; d < D; d += nr) {
            if (!stream) pack_panel(room.panel, w2 + h0 * D + d, D, width, least(nr, D - d), nr);
            down.b = stream ? stream : room.panel;
            down.c = y + d;
            down.n = least(nr, D - d);
            panel_product(down, rows, b, fn, mr, nr);
            if (stream) stream += width * nr;
        }
    }
}

/* Units are the rows (e,g) of M; a range is cut at the experts, then into even blocks of at most mc rows. */
MOT_INLINE void experts_body(const mot_shape *s, const mot_tensors *t, const mot_config *c, mot_range r, tile_fn fn,
                             size_t mr, size_t nr) {
    blocking b = experts_blocking(s, c, nr);
    b.prefetch = b.prefetch && t->packed;
    const size_t G = s->groups, D = s->d_model;
    for (size_t row = r.begin; row < r.end;) {
        const size_t e = row / G, count = least(r.end, (e + 1) * G) - row, blocks = ceil_div(count, b.mc);
        const float *stream = t->packed ? (const float *)t->packed + e * expert_floats(s, c, nr) : NULL;
        for (size_t i = 0; i < blocks; i++) {
            const size_t first = row + share(count, blocks, i), rows = row + share(count, blocks, i + 1) - first;
            experts_block(s, t, &b, e, stream, (const float *)t->mixed + first * D, (float *)t->y + first * D, rows, fn,
                          mr, nr);
        }
        row += count;
    }
}
