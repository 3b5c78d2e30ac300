/* peers_onednn_parts.h: the stages that peers_onednn.c lists and other files compute with oneDNN's matmul primitive. */
#ifndef BENCH_PEERS_ONEDNN_PARTS_H
#define BENCH_PEERS_ONEDNN_PARTS_H

#include "peers_stages.h"

/* peers_onednn_bf16.c */
PEER_STAGE(onednn_route_bf16)
PEER_STAGE(onednn_mix_bf16)
PEER_STAGE(onednn_redistribute_bf16)
/* peers_onednn_experts.c */
PEER_PACKED(onednn_experts_f32_packed)
PEER_STAGE(onednn_experts_bf16)
PEER_PACKED(onednn_experts_bf16_packed)

#endif
