/* peers_libxsmm_bf16.h: LIBXSMM's products of bf16 without its types, and what its kernels want: B as pairs of rows
 * [k/2][n][2], an even k, and A not transposed, its rows an even number of elements apart. */
#ifndef BENCH_PEERS_LIBXSMM_BF16_H
#define BENCH_PEERS_LIBXSMM_BF16_H

#include "peers_stages.h"

/* peers_libxsmm_bf16.c */
PEER_STAGE(xsmm_route_bf16)
PEER_STAGE(xsmm_mix_bf16)
PEER_STAGE(xsmm_redistribute_bf16)
/* peers_libxsmm_experts.c */
PEER_PACKED(xsmm_experts_bf16_packed)

/* peers_libxsmm_avx2.c: for a processor that has AVX. */
void xsmm_zero_upper(void);

/* Whether bf16 is multiplied by instructions made for it. */
bool xsmm_has_bf16(void);

/* C (rows, width) = sum of `blocks` products of A's (rows, depth) and B's (depth, width), rounded once. Rows of A are
 * a_row apart, of C c_row; a block of A follows rows * a_row elements after the other, of B depth * width. */
typedef struct xsmm_form {
    size_t rows, width, depth, blocks, a_row, c_row;
    mot_dtype out;
} xsmm_form;
void xsmm_multiply(const xsmm_form *, const mot_bf16 *a, const void *b, void *c);

static inline size_t xsmm_pairs(size_t rows) { return (rows + 1) / 2; }

/* Two rows as one of pairs; an odd last row has zeros below. A pair (l, j) goes to `to` + l * pair_step + j * step:
 * steps of n and 1 make a B, of 1 and more the transposed matrix. */
static inline void xsmm_pack_pairs(const mot_bf16 *from, size_t stride, size_t rows, size_t n, uint32_t *to,
                                   size_t pair_step, size_t step) {
    for (size_t l = 0; l < rows; l += 2, to += pair_step, from += 2 * stride) {
        for (size_t j = 0; l + 1 == rows && j < n; j++) to[j * step] = from[j];
        for (size_t j = 0; l + 1 < rows && j < n; j++) to[j * step] = from[j] | (uint32_t)from[stride + j] << 16;
    }
}

#endif
