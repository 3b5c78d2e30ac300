/* redistribute.inl: U_t = sum over experts of P[t][e] Y_e, group by group. */
enum { EXPERTS_AT_ONCE = 64 }; /* rows of Y copied at a time: with many experts, few but long ones */
enum { OUT_BYTES = 2 << 20 };  /* nobody here reads the result: more only evicts Y */

MOT_INLINE product redistribute_product(const mot_shape *s, const mot_config *c, size_t columns, size_t tokens,
                                        size_t nr) {
    return product_of(c, tokens, s->experts, least(s->experts, EXPERTS_AT_ONCE), columns,
                      rows_factors(tokens, s->experts), nr,
                      s->groups * s->group_size * s->d_model * sizeof(elem) > OUT_BYTES);
}
static inline size_t redistribute_scratch(const mot_shape *s, const mot_config *c, size_t nr) {
    const product p = redistribute_product(s, c, s->d_model, s->group_size, nr);
    return product_scratch(&p);
}

/* The columns of a piece, for group g; `end` as in mix. */
MOT_INLINE void redistribute_group(const mot_shape *s, const mot_tensors *t, const mot_config *c, size_t g, piece at,
                                   size_t end, tile_kind kind) {
    const size_t D = s->d_model, E = s->experts, tokens = mot_group_tokens(s, &t->strides, g);
    const product p = redistribute_product(s, c, at.to - at.from, tokens, kind.nr);
    const elem *y = (const elem *)t->y + g * D + at.from;
    pack_rows(t->scratch, (const elem *)t->p + g * s->group_size * E, E, tokens, E);
    product_run(&p, (tile_args){.a_block = tokens * KB}, (elem *)t->out + mot_group_offset(&t->strides, g) + at.from,
                t->strides.token_stride, y, s->groups * D, g + 1 < end ? y + D : NULL, t->scratch, kind, false);
}

MOT_INLINE void redistribute_body(const mot_shape *s, const mot_tensors *t, const mot_config *c, mot_range r,
                                  tile_kind kind) {
    const size_t end = last_group(r, s, s->d_model, kind.nr);
    while (r.begin < r.end) {
        const piece p = next_piece(&r, s, s->d_model, kind.nr, SIZE_MAX);
        for (size_t g = p.group; g < p.end; g++) redistribute_group(s, t, c, g, p, end, kind);
    }
}
