/* peers_onednn_bf16.c: route, mix and redistribute in bf16 through oneDNN's matmul primitive, one product a group. A
 * product is made for its strides: those of contiguous tokens when it is asked for support, others when they come. */
#define LIBRARY "onednn"

#include "peers_onednn_parts.h"
#include "peers_onednn_product.h"
#include "peers_parts.h"

typedef product_form form_fn(const mot_shape *, size_t tokens, size_t token_stride);

static product_form route_form(const mot_shape *s, size_t tokens, size_t token_stride) {
    const size_t E = s->experts, D = s->d_model;
    return (product_form){tokens, E, D, token_stride, E, E, false, false, MOT_BF16, MOT_F32};
}

static product_form mix_form(const mot_shape *s, size_t tokens, size_t token_stride) {
    const size_t E = s->experts, D = s->d_model;
    return (product_form){E, D, tokens, E, token_stride, s->groups * D, true, false, MOT_BF16, MOT_BF16};
}

static product_form redistribute_form(const mot_shape *s, size_t tokens, size_t token_stride) {
    const size_t E = s->experts, D = s->d_model;
    return (product_form){tokens, D, E, E, s->groups * D, token_stride, false, false, MOT_BF16, MOT_BF16};
}

static bool supports(const mot_shape *s, const mot_config *config, form_fn *form_of) {
    if (!fits(s, config) || !product_has_bf16()) return false;
    if (s->groups == 0) return true;
    const product_form form = form_of(s, s->group_size, s->d_model);
    return product_find(&form, NULL) != NULL;
}

/* The products of full groups and of those of the last batch row. */
typedef struct products {
    const product *full, *last;
    void *stream;
} products;

static products begin(const mot_shape *s, const mot_strides *strides, form_fn *form_of) {
    const product_form full = form_of(s, s->group_size, strides->token_stride),
                       last = form_of(s, strides->last_tokens, strides->token_stride);
    return (products){product_find(&full, NULL), product_find(&last, NULL), product_stream_begin()};
}

/* A refusal leaves C as it was, and the witness of measure tells. */
static void run_group(const products *p, bool full, const void *a, const void *b, void *c) {
    const product *product = full ? p->full : p->last;
    if (product) product_run(product, p->stream, a, b, c, NULL);
}

/* ---- route: logits in scratch, f32 until the softmax is done ---- */

static void softmax(float *logits, size_t tokens, size_t experts, float temperature) {
    float *rest = logits + tokens * experts;
    for (size_t i = 0; i < tokens * experts; i++) logits[i] /= temperature;
    softmax_columns(logits, tokens, experts, rest, rest + experts);
}

bool onednn_route_bf16_supports(const mot_shape *s, const mot_config *c) { return supports(s, c, route_form); }
size_t onednn_route_bf16_units(const mot_shape *s) { return groups(s); }

size_t onednn_route_bf16_scratch(const mot_shape *s, const mot_config *config) {
    (void)config;
    return (s->group_size + 2) * s->experts * sizeof(float);
}

void onednn_route_bf16_run(const mot_shape *s, const mot_tensors *t, const mot_config *config, mot_range r) {
    const products p = begin(s, &t->strides, route_form);
    const size_t E = s->experts;
    (void)config;
    for (size_t g = r.begin; g < r.end; g++) {
        const size_t tokens = mot_group_tokens(s, &t->strides, g);
        const mot_bf16 *x = (const mot_bf16 *)t->x + mot_group_offset(&t->strides, g);
        run_group(&p, tokens == s->group_size, x, t->controller, t->scratch);
        softmax(t->scratch, tokens, E, t->temperature);
        mot_bf16_from_f32((mot_bf16 *)t->p + g * s->group_size * E, t->scratch, tokens * E);
    }
    product_stream_end(p.stream);
}

/* ---- mix ---- */

bool onednn_mix_bf16_supports(const mot_shape *s, const mot_config *c) { return supports(s, c, mix_form); }
size_t onednn_mix_bf16_units(const mot_shape *s) { return groups(s); }

size_t onednn_mix_bf16_scratch(const mot_shape *s, const mot_config *config) {
    (void)s, (void)config;
    return 0;
}

void onednn_mix_bf16_run(const mot_shape *s, const mot_tensors *t, const mot_config *config, mot_range r) {
    const products p = begin(s, &t->strides, mix_form);
    (void)config;
    for (size_t g = r.begin; g < r.end; g++)
        run_group(&p, mot_group_tokens(s, &t->strides, g) == s->group_size,
                  (const mot_bf16 *)t->p + g * s->group_size * s->experts,
                  (const mot_bf16 *)t->x + mot_group_offset(&t->strides, g), (mot_bf16 *)t->mixed + g * s->d_model);
    product_stream_end(p.stream);
}

/* ---- redistribute ---- */

bool onednn_redistribute_bf16_supports(const mot_shape *s, const mot_config *c) {
    return supports(s, c, redistribute_form);
}
size_t onednn_redistribute_bf16_units(const mot_shape *s) { return groups(s); }

size_t onednn_redistribute_bf16_scratch(const mot_shape *s, const mot_config *config) {
    (void)s, (void)config;
    return 0;
}

void onednn_redistribute_bf16_run(const mot_shape *s, const mot_tensors *t, const mot_config *config, mot_range r) {
    const products p = begin(s, &t->strides, redistribute_form);
    (void)config;
    for (size_t g = r.begin; g < r.end; g++)
        run_group(&p, mot_group_tokens(s, &t->strides, g) == s->group_size,
                  (const mot_bf16 *)t->p + g * s->group_size * s->experts, (const mot_bf16 *)t->y + g * s->d_model,
                  (mot_bf16 *)t->out + mot_group_offset(&t->strides, g));
    product_stream_end(p.stream);
}
