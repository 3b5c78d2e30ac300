/* cuda_table.h: the CUDA kernels as variants, and how they make up a layer. Plain C without CUDA: the suite has it on
 * every machine, the library has it too. */
#ifndef MOT_CUDA_TABLE_H
#define MOT_CUDA_TABLE_H

#include "cuda_module.h"
#include "profile.h"

/* A check that a kernel has passed on a real GPU. */
typedef struct mot_cuda_record {
    const char *name, *source, *device, *date;
} mot_cuda_record;

/* In the order of cuda_variants.def. Its mot_variant has no units and no run: a launch does the whole stage. */
typedef struct mot_cuda_variant {
    mot_variant variant;
    const char *family;
    int sm;             /* lowest compute capability */
    bool only;          /* of this one alone: it has instructions or memory that others lack */
    bool baseline;      /* NVIDIA's library: compared with, never picked */
    bool tf32;          /* its products round f32 factors to TF32 */
    const char *source; /* hash of the source files of the family */
} mot_cuda_variant;

size_t mot_cuda_count(void);
const mot_cuda_variant *mot_cuda_at(size_t index);        /* NULL past the end */
const mot_cuda_variant *mot_cuda_of(const mot_variant *); /* NULL: not a CUDA kernel */
size_t mot_cuda_index(const mot_cuda_variant *);
uint64_t mot_cuda_table_hash(void);                                 /* of names, knobs and sources */
const mot_cuda_record *mot_cuda_verified(const mot_cuda_variant *); /* NULL: never passed as it stands */
bool mot_cuda_runs_on(const mot_cuda_variant *, int sm);

/* What is chosen where nobody chooses. */
typedef struct mot_cuda_wish {
    mot_dtype dtype;
    int sm;
    bool tf32, unverified;
} mot_cuda_wish;
/* The last variant of the table that fits; variant NULL if there is none. */
mot_choice mot_cuda_pick(mot_stage, const mot_shape *, const mot_cuda_wish *);
mot_plan mot_cuda_pick_layer(const mot_shape *, const mot_cuda_wish *); /* steps 0 if a stage has none */

/* v itself may be chosen so. */
bool mot_cuda_fits(const mot_cuda_variant *v, const mot_shape *, const mot_cuda_wish *);

/* Its machine is as "nvidia-h100-80gb-hbm3-sm90-132", also the name of a file. */
mot_profile_owner mot_cuda_profile_owner(const mot_cuda_device *);
/* What a profile has for a stage or a layer, if all of it fits the wish. profile may be NULL. */
bool mot_cuda_tuned(const mot_profile *, mot_stage, const mot_shape *, const mot_cuda_wish *, mot_plan *out);

size_t mot_cuda_plan_workspace_bytes(const mot_plan *, const mot_shape *);
/* Queues the steps of a layer. t: x, controller, w1, w2, out, strides, temperature. The code of the first failure. */
int mot_cuda_plan_launch(const mot_cuda_module *, const mot_plan *, const mot_shape *, const mot_tensors *t,
                         void *workspace, void *stream);

#endif
