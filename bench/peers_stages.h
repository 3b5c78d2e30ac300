/* peers_stages.h: stages that a peer lists in one file and computes in another. */
#ifndef BENCH_PEERS_STAGES_H
#define BENCH_PEERS_STAGES_H

#include "kernel.h"

#define PEER_STAGE(name)                                                                                               \
    bool name##_supports(const mot_shape *, const mot_config *);                                                       \
    size_t name##_units(const mot_shape *);                                                                            \
    size_t name##_scratch(const mot_shape *, const mot_config *);                                                      \
    void name##_run(const mot_shape *, const mot_tensors *, const mot_config *, mot_range);

#define PEER_PACKED(name)                                                                                              \
    PEER_STAGE(name)                                                                                                   \
    size_t name##_pack_bytes(const mot_shape *, const mot_config *);                                                   \
    void name##_pack(const mot_shape *, const mot_tensors *, const mot_config *, void *packed, mot_range experts);

/* The members of a descriptor. */
#define PEER_RUNS(name)                                                                                                \
    .supports = name##_supports, .units = name##_units, .scratch_bytes = name##_scratch, .run = name##_run
#define PEER_PACKS(name) PEER_RUNS(name), .pack_bytes = name##_pack_bytes, .pack = name##_pack

#endif
