/* mix.inl: M_e = sum over tokens of P[t][e] X_t, group by group, in chunks of D columns so that a chunk of X stays in
 * L1 while all experts read it. */
#define CHUNK_KNOB                                                                                                     \
    {                                                                                                                  \
        "dc", 5, 0, { 0, 64, 128, 256, 512 }                                                                           \
    } /* columns of D per pass over the rows; 0: all */

MOT_INLINE size_t chunk_columns(const mot_config *c, size_t D, size_t nr) {
    return c->value[0] == 0 ? D : ceil_div((size_t)c->value[0], nr) * nr;
}

/* One product over K = a.k with D columns: chunks of D, strips of rows, panels of nr columns. */
MOT_INLINE void chunked_product(tile_args a, size_t rows, size_t D, size_t chunk, tile_fn fn, size_t mr, size_t nr) {
    const float *a0 = a.a, *b0 = a.b;
    float *c0 = a.c;
    const size_t strips = ceil_div(rows, mr);
    for (size_t d0 = 0; d0 < D; d0 += chunk) {
        for (size_t i = 0; i < strips; i++) {
            const size_t first = share(rows, strips, i), count = share(rows, strips, i + 1) - first;
            a.a = a0 + first * a.a_row;
            for (size_t d = d0; d < least(D, d0 + chunk); d += nr) {
                a.b = b0 + d;
                a.c = c0 + first * a.c_row + d;
                a.n = least(nr, D - d);
                fn(&a, count);
            }
        }
    }
}

MOT_INLINE void mix_group(const mot_shape *s, const mot_tensors *t, const mot_config *c, size_t g, tile_fn fn,
                          size_t mr, size_t nr) {
    const size_t D = s->d_model, E = s->experts;
    const tile_args a = {.a = (const float *)t->p + g * s->group_size * E,
                         .a_row = 1,
                         .a_step = E,
                         .a_block = KB * E,
                         .b = (const float *)t->x + mot_group_offset(&t->strides, g),
                         .b_row = t->strides.token_stride,
                         .c = (float *)t->mixed + g * D,
                         .c_row = s->groups * D,
                         .c_block = KB,
                         .k = mot_group_tokens(s, &t->strides, g)};
    chunked_product(a, E, D, chunk_columns(c, D, nr), fn, mr, nr);
}

MOT_INLINE void mix_body(const mot_shape *s, const mot_tensors *t, const mot_config *c, mot_range r, tile_fn fn,
                         size_t mr, size_t nr) {
    for (size_t g = r.begin; g < r.end; g++) mix_group(s, t, c, g, fn, mr, nr);
}
