/* plain_kernels.inl: every stage as plain loops, stamped once for each kind of arithmetic:
 *   NAME(stage)  SCOPE  the functions and their storage class
 *   ELEMENT  LOAD(element) -> float  STORE(float) -> element
 *   ADD(sum, product)  HIDDEN(float)  what a sum and an element of the hidden layer are kept as
 * Undefines what it was given. */

static inline const ELEMENT *NAME(tokens_of)(const mot_tensors *t, size_t group) {
    return (const ELEMENT *)t->x + mot_group_offset(&t->strides, group);
}

static inline void NAME(softmax)(float *column, size_t n) {
    float max = -INFINITY, sum = 0;
    for (size_t i = 0; i < n; i++) max = column[i] > max ? column[i] : max;
    for (size_t i = 0; i < n; i++) sum += column[i] = expf(column[i] - max);
    for (size_t i = 0; i < n; i++) column[i] /= sum;
}

/* Expert e's weights of a group's tokens, before they are stored. */
static inline void NAME(weights)(const mot_shape *s, const mot_tensors *t, size_t g, size_t e, float *column) {
    const size_t tokens = mot_group_tokens(s, &t->strides, g), E = s->experts;
    const ELEMENT *controller = t->controller;
    for (size_t i = 0; i < tokens; i++) {
        const ELEMENT *x = NAME(tokens_of)(t, g) + i * t->strides.token_stride;
        float logit = 0;
        for (size_t d = 0; d < s->d_model; d++) logit = ADD(logit, LOAD(x[d]) * LOAD(controller[d * E + e]));
        column[i] = logit / t->temperature;
    }
    NAME(softmax)(column, tokens);
}

SCOPE void NAME(route)(const mot_shape *s, const mot_tensors *t, const mot_config *c, mot_range r) {
    const size_t E = s->experts;
    float *column = t->scratch;
    (void)c;
    for (size_t g = r.begin; g < r.end; g++) {
        ELEMENT *p = (ELEMENT *)t->p + g * s->group_size * E;
        for (size_t e = 0; e < E; e++) {
            NAME(weights)(s, t, g, e, column);
            for (size_t i = 0; i < mot_group_tokens(s, &t->strides, g); i++) p[i * E + e] = STORE(column[i]);
        }
    }
}

/* to = sum over k of a[k] * b's row k. */
static inline void NAME(combine)(ELEMENT *to, size_t n, const ELEMENT *a, size_t a_step, const ELEMENT *b, size_t b_row,
                                 size_t k) {
    for (size_t j = 0; j < n; j++) {
        float sum = 0;
        for (size_t i = 0; i < k; i++) sum = ADD(sum, LOAD(a[i * a_step]) * LOAD(b[i * b_row + j]));
        to[j] = STORE(sum);
    }
}

SCOPE void NAME(mix)(const mot_shape *s, const mot_tensors *t, const mot_config *c, mot_range r) {
    const size_t D = s->d_model, E = s->experts;
    (void)c;
    for (size_t g = r.begin; g < r.end; g++) {
        const ELEMENT *x = NAME(tokens_of)(t, g), *p = (const ELEMENT *)t->p + g * s->group_size * E;
        const size_t tokens = mot_group_tokens(s, &t->strides, g);
        for (size_t e = 0; e < E; e++) {
            ELEMENT *mixed = (ELEMENT *)t->mixed + (e * s->groups + g) * D;
            NAME(combine)(mixed, D, p + e, E, x, t->strides.token_stride, tokens);
        }
    }
}

SCOPE void NAME(experts)(const mot_shape *s, const mot_tensors *t, const mot_config *c, mot_range r) {
    const size_t D = s->d_model, H = s->d_expert;
    float *hidden = t->scratch;
    (void)c;
    for (size_t row = r.begin; row < r.end; row++) {
        const size_t e = row / s->groups;
        const ELEMENT *mixed = (const ELEMENT *)t->mixed + row * D;
        const ELEMENT *w1 = (const ELEMENT *)t->w1 + e * D * H, *w2 = (const ELEMENT *)t->w2 + e * D * H;
        for (size_t h = 0; h < H; h++) {
            float sum = 0;
            for (size_t d = 0; d < D; d++) sum = ADD(sum, LOAD(mixed[d]) * LOAD(w1[d * H + h]));
            hidden[h] = HIDDEN(sum < 0 ? 0 : sum);
        }
        for (size_t d = 0; d < D; d++) {
            float sum = 0;
            for (size_t h = 0; h < H; h++) sum = ADD(sum, hidden[h] * LOAD(w2[h * D + d]));
            ((ELEMENT *)t->y)[row * D + d] = STORE(sum);
        }
    }
}

SCOPE void NAME(redistribute)(const mot_shape *s, const mot_tensors *t, const mot_config *c, mot_range r) {
    const size_t D = s->d_model, E = s->experts;
    (void)c;
    for (size_t g = r.begin; g < r.end; g++) {
        const ELEMENT *p = (const ELEMENT *)t->p + g * s->group_size * E, *y = (const ELEMENT *)t->y + g * D;
        ELEMENT *out = (ELEMENT *)t->out + mot_group_offset(&t->strides, g);
        for (size_t i = 0; i < mot_group_tokens(s, &t->strides, g); i++)
            NAME(combine)(out + i * t->strides.token_stride, D, p + i * E, 1, y, s->groups * D, E);
    }
}

#undef NAME
#undef SCOPE
#undef ELEMENT
#undef LOAD
#undef STORE
#undef ADD
#undef HIDDEN
