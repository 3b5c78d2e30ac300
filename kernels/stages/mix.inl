/* mix.inl: M_e = sum over tokens of P[t][e] X_t, group by group. Columns of X are copied into panels, dc at a time,
 * which all experts use: rows of X often lie a power of two apart, so that in place they evict each other. */
#define CHUNK_KNOB                                                                                                     \
    {                                                                                                                  \
        "dc", 5, 0, { 0, 64, 128, 256, 512 }                                                                           \
    } /* columns of D copied at a time; 0: as many as CHUNK_BYTES hold */
enum { CHUNK_BYTES = 64 << 10 };

/* Whole panels of a matrix with k rows and D columns. */
MOT_INLINE size_t chunk_columns(const mot_config *c, size_t k, size_t D, size_t nr) {
    const size_t fit = CHUNK_BYTES / (k * sizeof(elem)) / nr * nr, wanted = c->value[0] ? (size_t)c->value[0] : fit;
    return least(round_up(wanted ? wanted : 1, nr), round_up(D, nr));
}

/* c (rows x D, elements c_row apart) = a . b, b (k x D) with rows `stride` apart, by way of `panels`. */
MOT_INLINE void chunked_product(tile_args a, const elem *b, size_t stride, size_t k, word *panels, size_t rows,
                                size_t D, size_t chunk, tile_kind kind, const bool columns) {
    elem *c = a.c;
    a.to = TO_ELEMS;
    a.c_block = KB;
    a.k = steps_of(k);
    for (size_t d = 0; d < D; d += kind.nr) {
        if (d % chunk == 0) pack_panels(panels, b + d, stride, k, least(chunk, D - d), kind.nr);
        a.b = panels + panel_words(k, d % chunk);
        a.c = c + d;
        a.n = least(kind.nr, D - d);
        panel_rows(a, rows, kind, columns, 0);
    }
}

MOT_INLINE size_t mix_factors(const mot_shape *s) { return steps_of(s->group_size) * round_up(s->experts, LANES); }
static inline size_t mix_scratch(const mot_shape *s, const mot_config *c, size_t nr) {
    return product_scratch(mix_factors(s), s->group_size, chunk_columns(c, s->group_size, s->d_model, nr));
}

MOT_INLINE void mix_group(const mot_shape *s, const mot_tensors *t, const mot_config *c, size_t g, tile_kind kind) {
    const size_t D = s->d_model, E = s->experts, tokens = mot_group_tokens(s, &t->strides, g);
    const tile_args a = {
        .a = t->scratch, .c = (elem *)t->mixed + g * D, .a_step = round_up(E, LANES), .c_row = s->groups * D};
    pack_columns(t->scratch, (const elem *)t->p + g * s->group_size * E, E, tokens, E);
    chunked_product(a, (const elem *)t->x + mot_group_offset(&t->strides, g), t->strides.token_stride, tokens,
                    panel_after(t->scratch, mix_factors(s)), E, D, chunk_columns(c, s->group_size, D, kind.nr), kind,
                    true);
}

MOT_INLINE void mix_body(const mot_shape *s, const mot_tensors *t, const mot_config *c, mot_range r, tile_kind kind) {
    for (size_t g = r.begin; g < r.end; g++) mix_group(s, t, c, g, kind);
}
