#include "plain_kernels.h"

#include <math.h>

#define NAME(stage) plain_##stage
#define SCOPE
#define ELEMENT float
#define LOAD(element) (element)
#define STORE(value) (value)
#define ADD(sum, product) ((sum) + (product))
#define HIDDEN(value) (value)
#include "plain_kernels.inl"

#define NAME(stage) plain_bf16_##stage
#define SCOPE
#define ELEMENT mot_bf16
#define LOAD(element) widen_bf16(element)
#define STORE(value) round_bf16(value)
#define ADD(sum, product) ((sum) + (product))
#define HIDDEN(value) widen_bf16(round_bf16(value))
#include "plain_kernels.inl"

/* Mixes with the weights as it stored them. */
void plain_bf16_front(const mot_shape *s, const mot_tensors *t, const mot_config *c, mot_range r) {
    plain_bf16_route(s, t, c, r);
    plain_bf16_mix(s, t, c, r);
}

static size_t group_units(const mot_shape *s) { return s->groups; }
static size_t row_units(const mot_shape *s) { return s->experts * s->groups; }
static size_t plain_depth(size_t k, const mot_config *c) { return (void)c, k; }
static size_t hidden_bytes(const mot_shape *s, const mot_config *c) { return (void)c, s->d_expert * sizeof(float); }
static size_t column_bytes(const mot_shape *s, const mot_config *c) { return (void)c, s->group_size * sizeof(float); }
static size_t little_scratch(const mot_shape *s, const mot_config *c) { return (void)s, (void)c, (size_t)64; }

static size_t (*scratch_of(mot_stage stage))(const mot_shape *, const mot_config *) {
    if (stage == MOT_STAGE_EXPERTS) return hidden_bytes;
    return stage == MOT_STAGE_ROUTE || stage == MOT_STAGE_FRONT ? column_bytes : little_scratch;
}

mot_variant plain_variant(const char *name, mot_stage stage, mot_kernel_fn run) {
    return (mot_variant){.name = name,
                         .stage = stage,
                         .isa = MOT_ISA_SCALAR,
                         .dtype = MOT_F32,
                         .units = stage == MOT_STAGE_EXPERTS ? row_units : group_units,
                         .scratch_bytes = scratch_of(stage),
                         .depth = plain_depth,
                         .run = run};
}

mot_variant plain_bf16_variant(const char *name, mot_stage stage, mot_kernel_fn run) {
    mot_variant v = plain_variant(name, stage, run);
    v.dtype = MOT_BF16;
    return v;
}
