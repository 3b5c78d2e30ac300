/* target.h: what is tuned: the CPU's kernels or a GPU's; their names in keys, their defaults, whose profile it is. */
#ifndef AUTOTUNE_TARGET_H
#define AUTOTUNE_TARGET_H

#include "profile_write.h"
#include "tune.h"

/* The machine and the kernels that a profile or a journal is of. */
profile_owner target_owner(bool cuda);
const char *target_isa(const tune_options *); /* "avx512", "cuda" */
int target_threads(const tune_options *);     /* 0 on a GPU */
/* What libmot or mot_cuda takes where nobody chooses; steps 0: there is none. */
mot_plan target_default(const tune_options *, mot_stage, const mot_shape *);
/* The candidates, of mot_variant *[target_most()]; how many. */
size_t target_most(bool cuda);
size_t target_variants(const tune_options *, const mot_variant **out);

#endif
