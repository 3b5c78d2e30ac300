/* redistribute.inl: U_t = sum over experts of P[t][e] Y_e, group by group. */
static inline size_t redistribute_scratch(const mot_shape *s, size_t nr) {
    return product_scratch(rows_factors(s->group_size, s->experts), s->experts, nr);
}

MOT_INLINE void redistribute_group(const mot_shape *s, const mot_tensors *t, const mot_config *c, size_t g, tile_fn fn,
                                   size_t mr, size_t nr) {
    const size_t D = s->d_model, E = s->experts, tokens = mot_group_tokens(s, &t->strides, g);
    const elem *p = (const elem *)t->p + g * s->group_size * E, *y = (const elem *)t->y + g * D;
    const tile_args a = {.a = DIRECT ? (const factor *)p : t->scratch,
                         .a_row = DIRECT ? E : KB,
                         .a_step = 1,
                         .a_block = DIRECT ? KB : tokens * KB,
                         .c = (elem *)t->out + mot_group_offset(&t->strides, g),
                         .c_row = t->strides.token_stride,
                         .c_block = KB};
    if (!DIRECT) pack_rows(t->scratch, p, E, tokens, E);
    chunked_product(a, y, s->groups * D, E, panel_after(t->scratch, rows_factors(tokens, E)), tokens, D,
                    chunk_columns(c, D, nr), fn, mr, nr);
}

MOT_INLINE void redistribute_body(const mot_shape *s, const mot_tensors *t, const mot_config *c, mot_range r,
                                  tile_fn fn, size_t mr, size_t nr) {
    for (size_t g = r.begin; g < r.end; g++) redistribute_group(s, t, c, g, fn, mr, nr);
}
