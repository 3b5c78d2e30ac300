/* plain_kernels.h: every stage as plain loops, so that the checker can be checked without libmot's kernels. */
#ifndef TESTS_PLAIN_KERNELS_H
#define TESTS_PLAIN_KERNELS_H

#include "plan.h"

void plain_route(const mot_shape *, const mot_tensors *, const mot_config *, mot_range);
void plain_mix(const mot_shape *, const mot_tensors *, const mot_config *, mot_range);
void plain_experts(const mot_shape *, const mot_tensors *, const mot_config *, mot_range);
void plain_redistribute(const mot_shape *, const mot_tensors *, const mot_config *, mot_range);

/* A descriptor around a kernel: units are groups, or rows (e,g) of the experts stage; 64 bytes of scratch (of the
 * experts stage a hidden row); depth is that of a plain loop. */
mot_variant plain_variant(const char *name, mot_stage, mot_kernel_fn);

#endif
