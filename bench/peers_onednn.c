/* peers_onednn.c: oneDNN as a peer: dnnl_sgemm on tensors as they lie, experts through its matmul primitive with
 * weights in the layout of its choice, and all of bf16 through that primitive. */
#define LIBRARY "onednn"

#include "peers_onednn_parts.h"
#include "peers_onednn_product.h"

static void multiply(bool transpose_a, size_t m, size_t n, size_t k, float alpha, const float *a, size_t lda,
                     const float *b, size_t ldb, float *c, size_t ldc) {
    product_sgemm(transpose_a, m, n, k, alpha, a, lda, b, ldb, c, ldc);
}

#include "peers_compose.inl"

static const mot_variant variants[] = {
    PEER_COMPOSED(fits),
    {PEER_VARIANT(experts, EXPERTS, "_packed"), PEER_PACKS(onednn_experts_f32_packed)},
    {PEER_VARIANT_OF(route, ROUTE, "_bf16", MOT_BF16), PEER_RUNS(onednn_route_bf16)},
    {PEER_VARIANT_OF(mix, MIX, "_bf16", MOT_BF16), PEER_RUNS(onednn_mix_bf16)},
    {PEER_VARIANT_OF(redistribute, REDISTRIBUTE, "_bf16", MOT_BF16), PEER_RUNS(onednn_redistribute_bf16)},
    {PEER_VARIANT_OF(experts, EXPERTS, "_bf16", MOT_BF16), PEER_RUNS(onednn_experts_bf16)},
    {PEER_VARIANT_OF(experts, EXPERTS, "_bf16_packed", MOT_BF16), PEER_PACKS(onednn_experts_bf16_packed)}};

const peer peer_onednn = {.library = LIBRARY,
                          .version = product_version,
                          .enter = product_alone,
                          .leave = product_leave,
                          .variants = variants,
                          .variant_count = sizeof variants / sizeof *variants};
