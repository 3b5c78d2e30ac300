/* dots.inl: X.C for few columns of C: dot products along D, whose rows of X are read where they lie. A tile would
 * compute LANES columns for them and first copy X. */
enum { DOT_TOKENS = 4 };

MOT_INLINE bool by_dots(const mot_shape *s) { return s->experts <= mot_dot_experts(MOT_ISA_ID); }

/* Scratch: C as [D/LANES][E][LANES], f32, zeros at the end: one stream, whose offsets are constants. */
MOT_INLINE size_t dots_vectors(const mot_shape *s) { return ceil_div(s->d_model, LANES); }
MOT_INLINE size_t dots_bytes(const mot_shape *s) {
    return by_dots(s) ? round_up(s->experts * dots_vectors(s) * LANES * sizeof(float), 64) : 0;
}

static inline void dots_pack(const mot_shape *s, const elem *c, float *to) {
    const size_t E = s->experts, D = s->d_model;
    for (size_t d = 0; d < dots_vectors(s) * LANES; d++) {
        float column[LANES + MOT_DOT_EXPERTS] = {0};
        for (size_t e = 0; e < E && d < D; e += LANES) v_store(column + e, e_load_n(c + d * E + e, lanes_left(E, e)));
        for (size_t e = 0; e < E; e++) to[(d / LANES * E + e) * LANES + d % LANES] = column[e];
    }
}

typedef struct dots {
    const elem *x;
    const float *c;
    float *to;           /* logits; columns that are nobody's become 0 */
    size_t x_row, width; /* width: of a row of logits */
    size_t D;
} dots;

/* n <= LANES elements of the rows of X and of the columns of C. */
MOT_INLINE void dots_step(vec *sum, const elem *x, size_t x_row, size_t n, const float *c, const int tokens,
                          const int experts) {
    vec row[DOT_TOKENS];
    MOT_UNROLL for (int t = 0; t < tokens; t++) row[t] = e_load_n(x + (size_t)t * x_row, n);
    MOT_UNROLL for (int i = 0; i < tokens * experts; i++) sum[i] =
        v_fma(row[i % tokens], v_load(c + i / tokens * LANES), sum[i]);
}

/* So many tokens and experts at once. */
MOT_INLINE void dots_some(const dots *a, const int tokens, const int experts) {
    vec sum[DOT_TOKENS * MOT_DOT_EXPERTS];
    const elem *x = a->x;
    const float *c = a->c;
    const size_t x_row = a->x_row;
    MOT_UNROLL for (int i = 0; i < tokens * experts; i++) sum[i] = v_zero();
    for (size_t d = LANES; d <= a->D; d += LANES, x += LANES, c += experts * LANES)
        dots_step(sum, x, x_row, LANES, c, tokens, experts);
    if (a->D % LANES) dots_step(sum, x, x_row, a->D % LANES, c, tokens, experts);
    for (size_t i = 0; i < (size_t)tokens * a->width; i++) a->to[i] = 0;
    MOT_UNROLL for (int i = 0; i < tokens * experts; i++)
        a->to[(size_t)(i % tokens) * a->width + (size_t)(i / tokens)] = v_sum(sum[i]);
}

#define DOTS_TOKENS(n)                                                                                                 \
    case n:                                                                                                            \
        if (n <= most) dots_some(&a, n, experts);                                                                      \
        break;

/* As many tokens at once as have room for their sums. */
MOT_INLINE void dots_tokens(dots a, size_t tokens, const int experts) {
    const int fit = (REGISTERS - 6) / experts, most = fit < 1 ? 1 : fit < DOT_TOKENS ? fit : DOT_TOKENS;
    while (tokens > 0) {
        const size_t now = least(tokens, (size_t)most);
        switch (now) {
            DOTS_TOKENS(1);
            DOTS_TOKENS(2);
            DOTS_TOKENS(3);
            DOTS_TOKENS(4);
        }
        a.x += now * a.x_row;
        a.to += now * a.width;
        tokens -= now;
    }
}

#define DOTS_EXPERTS(n)                                                                                                \
    case n:                                                                                                            \
        dots_tokens(*a, tokens, n);                                                                                    \
        break;

/* One function for all variants: its loops are long. */
static __attribute__((noinline)) void dots_run(const dots *a, size_t tokens, size_t experts) {
    switch (experts) {
        DOTS_EXPERTS(1);
        DOTS_EXPERTS(2);
        DOTS_EXPERTS(3);
        DOTS_EXPERTS(4);
        DOTS_EXPERTS(5);
        DOTS_EXPERTS(6);
        DOTS_EXPERTS(7);
        DOTS_EXPERTS(8);
        DOTS_EXPERTS(9);
        DOTS_EXPERTS(10);
        DOTS_EXPERTS(11);
        DOTS_EXPERTS(12);
    }
}
