/* contestants.h: who is timed against whom. */
#ifndef BENCH_CONTESTANTS_H
#define BENCH_CONTESTANTS_H

#include "measure.h"

/* Each writes at most `capacity` contestants and returns how many; names live as long as the program. */

/* One stage: every variant of this data type up to ISA `cap` (MOT_ISA_BEST: any) that runs here and supports the shape,
 * with its default knobs; then peers. */
size_t contestants_for_stage(mot_stage, const mot_shape *, mot_dtype, mot_isa cap, contestant *out, size_t capacity);
/* On the GPU: every CUDA kernel of a stage that supports the shape, also where nothing can run it, so that a row says
 * why; of MOT_STAGE_LAYER the layers of cuda_device.h. */
size_t contestants_for_cuda(mot_stage, const mot_shape *, mot_dtype, contestant *out, size_t capacity);
/* The layer: layer_scalar, layer_avx2, … up to `cap`; layer_tuned if `tuned` is not NULL (from mot_profile_layer);
 * layer_<library> of each peer. In bf16 they are called layer_bf16_scalar, …, layer_bf16_amx. */
size_t contestants_for_layer(const mot_shape *, mot_dtype, mot_isa cap, const mot_plan *tuned, contestant *out,
                             size_t capacity);
/* dense_ffn_<isa> (dense_ffn_bf16_<isa>), and dense_ffn_<library>: the experts stage on dense_ffn_shape, which each
 * brings as its own, so that it may be timed beside the layers. */
size_t contestants_for_dense(const mot_shape *dense, mot_dtype, mot_isa cap, contestant *out, size_t capacity);

/* The dense FFN with as many FLOPs in its two products: E = T = 1, a group per token, H*E/T hidden units. False if that
 * is no whole number or does not fit size_t. */
bool dense_ffn_shape(const mot_shape *, mot_shape *out);

#endif
