/* mix.inl: M_e = sum over tokens of P[t][e] X_t, group by group, in chunks of D columns so that a chunk of X stays in
 * L1 while all experts read it. */
#define CHUNK_KNOB                                                                                                     \
    {                                                                                                                  \
        "dc", 5, 0, { 0, 64, 128, 256, 512 }                                                                           \
    } /* columns of D per pass over the rows; 0: all */

MOT_INLINE size_t chunk_columns(const mot_config *c, size_t D, size_t nr) {
    if (!DIRECT) return nr; /* the panel that is in scratch */
    return c->value[0] == 0 ? D : ceil_div((size_t)c->value[0], nr) * nr;
}

/* One product over k with D columns: chunks of D, strips of rows, panels of nr columns. b (k x D) has rows `stride`
 * apart; `panel` is room for one of its panels. */
MOT_INLINE void chunked_product(tile_args a, const elem *b, size_t stride, size_t k, word *panel, size_t rows, size_t D,
                                size_t chunk, tile_fn fn, size_t mr, size_t nr) {
    const factor *a0 = a.a;
    elem *c0 = a.c;
    const size_t strips = ceil_div(rows, mr);
    a.k = steps_of(k);
    a.b_row = DIRECT ? stride : nr;
    for (size_t d0 = 0; d0 < D; d0 += chunk) {
        if (!DIRECT) pack_panel(panel, b + d0, stride, k, least(nr, D - d0), nr);
        for (size_t i = 0; i < strips; i++) {
            const size_t first = share(rows, strips, i), count = share(rows, strips, i + 1) - first;
            a.a = a0 + first * a.a_row;
            for (size_t d = d0; d < least(D, d0 + chunk); d += nr) {
                a.b = DIRECT ? (const word *)(b + d) : panel;
                a.c = c0 + first * a.c_row + d;
                a.n = least(nr, D - d);
                fn(&a, count);
            }
        }
    }
}

MOT_INLINE size_t mix_factors(const mot_shape *s) { return steps_of(s->group_size) * round_up(s->experts, LANES); }

MOT_INLINE void mix_group(const mot_shape *s, const mot_tensors *t, const mot_config *c, size_t g, tile_fn fn,
                          size_t mr, size_t nr) {
    const size_t D = s->d_model, E = s->experts, tokens = mot_group_tokens(s, &t->strides, g);
    const elem *p = (const elem *)t->p + g * s->group_size * E,
               *x = (const elem *)t->x + mot_group_offset(&t->strides, g);
    const size_t step = DIRECT ? E : round_up(E, LANES);
    const tile_args a = {.a = DIRECT ? (const factor *)p : t->scratch,
                         .a_row = 1,
                         .a_step = step,
                         .a_block = KB * step,
                         .c = (elem *)t->mixed + g * D,
                         .c_row = s->groups * D,
                         .c_block = KB};
    if (!DIRECT) pack_columns(t->scratch, p, E, tokens, E);
    chunked_product(a, x, t->strides.token_stride, tokens, panel_after(t->scratch, mix_factors(s)), E, D,
                    chunk_columns(c, D, nr), fn, mr, nr);
}

static inline size_t mix_scratch(const mot_shape *s, size_t nr) {
    return product_scratch(mix_factors(s), s->group_size, nr);
}

MOT_INLINE void mix_body(const mot_shape *s, const mot_tensors *t, const mot_config *c, mot_range r, tile_fn fn,
                         size_t mr, size_t nr) {
    for (size_t g = r.begin; g < r.end; g++) mix_group(s, t, c, g, fn, mr, nr);
}
