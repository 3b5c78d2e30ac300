/* dots.inl: X.C for few columns of C: dot products along D, whose rows of X are read where they lie. A tile would
 * compute LANES columns for them and first copy X. */
enum { DOT_TOKENS = 4 };

MOT_INLINE bool by_dots(const mot_shape *s) { return s->experts <= mot_dot_experts(MOT_ISA_ID); }

/* Scratch: C as rows [E][D and zeros up to whole vectors], f32. */
MOT_INLINE size_t dots_row(const mot_shape *s) { return round_up(s->d_model, LANES); }
MOT_INLINE size_t dots_bytes(const mot_shape *s) {
    return by_dots(s) ? round_up(s->experts * dots_row(s) * sizeof(float), 64) : 0;
}

static inline void dots_pack(const mot_shape *s, const elem *c, float *to) {
    const size_t E = s->experts, row = dots_row(s);
    for (size_t d = 0; d < s->d_model; d++, c += E) {
        float column[LANES + MOT_DOT_EXPERTS];
        for (size_t e = 0; e < E; e += LANES) v_store(column + e, e_load_n(c + e, lanes_left(E, e)));
        for (size_t e = 0; e < E; e++) to[e * row + d] = column[e];
    }
    for (size_t e = 0; e < E; e++)
        for (size_t d = s->d_model; d < row; d++) to[e * row + d] = 0;
}

typedef struct dots {
    const elem *x;
    const float *c;
    float *to;                  /* logits; columns that are nobody's become 0 */
    size_t x_row, c_row, width; /* width: of a row of logits */
    size_t D;
} dots;

/* So many tokens and experts at once. */
MOT_INLINE void dots_some(const dots *a, const int tokens, const int experts) {
    vec sum[DOT_TOKENS * MOT_DOT_EXPERTS];
    MOT_UNROLL for (int i = 0; i < tokens * experts; i++) sum[i] = v_zero();
    for (size_t d = 0; d < a->D; d += LANES) {
        const size_t n = lanes_left(a->D, d);
        vec x[DOT_TOKENS];
        MOT_UNROLL for (int t = 0; t < tokens; t++) x[t] = e_load_n(a->x + (size_t)t * a->x_row + d, n);
        MOT_UNROLL for (int i = 0; i < tokens * experts; i++) sum[i] =
            v_fma(x[i % tokens], v_load(a->c + (size_t)(i / tokens) * a->c_row + d), sum[i]);
    }
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
static void dots_run(const dots *a, size_t tokens, size_t experts) {
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
