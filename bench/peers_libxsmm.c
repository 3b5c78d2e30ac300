/* peers_libxsmm.c: LIBXSMM as a peer: kernels generated for a size, found again by a hash at every call. They are for
 * small products, so large ones are cut here; and experts with weights packed once as panels [N/64][K][64], the layout
 * that its kernels like best; both in bf16 too (peers_libxsmm_bf16.h). Its matrices are column-major: C' = B'.A'. Only
 * file that includes libxsmm.h. */
#include "peers_libxsmm_bf16.h"

#include <libxsmm.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define LIBRARY "libxsmm"

enum { PANEL = 64, CACHED_FLOATS = 32 << 10 };

/* Its kernels end with the upper halves of registers in use, which slows down all code without AVX that follows: the
 * softmax after them took three times as long. */
static void end_kernel(void) {
    if (libxsmm_get_target_archid() >= LIBXSMM_X86_AVX) xsmm_zero_upper();
}

/* ---- the product of matrices as they lie ---- */

/* Row-major C (m,n) (+)= A.B; `first`: C is not read. */
static void multiply_part(bool transpose_a, bool first, size_t m, size_t n, size_t k, const float *a, size_t lda,
                          const float *b, size_t ldb, float *c, size_t ldc) {
    const libxsmm_blasint ld_a = (libxsmm_blasint)lda, ld_b = (libxsmm_blasint)ldb, ld_c = (libxsmm_blasint)ldc;
    const float one = 1, beta = first ? 0 : 1;
    const int flags = transpose_a ? LIBXSMM_GEMM_FLAG_TRANS_B : LIBXSMM_GEMM_FLAG_NONE;
    const int prefetch = LIBXSMM_GEMM_PREFETCH_NONE;
    const libxsmm_smmfunction kernel = libxsmm_smmdispatch((libxsmm_blasint)n, (libxsmm_blasint)m, (libxsmm_blasint)k,
                                                           &ld_b, &ld_a, &ld_c, &one, &beta, &flags, &prefetch);
    kernel(b, a, c);
    end_kernel();
}

static void scale(float *c, size_t m, size_t n, size_t ldc, float alpha) {
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) c[i * ldc + j] *= alpha;
}

/* As many columns at once as keep their part of B in the second-level cache while the rows pass. */
static void multiply(bool transpose_a, size_t m, size_t n, size_t k, float alpha, const float *a, size_t lda,
                     const float *b, size_t ldb, float *c, size_t ldc) {
    const size_t depth = k < CACHED_FLOATS / PANEL ? k : CACHED_FLOATS / PANEL;
    const size_t columns = CACHED_FLOATS / depth / PANEL * PANEL;
    for (size_t j = 0; j < n; j += columns)
        for (size_t l = 0; l < k; l += depth)
            multiply_part(transpose_a, l == 0, m, n - j < columns ? n - j : columns, k - l < depth ? k - l : depth,
                          transpose_a ? a + l * lda : a + l, lda, b + l * ldb + j, ldb, c + j, ldc);
    if (alpha != 1) scale(c, m, n, ldc, alpha);
}

#include "peers_blocks.h"
#include "peers_compose.inl"

/* ---- experts with packed weights: panels [K][64] of B, the last one narrower; A as blocks [K/64][rows][64] ---- */

enum { MOST_ROWS = 128 };

static size_t expert_floats(const mot_shape *s) { return 2 * s->d_model * s->d_expert; }

static size_t pack_bytes(const mot_shape *s, const mot_config *config) {
    (void)config;
    return s->experts * expert_floats(s) * sizeof(float);
}

static void pack_panels(const float *b, size_t k, size_t n, float *to) {
    for (size_t j = 0; j < n; j += PANEL) {
        const size_t width = least(PANEL, n - j);
        for (size_t l = 0; l < k; l++, to += width) memcpy(to, b + l * n + j, width * sizeof *to);
    }
}

