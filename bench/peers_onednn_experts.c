/* peers_onednn_experts.c: experts through oneDNN's matmul primitive, weights packed by it or as they lie: a unit is a
 * block of rows of one expert. */
#define LIBRARY "onednn"

#include "peers_bf16.h"
#include "peers_blocks.h"
#include "peers_onednn_parts.h"
#include "peers_onednn_product.h"

enum { ROWS = 1024 };

typedef struct kind {
    mot_dtype dtype;
    bool packed;
} kind;

/* The two products of a block with so many rows. */
typedef struct products {
    const product *up, *down;
} products;

static products find_products(const mot_shape *s, kind k, size_t rows, const products *like) {
    const size_t D = s->d_model, H = s->d_expert;
    const product_form up = {rows, H, D, D, H, H, false, k.packed, k.dtype, k.dtype},
                       down = {rows, D, H, H, D, D, false, k.packed, k.dtype, k.dtype};
    return (products){product_find(&up, like ? like->up : NULL), product_find(&down, like ? like->down : NULL)};
}

/* The layout of the weights is that of a whole block. */
static products products_of(const mot_shape *s, kind k, size_t rows) {
    const size_t whole = block_rows(s, ROWS);
    const products p = find_products(s, k, whole, NULL);
    return rows == whole || !p.up || !p.down ? p : find_products(s, k, rows, &p);
}

static products whole_products(const mot_shape *s, kind k) { return products_of(s, k, block_rows(s, ROWS)); }

static products last_products(const mot_shape *s, kind k) {
    const size_t count = block_count(s, ROWS);
    return products_of(s, k, count ? block_of(s, ROWS, count - 1).rows : 1);
}

static bool supports(const mot_shape *s, const mot_config *config, kind k) {
    if (!fits(s, config) || (k.dtype == MOT_BF16 && !product_has_bf16())) return false;
    const products p = whole_products(s, k), last = last_products(s, k);
    return p.up && p.down && last.up && last.down;
}

static size_t units(const mot_shape *s) { return s->experts * block_count(s, ROWS); }

static size_t expert_bytes(const products *p) { return product_weights_bytes(p->up) + product_weights_bytes(p->down); }

static size_t hidden_bytes(const mot_shape *s, kind k) {
    return (block_rows(s, ROWS) * s->d_expert * mot_dtype_bytes(k.dtype) + 63) / 64 * 64;
}

static size_t own_bytes(const products *p, kind k) { return k.packed ? expert_bytes(p) : 0; }

/* A thread's scratch: | hidden | one expert's packed weights, where they come unpacked | scratchpad | */
static size_t scratch_bytes(const mot_shape *s, kind k) {
    const products p[] = {whole_products(s, k), last_products(s, k)};
    size_t most = 0;
    for (int i = 0; i < 2; i++) {
        if (product_scratchpad_bytes(p[i].up) > most) most = product_scratchpad_bytes(p[i].up);
        if (product_scratchpad_bytes(p[i].down) > most) most = product_scratchpad_bytes(p[i].down);
    }
    return hidden_bytes(s, k) + own_bytes(&p[0], k) + most;
}

static size_t pack_bytes(const mot_shape *s, kind k) {
    const products p = whole_products(s, k);
    return s->experts * expert_bytes(&p);
}

/* Where an expert's weights begin as they lie. */
static const void *plain(const void *weights, const mot_shape *s, kind k, size_t e) {
    return (const char *)weights + e * s->d_model * s->d_expert * mot_dtype_bytes(k.dtype);
}

static void pack_expert(const products *p, void *stream, const mot_shape *s, const mot_tensors *t, kind k, size_t e,
                        char *to) {
    product_pack(p->up, stream, plain(t->w1, s, k, e), to);
    product_pack(p->down, stream, plain(t->w2, s, k, e), to + product_weights_bytes(p->up));
}

