/* candidates.h: everything that can be checked and timed: libmot's variants, those of peer libraries, those on a GPU.
 */
#ifndef BENCH_CANDIDATES_H
#define BENCH_CANDIDATES_H

#include "plan.h"

/* A peer library: one file each (peers_openblas.c), the same contract as our kernels, isa MOT_ISA_SCALAR (it dispatches
 * by itself). enter() tells it to use one thread per call and is called right before each of its turns. */
typedef struct peer {
    const char *library;          /* "openblas" */
    const char *(*version)(void); /* "OpenBLAS 0.3.21 Haswell, openmp" : with the core it picked */
    void (*enter)(void);
    void (*leave)(void); /* frees what it keeps from call to call; none of its variants runs. NULL: it keeps nothing */
    const mot_variant *variants; /* route_blas_openblas, mix_…, redistribute_…, experts_…, …_packed, …_bf16 */
    size_t variant_count;
} peer;
size_t peer_count(void);
const peer *peer_at(size_t index);
/* The one that is timed without being asked for: the first one built that has a layer of this data type for this
 * processor, or NULL. It is base enough, and the others take time. */
const peer *peer_default(mot_dtype);

/* Every peer is left: after a comparison, before the end. Whoever comes back has its products made again. */
void peers_leave(void);

size_t candidate_count(void);
const mot_variant *candidate_at(size_t index);
const mot_variant *candidate_find(const char *name);
const peer *candidate_peer(const mot_variant *); /* NULL: one of ours */
struct mot_cuda_variant;
const struct mot_cuda_variant *candidate_cuda(const mot_variant *); /* NULL: it runs on the CPU */
bool plan_is_cuda(const mot_plan *);
/* NULL if this machine can run it, else the reason ("no avx512f in CPUID"). */
const char *candidate_why_not(const mot_variant *);
/* The layers of a peer: route, mix, experts, redistribute of one library and data type, a layer for each of its experts
 * that has the other stages. */
size_t peer_layer_count(const peer *);
mot_plan peer_layer(const peer *, size_t index);
/* "layer_openblas", "layer_libxsmm_packed", "layer_bf16_onednn"; with the prefix "dense_ffn", its dense FFN. */
void peer_layer_name(char *name, size_t size, const char *prefix, const peer *, size_t index);
/* The scalar layer; and the default layer of an ISA is mot_select_layer. */

#endif
