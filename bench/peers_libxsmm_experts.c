/* peers_libxsmm_experts.c: experts in bf16 through LIBXSMM with weights packed once, as panels of 64 columns or fewer.
 * Experts with weights as they lie have no kernel in LIBXSMM 1.17: it multiplies bf16 only by pairs of rows. */
#define LIBRARY "libxsmm"

#include "peers_bf16.h"
#include "peers_blocks.h"
#include "peers_libxsmm_bf16.h"

enum { PANEL = 64, MOST_ROWS = 128 };

/* A dimension that is summed over, in blocks alike and even: a product has no rest, which would be rounded twice. The
 * hidden units' are the panels of the first product too. */
typedef struct cut {
    size_t blocks, depth;
} cut;

static cut cut_of(size_t k) {
    const size_t blocks = (k + PANEL - 1) / PANEL;
    return (cut){blocks, 2 * xsmm_pairs((k + blocks - 1) / blocks)};
}

static size_t padded(size_t k) { return cut_of(k).blocks * cut_of(k).depth; }

/* ---- weights: a panel is padded(K) / 2 pairs of rows ---- */

static size_t up_elems(const mot_shape *s) { return padded(s->d_model) * s->d_expert; }
static size_t expert_elems(const mot_shape *s) {
    return (up_elems(s) + padded(s->d_expert) * s->d_model + 31) / 32 * 32;
}

static void pack_panels(const mot_bf16 *b, size_t k, size_t n, size_t panel, mot_bf16 *to) {
    for (size_t j = 0; j < n; j += panel) {
        const size_t width = least(panel, n - j), packed = 2 * xsmm_pairs(k) * width;
        xsmm_pack_pairs(b + j, n, k, width, (uint32_t *)to, width, 1);
        memset(to + packed, 0, (padded(k) * width - packed) * sizeof *to);
        to += padded(k) * width;
    }
}

static void pack_expert(const mot_shape *s, const mot_tensors *t, size_t e, mot_bf16 *to) {
    const size_t D = s->d_model, H = s->d_expert;
    pack_panels((const mot_bf16 *)t->w1 + e * D * H, D, H, cut_of(H).depth, to);
    pack_panels((const mot_bf16 *)t->w2 + e * D * H, H, D, PANEL, to + up_elems(s));
}

/* ---- a block of rows ---- */

/* To [blocks][rows][depth], zeros past D. */
static void block_mixed(const mot_bf16 *mixed, size_t rows, size_t D, mot_bf16 *to) {
    const size_t depth = cut_of(D).depth;
    for (size_t j = 0; j < padded(D); j += depth)
        for (size_t i = 0; i < rows; i++, to += depth) {
            const size_t width = j < D ? least(depth, D - j) : 0;
            memcpy(to, mixed + i * D + j, width * sizeof *to);
            memset(to + width, 0, (depth - width) * sizeof *to);
        }
}

/* Each panel of the first product is a block of the second, as [rows][depth], zeros past H. */
static void up(const mot_shape *s, size_t rows, const mot_bf16 *mixed, const mot_bf16 *weights, mot_bf16 *hidden) {
    const size_t D = s->d_model, H = s->d_expert;
    const cut k = cut_of(D), n = cut_of(H);
    for (size_t j = 0; j < H; j += n.depth, hidden += rows * n.depth) {
        const size_t width = least(n.depth, H - j);
        for (size_t i = 0; width < n.depth && i < rows; i++)
            memset(hidden + i * n.depth + width, 0, (n.depth - width) * sizeof *hidden);
        xsmm_multiply(&(xsmm_form){rows, width, k.depth, k.blocks, k.depth, n.depth, MOT_BF16}, mixed,
                      weights + j * padded(D), hidden);
        relu_bf16(hidden, rows * n.depth);
    }
}

static void down(const mot_shape *s, size_t rows, const mot_bf16 *hidden, const mot_bf16 *weights, mot_bf16 *y) {
    const size_t D = s->d_model, H = s->d_expert;
    const cut k = cut_of(H);
    for (size_t j = 0; j < D; j += PANEL)
        xsmm_multiply(&(xsmm_form){rows, least(PANEL, D - j), k.depth, k.blocks, k.depth, D, MOT_BF16}, hidden,
                      weights + j * padded(H), y + j);
}

/* ---- the stage; a thread's scratch: | mixed | hidden | one expert's weights, where they come unpacked | ---- */

bool xsmm_experts_bf16_packed_supports(const mot_shape *s, const mot_config *config) {
    return fits(s, config) && xsmm_has_bf16();
}

size_t xsmm_experts_bf16_packed_units(const mot_shape *s) { return s->experts * block_count(s, MOST_ROWS); }

size_t xsmm_experts_bf16_packed_scratch(const mot_shape *s, const mot_config *config) {
    (void)config;
    return (block_rows(s, MOST_ROWS) * (padded(s->d_model) + padded(s->d_expert)) + expert_elems(s)) * sizeof(mot_bf16);
}

size_t xsmm_experts_bf16_packed_pack_bytes(const mot_shape *s, const mot_config *config) {
    (void)config;
    return s->experts * expert_elems(s) * sizeof(mot_bf16);
}

void xsmm_experts_bf16_packed_pack(const mot_shape *s, const mot_tensors *t, const mot_config *config, void *packed,
                                   mot_range experts) {
    (void)config;
    for (size_t e = experts.begin; e < experts.end; e++) pack_expert(s, t, e, (mot_bf16 *)packed + e * expert_elems(s));
}

void xsmm_experts_bf16_packed_run(const mot_shape *s, const mot_tensors *t, const mot_config *config, mot_range r) {
    mot_bf16 *mixed = t->scratch, *hidden = mixed + block_rows(s, MOST_ROWS) * padded(s->d_model);
    mot_bf16 *own = hidden + block_rows(s, MOST_ROWS) * padded(s->d_expert);
    (void)config;
    for (size_t unit = r.begin; unit < r.end; unit++) {
        const block b = block_of(s, MOST_ROWS, unit);
        const mot_bf16 *weights = t->packed ? (const mot_bf16 *)t->packed + b.expert * expert_elems(s) : own;
        if (!t->packed && (unit == r.begin || b.first == 0)) pack_expert(s, t, b.expert, own);
        block_mixed((const mot_bf16 *)t->mixed + b.at, b.rows, s->d_model, mixed);
        up(s, b.rows, mixed, weights, hidden);
        down(s, b.rows, hidden, weights + up_elems(s), (mot_bf16 *)t->y + b.at);
    }
}