static void pack(const mot_shape *s, const mot_tensors *t, kind k, char *packed, mot_range experts) {
    const products p = whole_products(s, k);
    void *stream = product_stream_begin();
    for (size_t e = experts.begin; e < experts.end; e++)
        pack_expert(&p, stream, s, t, k, e, packed + e * expert_bytes(&p));
    product_stream_end(stream);
}

/* Ours, so that a NaN surely passes. */
static void relu(void *hidden, size_t n, mot_dtype dtype) {
    float *v = hidden;
    if (dtype == MOT_BF16) relu_bf16(hidden, n);
    for (size_t i = 0; dtype == MOT_F32 && i < n; i++) v[i] = v[i] < 0 ? 0 : v[i];
}

/* One block's work, but for where its weights are. */
typedef struct job {
    void *stream;
    char *hidden, *own, *scratchpad;
} job;

static void run_block(const job *j, const products *p, kind k, const void *w1, const void *w2, const char *mixed,
                      char *y) {
    product_run(p->up, j->stream, mixed, w1, j->hidden, j->scratchpad);
    relu(j->hidden, product_form_of(p->up)->m * product_form_of(p->up)->n, k.dtype);
    product_run(p->down, j->stream, j->hidden, w2, y, j->scratchpad);
}

static void run(const mot_shape *s, const mot_tensors *t, kind k, mot_range r) {
    const products whole = whole_products(s, k), last = last_products(s, k);
    char *own = (char *)t->scratch + hidden_bytes(s, k);
    const job j = {product_stream_begin(), t->scratch, own, own + own_bytes(&whole, k)};
    for (size_t unit = r.begin; unit < r.end; unit++) {
        const block b = block_of(s, ROWS, unit);
        const size_t at = b.at * mot_dtype_bytes(k.dtype);
        const char *weights = t->packed ? (const char *)t->packed + b.expert * expert_bytes(&whole) : own;
        if (k.packed && !t->packed && (unit == r.begin || b.first == 0))
            pack_expert(&whole, j.stream, s, t, k, b.expert, own);
        run_block(&j, b.rows == product_form_of(whole.up)->m ? &whole : &last, k,
                  k.packed ? weights : plain(t->w1, s, k, b.expert),
                  k.packed ? weights + product_weights_bytes(whole.up) : plain(t->w2, s, k, b.expert),
                  (const char *)t->mixed + at, (char *)t->y + at);
    }
    product_stream_end(j.stream);
}

/* ---- the kinds ---- */

#define STAGE(name, ...)                                                                                               \
    bool name##_supports(const mot_shape *s, const mot_config *config) {                                               \
        return supports(s, config, (kind){__VA_ARGS__});                                                               \
    }                                                                                                                  \
    size_t name##_units(const mot_shape *s) { return units(s); }                                                       \
    size_t name##_scratch(const mot_shape *s, const mot_config *config) {                                              \
        (void)config;                                                                                                  \
        return scratch_bytes(s, (kind){__VA_ARGS__});                                                                  \
    }                                                                                                                  \
    void name##_run(const mot_shape *s, const mot_tensors *t, const mot_config *config, mot_range r) {                 \
        (void)config;                                                                                                  \
        run(s, t, (kind){__VA_ARGS__}, r);                                                                             \
    }
#define PACKED(name, dtype)                                                                                            \
    STAGE(name, dtype, true)                                                                                           \
    size_t name##_pack_bytes(const mot_shape *s, const mot_config *config) {                                           \
        (void)config;                                                                                                  \
        return pack_bytes(s, (kind){dtype, true});                                                                     \
    }                                                                                                                  \
    void name##_pack(const mot_shape *s, const mot_tensors *t, const mot_config *config, void *packed, mot_range r) {  \
        (void)config;                                                                                                  \
        pack(s, t, (kind){dtype, true}, packed, r);                                                                    \
    }

PACKED(onednn_experts_f32_packed, MOT_F32)
STAGE(onednn_experts_bf16, MOT_BF16, false)
PACKED(onednn_experts_bf16_packed, MOT_BF16)
