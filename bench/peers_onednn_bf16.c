/* peers_onednn_bf16.c: route, mix and redistribute in bf16 through oneDNN's matmul primitive, one product a group, on
 * rows as they lie. Only y's, which never lie side by side, are copied first where tokens do: this release multiplies
 * dense matrices by a kernel so much faster than its strided one that the copy is the lesser time. */
#define LIBRARY "onednn"

#include "peers_bf16.h"
#include "peers_onednn_parts.h"
#include "peers_onednn_product.h"

/* The product of a group of so many tokens, which lie token_stride apart. */
typedef product_form form_fn(const mot_shape *, size_t tokens, size_t token_stride);

static product_form route_form(const mot_shape *s, size_t tokens, size_t token_stride) {
    const size_t E = s->experts, D = s->d_model;
    return (product_form){tokens, E, D, token_stride, E, E, false, false, MOT_BF16, MOT_F32};
}

static product_form mix_form(const mot_shape *s, size_t tokens, size_t token_stride) {
    const size_t E = s->experts, D = s->d_model;
    return (product_form){E, D, tokens, E, token_stride, s->groups * D, true, false, MOT_BF16, MOT_BF16};
}

static bool copies_y(const mot_shape *s, size_t token_stride) { return token_stride == s->d_model; }

static product_form redistribute_form(const mot_shape *s, size_t tokens, size_t token_stride) {
    const size_t E = s->experts, D = s->d_model, y_stride = copies_y(s, token_stride) ? D : s->groups * D;
    return (product_form){tokens, D, E, E, y_stride, token_stride, false, false, MOT_BF16, MOT_BF16};
}

/* Other strides than those of contiguous tokens come later; none of them has been refused so far. */
static bool supports(const mot_shape *s, const mot_config *config, form_fn *form_of) {
    if (!fits(s, config) || !product_has_bf16()) return false;
    if (s->groups == 0) return true;
    const product_form full = form_of(s, s->group_size, s->d_model);
    return product_find(&full, NULL) != NULL;
}

/* The products of full groups and of those of the last batch row. A refusal leaves C as it was, and the witness of
 * measure tells. */
typedef struct products {
    size_t full_tokens;
    product_calls full, last;
} products;

static products begin(const mot_shape *s, const mot_strides *strides, form_fn *form_of) {
    const product_form full = form_of(s, s->group_size, strides->token_stride),
                       last = form_of(s, strides->last_tokens, strides->token_stride);
    return (products){s->group_size, product_begin(product_find(&full, NULL)),
                      product_begin(product_find(&last, NULL))};
}

static void end(products *p) {
    product_end(&p->full);
    product_end(&p->last);
}

static void multiply(const products *p, size_t tokens, const void *a, const void *b, void *c) {
    product_call(tokens == p->full_tokens ? &p->full : &p->last, a, b, c);
}

/* ---- the stages, of one group ---- */

static size_t route_scratch(const mot_shape *s) { return logits_bytes(s); }

static void route(const mot_shape *s, const mot_tensors *t, const products *p, group g) {
    multiply(p, g.tokens, (const mot_bf16 *)t->x + g.x, t->controller, t->scratch);
    softmax_to_bf16((mot_bf16 *)t->p + g.p, t->scratch, g.tokens, s->experts, t->temperature);
}

static size_t mix_scratch(const mot_shape *s) { return (void)s, 0; }

static void mix(const mot_shape *s, const mot_tensors *t, const products *p, group g) {
    (void)s;
    multiply(p, g.tokens, (const mot_bf16 *)t->p + g.p, (const mot_bf16 *)t->x + g.x, (mot_bf16 *)t->mixed + g.row);
}

static size_t redistribute_scratch(const mot_shape *s) { return s->experts * s->d_model * sizeof(mot_bf16); }

static const mot_bf16 *side_by_side(const mot_shape *s, const mot_bf16 *y, mot_bf16 *to) {
    for (size_t e = 0; e < s->experts; e++)
        memcpy(to + e * s->d_model, y + e * s->groups * s->d_model, s->d_model * sizeof *to);
    return to;
}

static void redistribute(const mot_shape *s, const mot_tensors *t, const products *p, group g) {
    const mot_bf16 *y = (const mot_bf16 *)t->y + g.row;
    if (copies_y(s, t->strides.token_stride)) y = side_by_side(s, y, t->scratch);
    multiply(p, g.tokens, (const mot_bf16 *)t->p + g.p, y, (mot_bf16 *)t->out + g.x);
}

#define STAGE(stage)                                                                                                   \
    bool onednn_##stage##_bf16_supports(const mot_shape *s, const mot_config *config) {                                \
        return supports(s, config, stage##_form);                                                                      \
    }                                                                                                                  \
    size_t onednn_##stage##_bf16_units(const mot_shape *s) { return groups(s); }                                       \
    size_t onednn_##stage##_bf16_scratch(const mot_shape *s, const mot_config *config) {                               \
        (void)config;                                                                                                  \
        return stage##_scratch(s);                                                                                     \
    }                                                                                                                  \
    void onednn_##stage##_bf16_run(const mot_shape *s, const mot_tensors *t, const mot_config *config, mot_range r) {  \
        products p = begin(s, &t->strides, stage##_form);                                                              \
        (void)config;                                                                                                  \
        for (size_t g = r.begin; g < r.end; g++) stage(s, t, &p, group_of(s, t, g));                                   \
        end(&p);                                                                                                       \
    }

STAGE(route)
STAGE(mix)
STAGE(redistribute)
