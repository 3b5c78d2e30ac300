/* mix.inl: M_e = sum over tokens of P[t][e] X_t, group by group. */
enum { MIXED_BYTES = 16 << 20 }; /* more does not wait in cache for the experts */

MOT_INLINE product mix_product(const mot_shape *s, const mot_config *c, size_t experts, size_t tokens, size_t nr) {
    const size_t by_columns = steps_of(tokens) * round_up(experts, LANES);
    const size_t factors = BY_COLUMNS ? by_columns : rows_factors(experts, tokens);
    return product_of(c, experts, tokens, s->group_size, s->d_model, factors, nr,
                      s->groups * s->experts * s->d_model * sizeof(elem) > MIXED_BYTES);
}
static inline size_t mix_scratch(const mot_shape *s, const mot_config *c, size_t nr) {
    const product p = mix_product(s, c, s->experts, s->group_size, nr);
    return product_scratch(&p);
}

/* The experts from..to of group g, while group `then` comes to L2 if it is before `end`. */
MOT_INLINE void mix_group(const mot_shape *s, const mot_tensors *t, const mot_config *c, size_t g, size_t from,
                          size_t to, size_t then, size_t end, tile_kind kind) {
    const size_t D = s->d_model, E = s->experts, rows = to - from, tokens = mot_group_tokens(s, &t->strides, g);
    const product p = mix_product(s, c, rows, tokens, kind.nr);
    const elem *weights = (const elem *)t->p + g * s->group_size * E + from;
    BY_COLUMNS ? pack_columns(t->scratch, weights, E, tokens, rows)
               : pack_transposed(t->scratch, weights, E, tokens, rows);
    const elem *x = t->x, *next = then < end ? x + mot_group_offset(&t->strides, then) : NULL;
    product_run(&p, (tile_args){.a_step = round_up(rows, LANES), .a_block = rows * KB},
                (elem *)t->mixed + (from * s->groups + g) * D, s->groups * D, x + mot_group_offset(&t->strides, g),
                t->strides.token_stride, next, t->scratch, kind, BY_COLUMNS);
}

/* `ahead`: how many groups from now a group is needed next that is not in L2 yet. */
MOT_INLINE void mix_piece(const mot_shape *s, const mot_tensors *t, const mot_config *c, piece p, size_t ahead,
                          size_t end, tile_kind kind) {
    for (size_t g = p.group; g < p.end; g++) mix_group(s, t, c, g, p.from, p.to, g + ahead, end, kind);
}

MOT_INLINE void mix_body(const mot_shape *s, const mot_tensors *t, const mot_config *c, mot_range r, tile_kind kind) {
    const size_t end = last_group(r, s, s->experts, kind.nr);
    while (r.begin < r.end) mix_piece(s, t, c, next_piece(&r, s, s->experts, kind.nr, SIZE_MAX), 1, end, kind);
}