static void pack_expert(const mot_shape *s, const mot_tensors *t, size_t e, float *to) {
    const size_t D = s->d_model, H = s->d_expert;
    pack_panels((const float *)t->w1 + e * D * H, D, H, to);
    pack_panels((const float *)t->w2 + e * D * H, H, D, to + D * H);
}

static void pack(const mot_shape *s, const mot_tensors *t, const mot_config *config, void *packed, mot_range experts) {
    (void)config;
    for (size_t e = experts.begin; e < experts.end; e++) pack_expert(s, t, e, (float *)packed + e * expert_floats(s));
}

/* C (rows, width) (+)= sum over `count` pairs of blocks, A's (rows, depth), B's (depth, width). */
static void multiply_blocks(bool first, size_t rows, size_t width, size_t depth, size_t count, const float *a,
                            const float *b, float *c, size_t ldc) {
    const libxsmm_blasint ld_a = (libxsmm_blasint)depth, ld_b = (libxsmm_blasint)width, ld_c = (libxsmm_blasint)ldc;
    const float one = 1, beta = first ? 0 : 1;
    const int flags = LIBXSMM_GEMM_FLAG_NONE, prefetch = LIBXSMM_GEMM_PREFETCH_NONE;
    const unsigned long long blocks = count;
    const libxsmm_smmfunction_reducebatch_strd kernel = libxsmm_smmdispatch_reducebatch_strd(
        (libxsmm_blasint)width, (libxsmm_blasint)rows, (libxsmm_blasint)depth,
        (libxsmm_blasint)(depth * width * sizeof *b), (libxsmm_blasint)(rows * depth * sizeof *a), &ld_b, &ld_a, &ld_c,
        &one, &beta, &flags, &prefetch);
    kernel(b, a, c, &blocks);
    end_kernel();
}

/* One panel: C (rows, width) = A.B over the whole depth k; cutting it to fit a cache was slower. */
static void multiply_panel(size_t rows, size_t width, size_t k, const float *a, const float *b, float *c, size_t ldc) {
    const size_t blocks = k / PANEL, rest = k % PANEL, done = blocks * PANEL;
    if (blocks) multiply_blocks(true, rows, width, PANEL, blocks, a, b, c, ldc);
    if (rest) multiply_blocks(blocks == 0, rows, width, rest, 1, a + done * rows, b + done * width, c, ldc);
}

static void block_mixed(const float *mixed, size_t rows, size_t D, float *to) {
    for (size_t j = 0; j < D; j += PANEL)
        for (size_t i = 0; i < rows; i++, to += least(PANEL, D - j))
            memcpy(to, mixed + i * D + j, least(PANEL, D - j) * sizeof *to);
}

/* The hidden units lie as the second product wants them: every panel of the first is a block of it. */
static void expert(const mot_shape *s, size_t rows, const float *mixed, const float *weights, float *hidden, float *y) {
    const size_t D = s->d_model, H = s->d_expert;
    for (size_t j = 0; j < H; j += PANEL) {
        const size_t width = least(PANEL, H - j);
        multiply_panel(rows, width, D, mixed, weights + j * D, hidden + j * rows, width);
        relu(hidden + j * rows, width * rows);
    }
    for (size_t j = 0; j < D; j += PANEL)
        multiply_panel(rows, least(PANEL, D - j), H, hidden, weights + D * H + j * H, y + j, D);
}

/* A thread's scratch: | mixed | hidden | one expert's weights, where they come unpacked | */
static size_t packed_scratch(const mot_shape *s, const mot_config *config) {
    (void)config;
    return (block_rows(s, MOST_ROWS) * (s->d_model + s->d_expert) + expert_floats(s)) * sizeof(float);
}

static size_t packed_units(const mot_shape *s) { return s->experts * block_count(s, MOST_ROWS); }

