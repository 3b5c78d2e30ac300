/* peers_onednn_parts.h: the stages that peers_onednn.c lists and other files compute with oneDNN's matmul primitive. */
#ifndef BENCH_PEERS_ONEDNN_PARTS_H
#define BENCH_PEERS_ONEDNN_PARTS_H

#include "kernel.h"

#define ONEDNN_STAGE(name)                                                                                             \
    bool name##_supports(const mot_shape *, const mot_config *);                                                       \
    size_t name##_units(const mot_shape *);                                                                            \
    size_t name##_scratch(const mot_shape *, const mot_config *);                                                      \
    void name##_run(const mot_shape *, const mot_tensors *, const mot_config *, mot_range);

#define ONEDNN_PACKED(name)                                                                                            \
    ONEDNN_STAGE(name)                                                                                                 \
    size_t name##_pack_bytes(const mot_shape *, const mot_config *);                                                   \
    void name##_pack(const mot_shape *, const mot_tensors *, const mot_config *, void *packed, mot_range experts);

/* peers_onednn_bf16.c */
ONEDNN_STAGE(onednn_route_bf16)
ONEDNN_STAGE(onednn_mix_bf16)
ONEDNN_STAGE(onednn_redistribute_bf16)
/* peers_onednn_experts.c */
ONEDNN_PACKED(onednn_experts_f32_packed)
ONEDNN_STAGE(onednn_experts_bf16)
ONEDNN_PACKED(onednn_experts_bf16_packed)

/* The members of a descriptor. */
#define ONEDNN_RUNS(name)                                                                                              \
    .supports = name##_supports, .units = name##_units, .scratch_bytes = name##_scratch, .run = name##_run
#define ONEDNN_PACKS(name) ONEDNN_RUNS(name), .pack_bytes = name##_pack_bytes, .pack = name##_pack

#endif
