/* route.inl: P = softmax over tokens of X.C / temperature, group by group: the logits (in P itself where it is f32),
 * then softmax down each column. */

/* Columns 0..n of logits (tokens x width) into p (tokens x experts). The logits are overwritten. */
MOT_INLINE void softmax_columns(elem *p, size_t experts, float *logits, size_t width, size_t tokens, size_t n,
                                vec temperature) {
    vec top = v_load_n(logits, n), sum = v_zero();
    for (size_t t = 1; t < tokens; t++) top = v_max(top, v_load_n(logits + t * width, n));
    for (size_t t = 0; t < tokens; t++) {
        const vec e = v_exp(v_div(v_sub(v_load_n(logits + t * width, n), top), temperature));
        sum = v_add(sum, e);
        v_store_n(logits + t * width, e, n);
    }
    for (size_t t = 0; t < tokens; t++) e_store_n(p + t * experts, v_div(v_load_n(logits + t * width, n), sum), n);
}

/* Scratch where tensors are no operands: factors of x, a panel of the controller, then the logits. */
MOT_INLINE size_t route_logits(const mot_shape *s, size_t nr) {
    return product_scratch(rows_factors(s->group_size, s->d_model), s->d_model, nr);
}
static inline size_t route_scratch(const mot_shape *s, size_t nr) {
    return DIRECT ? 0 : route_logits(s, nr) + s->group_size * s->experts * sizeof(float);
}

MOT_INLINE void route_group(const mot_shape *s, const mot_tensors *t, size_t g, tile_fn fn, size_t mr, size_t nr) {
    const size_t E = s->experts, D = s->d_model, tokens = mot_group_tokens(s, &t->strides, g);
    const elem *x = (const elem *)t->x + mot_group_offset(&t->strides, g), *controller = t->controller;
    elem *p = (elem *)t->p + g * s->group_size * E;
    float *logits = DIRECT ? (float *)p : (float *)((char *)t->scratch + route_logits(s, nr));
    word *panel = panel_after(t->scratch, rows_factors(tokens, D));
    tile_args a = {.a = DIRECT ? (const factor *)x : t->scratch,
                   .a_row = DIRECT ? t->strides.token_stride : KB,
                   .a_step = 1,
                   .a_block = DIRECT ? KB : tokens * KB,
                   .b_row = DIRECT ? E : nr,
                   .to = TO_SUMS,
                   .c_row = E,
                   .c_block = KB,
                   .k = steps_of(D)};
    if (!DIRECT) pack_rows(t->scratch, x, t->strides.token_stride, tokens, D);
    for (size_t e = 0; e < E; e += nr) {
        if (!DIRECT) pack_panel(panel, controller + e, E, D, least(nr, E - e), nr);
        a.b = DIRECT ? (const word *)(controller + e) : panel;
        a.c = logits + e;
        a.n = least(nr, E - e);
        panel_rows(a, tokens, fn, mr, 0);
    }
    const vec temperature = v_set1(t->temperature);
    for (size_t e = 0; e < E; e += LANES)
        softmax_columns(p + e, E, logits + e, E, tokens, least(LANES, E - e), temperature);
}

MOT_INLINE void route_body(const mot_shape *s, const mot_tensors *t, const mot_config *c, mot_range r, tile_fn fn,
                           size_t mr, size_t nr) {
    (void)c;
    for (size_t g = r.begin; g < r.end; g++) route_group(s, t, g, fn, mr, nr);
}
