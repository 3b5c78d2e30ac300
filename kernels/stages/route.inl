/* route.inl: P = softmax over tokens of X.C / temperature, group by group: logits in scratch, then a softmax down each
 * column. */

/* LANES columns of logits (tokens x width), which are overwritten, into n columns of p (tokens x experts). */
MOT_INLINE void softmax_columns(elem *p, size_t experts, float *logits, size_t width, size_t tokens, size_t n,
                                vec temperature) {
    vec top = v_load(logits), sum = v_zero();
    for (size_t t = 1; t < tokens; t++) top = v_max(top, v_load(logits + t * width));
    for (size_t t = 0; t < tokens; t++) {
        const vec e = v_exp(v_div(v_sub(v_load(logits + t * width), top), temperature));
        sum = v_add(sum, e);
        v_store(logits + t * width, e);
    }
    for (size_t t = 0; t < tokens; t++) e_store_n(p + t * experts, v_div(v_load(logits + t * width), sum), n);
}

/* Scratch: factors of X, a panel of the controller, logits [tokens][whole panels]. */
MOT_INLINE size_t route_operands(const mot_shape *s, size_t nr) {
    const size_t factors = rows_factors(s->group_size, s->d_model);
    return round_up(factors * sizeof(factor) + panel_words(s->d_model, nr) * sizeof(word), sizeof(float));
}
static inline size_t route_scratch(const mot_shape *s, const mot_config *c, size_t nr) {
    (void)c;
    return route_operands(s, nr) + s->group_size * round_up(s->experts, nr) * sizeof(float);
}

MOT_INLINE void route_group(const mot_shape *s, const mot_tensors *t, size_t g, tile_kind kind) {
    const size_t E = s->experts, D = s->d_model, nr = kind.nr, width = round_up(E, nr);
    const size_t tokens = mot_group_tokens(s, &t->strides, g);
    float *logits = (float *)((char *)t->scratch + route_operands(s, nr));
    word *panel = (word *)((factor *)t->scratch + rows_factors(tokens, D));
    tile_args a = {.a = t->scratch,
                   .b = panel,
                   .to = TO_SUMS,
                   .a_block = tokens * KB,
                   .c_row = width,
                   .c_block = KB,
                   .k = steps_of(D)};
    pack_rows(t->scratch, (const elem *)t->x + mot_group_offset(&t->strides, g), t->strides.token_stride, tokens, D);
    for (size_t e = 0; e < E; e += nr) {
        pack_panel(panel, (const elem *)t->controller + e, E, D, least(nr, E - e), nr);
        a.c = logits + e;
        tile_product(a, tokens, nr, kind, false, 0);
    }
    elem *p = (elem *)t->p + g * s->group_size * E;
    for (size_t e = 0; e < E; e += LANES)
        softmax_columns(p + e, E, logits + e, width, tokens, least(LANES, E - e), v_set1(t->temperature));
}

MOT_INLINE void route_body(const mot_shape *s, const mot_tensors *t, const mot_config *c, mot_range r, tile_kind kind) {
    (void)c;
    for (size_t g = r.begin; g < r.end; g++) route_group(s, t, g, kind);
}
