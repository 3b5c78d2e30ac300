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

/* Groups that are worked on together: small ones share the copy of the controller. */
enum { ROUTE_ROWS = 64 };
MOT_INLINE size_t route_groups(const mot_shape *s) {
    const size_t together = ROUTE_ROWS / s->group_size;
    return least(together ? together : 1, s->groups ? s->groups : 1);
}

/* Scratch: with few experts, the controller for dots; else factors of X, a panel of the controller, logits [tokens of
 * all groups][whole panels]. */
MOT_INLINE size_t route_rows(const mot_shape *s) { return route_groups(s) * s->group_size; }
MOT_INLINE size_t route_operands(const mot_shape *s, size_t nr) {
    const size_t factors = rows_factors(route_rows(s), s->d_model);
    return round_up(factors * sizeof(factor) + panel_words(s->d_model, nr) * sizeof(word), sizeof(float));
}
static inline size_t route_scratch(const mot_shape *s, const mot_config *c, size_t nr) {
    const size_t logits = route_rows(s) * round_up(s->experts, nr) * sizeof(float);
    (void)c;
    return logits + (by_dots(s) ? dots_bytes(s) : route_operands(s, nr));
}

/* The controller for dots, at the head of scratch, which is then what is left of it; NULL where tiles are better. */
MOT_INLINE const float *route_open(const mot_shape *s, mot_tensors *t) {
    float *controller = t->scratch;
    if (!by_dots(s)) return NULL;
    dots_pack(s, t->controller, controller);
    t->scratch = (char *)t->scratch + dots_bytes(s);
    return controller;
}

/* X of the groups r into factors of `rows` rows. Rows of tokens that a short group lacks are whatever is in
 * scratch: their logits are nobody's. */
MOT_INLINE void route_pack(const mot_shape *s, const mot_tensors *t, mot_range r, size_t rows) {
    const size_t T = s->group_size, D = s->d_model;
    for (size_t g = r.begin; g < r.end; g++) {
        factor *to = (factor *)t->scratch + (g - r.begin) * T * KB;
        const size_t tokens = mot_group_tokens(s, &t->strides, g);
        const elem *x = (const elem *)t->x + mot_group_offset(&t->strides, g);
        pack_rows_of(to, rows, x, t->strides.token_stride, tokens, D);
    }
}

MOT_INLINE void route_softmax(const mot_shape *s, const mot_tensors *t, size_t g, size_t from, size_t to, float *logits,
                              size_t width) {
    const size_t E = s->experts, tokens = mot_group_tokens(s, &t->strides, g);
    elem *p = (elem *)t->p + g * s->group_size * E;
    for (size_t e = from; e < to; e += LANES)
        softmax_columns(p + e, E, logits + e, width, tokens, least(LANES, to - e), v_set1(t->temperature));
}

/* A panel of the controller for the experts e..e+n. Where it lies that way already, or only a few strips of rows read
 * it, there is nothing to gain from a copy. */
MOT_INLINE void route_panel(const mot_shape *s, const mot_tensors *t, size_t e, size_t n, word *room, tile_kind kind,
                            size_t rows, tile_args *a) {
    enum { FEW = 4 };
    const size_t E = s->experts, nr = kind.nr;
    const elem *columns = (const elem *)t->controller + e;
    const bool in_place = sizeof(word) == sizeof(elem) && n == nr && (E == nr || rows <= FEW * kind.mr);
    if (!in_place) pack_panel(room, columns, E, s->d_model, n, nr);
    a->b = in_place ? (const word *)columns : room;
    a->b_row = in_place ? E : nr;
}

/* Logits of the experts from..to, [tokens][width]. */
MOT_INLINE void route_tiles(const mot_shape *s, const mot_tensors *t, piece p, float *logits, size_t width,
                            tile_kind kind) {
    const size_t D = s->d_model, nr = kind.nr, rows = (p.end - p.group) * s->group_size;
    word *panel = (word *)((factor *)t->scratch + rows_factors(rows, D));
    tile_args a = {
        .a = t->scratch, .to = TO_SUMS, .a_block = rows * KB, .c_row = width, .c_block = KB, .k = steps_of(D)};
    route_pack(s, t, (mot_range){p.group, p.end}, rows);
    for (size_t e = p.from; e < p.to; e += nr) {
        route_panel(s, t, e, least(nr, p.to - e), panel, kind, rows, &a);
        a.c = logits + e;
        tile_product(a, rows, nr, kind, false, ahead_of(NULL, 0, 0, 0));
    }
}

/* The same of all experts, which are few. */
MOT_INLINE void route_dots(const mot_shape *s, const mot_tensors *t, piece p, const float *controller, float *logits,
                           size_t width) {
    for (size_t g = p.group; g < p.end; g++, logits += s->group_size * width) {
        const dots a = {.x = (const elem *)t->x + mot_group_offset(&t->strides, g),
                        .c = controller,
                        .to = logits,
                        .x_row = t->strides.token_stride,
                        .width = width,
                        .D = s->d_model};
        dots_run(&a, mot_group_tokens(s, &t->strides, g), s->experts);
    }
}

/* At most route_groups of them. */
MOT_INLINE void route_piece(const mot_shape *s, const mot_tensors *t, piece p, const float *controller,
                            tile_kind kind) {
    const size_t width = round_up(s->experts, controller ? LANES : kind.nr);
    float *logits = (float *)((char *)t->scratch + (controller ? 0 : route_operands(s, kind.nr)));
    controller ? route_dots(s, t, p, controller, logits, width) : route_tiles(s, t, p, logits, width, kind);
    for (size_t g = p.group; g < p.end; g++)
        route_softmax(s, t, g, p.from, p.to, logits + (g - p.group) * s->group_size * width, width);
}

MOT_INLINE void route_body(const mot_shape *s, const mot_tensors *t, const mot_config *c, mot_range r, tile_kind kind) {
    mot_tensors here = *t;
    const float *controller = route_open(s, &here);
    (void)c;
    while (r.begin < r.end)
        route_piece(s, &here, next_piece(&r, s, s->experts, kind.nr, route_groups(s)), controller, kind);
}
