/* plan.h: a list of choices that together compute a layer (or one stage), and how threads run it. */
#ifndef MOT_CORE_PLAN_H
#define MOT_CORE_PLAN_H

#include "registry.h"

enum { MOT_MAX_STEPS = 4 };
typedef struct mot_plan {
    int steps;
    mot_choice step[MOT_MAX_STEPS];
} mot_plan;

/* The plan's steps cover the layer: (route, mix | front), experts, redistribute, in this order. */
bool mot_plan_is_layer(const mot_plan *);

/* The data type of its tensors: that of all its steps. */
mot_dtype mot_plan_dtype(const mot_plan *);

/* Bytes of scratch for one step on `threads` threads (threads x per-thread size, each rounded up to 64); SIZE_MAX if
 * they do not fit. */
size_t mot_step_scratch_bytes(const mot_choice *, const mot_shape *, int threads);
/* Runs one step, its units shared evenly among `threads`. tensors->scratch: mot_step_scratch_bytes. */
void mot_step_run(const mot_choice *, const mot_shape *, const mot_tensors *, int threads);
/* Packs t->w1, t->w2 for this step into `packed` (variant->pack_bytes); nothing to do where pack is NULL. */
void mot_step_pack(const mot_choice *, const mot_shape *, const mot_tensors *, void *packed, int threads);

/* Workspace of a layer plan: p, mixed, y, then the largest scratch; SIZE_MAX if it does not fit. */
size_t mot_plan_workspace_bytes(const mot_plan *, const mot_shape *, int threads);
/* Runs a layer plan: t gives x, controller, w1, w2, packed (of the experts step), out, strides, temperature. */
void mot_plan_run(const mot_plan *, const mot_shape *, const mot_tensors *t, void *workspace, int threads);

/* Built-in choices: the cost model's pick among usable variants of mot_isa_for(isa, dtype), or of a lower ISA where
 * that is known to be faster; variant NULL if none supports the shape. */
mot_config mot_select_config(const mot_variant *, const mot_shape *); /* its knobs, as they suit the shape */
mot_choice mot_select_stage(mot_stage stage, const mot_shape *, mot_isa isa, mot_dtype);
mot_plan mot_select_layer(const mot_shape *, mot_isa isa, mot_dtype);

/* Bytes in whole cache lines. */
static inline size_t mot_align64(size_t bytes) { return (bytes + 63) / 64 * 64; }
/* Where part i of n things begins when they are shared evenly among `parts`. */
static inline size_t mot_share(size_t n, size_t parts, size_t i) {
    const size_t rest = n % parts;
    return n / parts * i + (i < rest ? i : rest);
}

/* Strides of a contiguous (G,T,D) tensor, last_tokens filled in. */
mot_strides mot_strides_contiguous(const mot_shape *);

#endif
