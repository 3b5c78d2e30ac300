/* route.inl: P = softmax over tokens of X.C / temperature, group by group: the product into P, then softmax in place.
 */

/* Columns e..e+n of p (tokens x experts): softmax down each column. */
MOT_INLINE void softmax_columns(float *p, size_t tokens, size_t experts, size_t n, vec temperature) {
    vec top = v_load_n(p, n), sum = v_zero();
    for (size_t t = 1; t < tokens; t++) top = v_max(top, v_load_n(p + t * experts, n));
    for (size_t t = 0; t < tokens; t++) {
        const vec e = v_exp(v_div(v_sub(v_load_n(p + t * experts, n), top), temperature));
        sum = v_add(sum, e);
        v_store_n(p + t * experts, e, n);
    }
    for (size_t t = 0; t < tokens; t++) v_store_n(p + t * experts, v_div(v_load_n(p + t * experts, n), sum), n);
}

MOT_INLINE void route_group(const mot_shape *s, const mot_tensors *t, size_t g, tile_fn fn, size_t mr, size_t nr) {
    const size_t E = s->experts, tokens = mot_group_tokens(s, &t->strides, g);
    float *p = (float *)t->p + g * s->group_size * E;
    tile_args a = {.a = (const float *)t->x + mot_group_offset(&t->strides, g),
                   .a_row = t->strides.token_stride,
                   .a_step = 1,
                   .a_block = KB,
                   .b_row = E,
                   .c_row = E,
                   .c_block = KB,
                   .k = s->d_model};
    for (size_t e = 0; e < E; e += nr) {
        a.b = (const float *)t->controller + e;
        a.c = p + e;
        a.n = least(nr, E - e);
        panel_rows(a, tokens, fn, mr, 0);
    }
    const vec temperature = v_set1(t->temperature);
    for (size_t e = 0; e < E; e += LANES) softmax_columns(p + e, tokens, E, least(LANES, E - e), temperature);
}

MOT_INLINE void route_body(const mot_shape *s, const mot_tensors *t, const mot_config *c, mot_range r, tile_fn fn,
                           size_t mr, size_t nr) {
    (void)c;
    for (size_t g = r.begin; g < r.end; g++) route_group(s, t, g, fn, mr, nr);
}