static void experts_packed(const mot_shape *s, const mot_tensors *t, const mot_config *config, mot_range r) {
    float *mixed = t->scratch, *hidden = mixed + block_rows(s, MOST_ROWS) * s->d_model;
    float *own = hidden + block_rows(s, MOST_ROWS) * s->d_expert;
    (void)config;
    for (size_t unit = r.begin; unit < r.end; unit++) {
        const block b = block_of(s, MOST_ROWS, unit);
        const float *weights = t->packed ? (const float *)t->packed + b.expert * expert_floats(s) : own;
        if (!t->packed && (unit == r.begin || b.first == 0)) pack_expert(s, t, b.expert, own);
        block_mixed((const float *)t->mixed + b.at, b.rows, s->d_model, mixed);
        expert(s, b.rows, mixed, weights, hidden, (float *)t->y + b.at);
    }
}

/* ---- bf16 ---- */

void xsmm_multiply(const xsmm_form *f, const mot_bf16 *a, const void *b, void *c) {
    const libxsmm_blasint m = (libxsmm_blasint)f->width, n = (libxsmm_blasint)f->rows, k = (libxsmm_blasint)f->depth,
                          ld_a = (libxsmm_blasint)f->a_row, ld_c = (libxsmm_blasint)f->c_row,
                          a_step = (libxsmm_blasint)(f->rows * f->a_row * sizeof *a),
                          b_step = (libxsmm_blasint)(f->depth * f->width * sizeof *a);
    const int flags = LIBXSMM_GEMM_FLAG_VNNI_A, prefetch = LIBXSMM_GEMM_PREFETCH_NONE;
    const float one = 1, zero = 0;
    const unsigned long long blocks = f->blocks;
    if (f->out == MOT_BF16)
        libxsmm_bmmdispatch_reducebatch_strd(m, n, k, b_step, a_step, &m, &ld_a, &ld_c, &one, &zero, &flags,
                                             &prefetch)(b, a, c, &blocks);
    else
        libxsmm_bsmmdispatch_reducebatch_strd(m, n, k, b_step, a_step, &m, &ld_a, &ld_c, &one, &zero, &flags,
                                              &prefetch)(b, a, c, &blocks);
    end_kernel();
}

/* Others widen bf16 by code that it generates, many times slower. */
bool xsmm_has_bf16(void) { return libxsmm_get_target_archid() >= LIBXSMM_X86_AVX512_CPX; }

/* ---- the peer ---- */

/* Without an instruction set that it can generate for there is no kernel to call. */
static bool generates(void) {
    static const libxsmm_blasint ld = PANEL;
    return libxsmm_smmdispatch(PANEL, 1, PANEL, &ld, &ld, &ld, NULL, NULL, NULL, NULL) != NULL;
}

static bool supports(const mot_shape *s, const mot_config *config) { return fits(s, config) && generates(); }

static const mot_variant variants[] = {
    PEER_COMPOSED(supports),
    {PEER_VARIANT(experts, EXPERTS, "_packed"), .supports = supports, .units = packed_units,
     .scratch_bytes = packed_scratch, .pack_bytes = pack_bytes, .pack = pack, .run = experts_packed},
    {PEER_VARIANT_OF(route, ROUTE, "_bf16", MOT_BF16), PEER_RUNS(xsmm_route_bf16)},
    {PEER_VARIANT_OF(mix, MIX, "_bf16", MOT_BF16), PEER_RUNS(xsmm_mix_bf16)},
    {PEER_VARIANT_OF(redistribute, REDISTRIBUTE, "_bf16", MOT_BF16), PEER_RUNS(xsmm_redistribute_bf16)},
    {PEER_VARIANT_OF(experts, EXPERTS, "_bf16_packed", MOT_BF16), PEER_PACKS(xsmm_experts_bf16_packed)}};

/* "LIBXSMM 1.17 clx": the target decides what it generates. */
static const char *version(void) {
    static char text[64];
    snprintf(text, sizeof text, "LIBXSMM %s %s", LIBXSMM_VERSION, libxsmm_get_target_arch());
    return text;
}

/* It has no threads of its own. */
static void enter(void) { libxsmm_init(); }

const peer peer_libxsmm = {.library = LIBRARY,
                           .version = version,
                           .enter = enter,
                           .variants = variants,
                           .variant_count = sizeof variants / sizeof *variants};
