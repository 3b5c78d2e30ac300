/* redistribute.inl: U_t = sum over experts of P[t][e] Y_e, group by group; columns of Y are copied as those of X in
 * mix. */
static inline size_t redistribute_scratch(const mot_shape *s, const mot_config *c, size_t nr) {
    return product_scratch(rows_factors(s->group_size, s->experts), s->experts,
                           chunk_columns(c, s->experts, s->d_model, nr));
}

MOT_INLINE void redistribute_group(const mot_shape *s, const mot_tensors *t, const mot_config *c, size_t g,
                                   tile_kind kind) {
    const size_t D = s->d_model, E = s->experts, tokens = mot_group_tokens(s, &t->strides, g);
    const tile_args a = {.a = t->scratch,
                         .c = (elem *)t->out + mot_group_offset(&t->strides, g),
                         .a_block = tokens * KB,
                         .c_row = t->strides.token_stride};
    pack_rows(t->scratch, (const elem *)t->p + g * s->group_size * E, E, tokens, E);
    chunked_product(a, (const elem *)t->y + g * D, s->groups * D, E, panel_after(t->scratch, rows_factors(tokens, E)),
                    tokens, D, chunk_columns(c, E, D, kind.nr), kind, false);
}

MOT_INLINE void redistribute_body(const mot_shape *s, const mot_tensors *t, const mot_config *c, mot_range r,
                                  tile_kind kind) {
    for (size_t g = r.begin; g < r.end; g++) redistribute_group(s, t, c, g, kind);
}
