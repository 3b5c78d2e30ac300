/* target.c: see target.h. */
#include "target.h"

#include "cpu.h"
#include "cuda_device.h"

#include <inttypes.h>
#include <stdio.h>

profile_owner target_owner(bool cuda) {
    profile_owner owner = profile_cpu();
    if (!cuda) return owner;
    const mot_profile_owner gpu = mot_cuda_profile_owner(&cuda_probe()->device);
    snprintf(owner.machine, sizeof owner.machine, "%s", gpu.machine);
    snprintf(owner.kernels, sizeof owner.kernels, "%016" PRIx64, gpu.kernels);
    return owner;
}

const char *target_isa(const tune_options *o) { return o->cuda ? "cuda" : mot_isa_name(o->isa); }
int target_threads(const tune_options *o) { return o->cuda ? 0 : o->threads; }

/* As mot_cuda_options has it: TF32 is a numerical choice, which no time makes. */
static mot_cuda_wish wish_of(const tune_options *o) {
    return (mot_cuda_wish){.dtype = o->dtype, .sm = cuda_probe()->device.sm, .unverified = o->unverified};
}

static mot_plan on_gpu(const tune_options *o, mot_stage stage, const mot_shape *s) {
    const mot_cuda_wish wish = wish_of(o);
    if (stage == MOT_STAGE_LAYER) return mot_cuda_pick_layer(s, &wish);
    return (mot_plan){.steps = 1, .step = {mot_cuda_pick(stage, s, &wish)}};
}

mot_plan target_default(const tune_options *o, mot_stage stage, const mot_shape *s) {
    mot_plan plan = {.steps = 1};
    if (o->cuda)
        plan = on_gpu(o, stage, s);
    else if (stage == MOT_STAGE_LAYER)
        plan = mot_select_layer(s, o->isa, o->dtype);
    else
        plan.step[0] = mot_select_stage(stage, s, o->isa, o->dtype);
    for (int i = 0; i < plan.steps; i++)
        if (!plan.step[i].variant) plan.steps = 0;
    return plan;
}

static bool is_candidate(const tune_options *o, const mot_cuda_variant *v) {
    return !v->baseline && !v->tf32 && !cuda_why_not(v) && (o->unverified || mot_cuda_verified(v));
}

size_t target_most(bool cuda) { return cuda ? mot_cuda_count() : mot_registry_count(); }

size_t target_variants(const tune_options *o, const mot_variant **out) {
    size_t count = 0;
    for (size_t i = 0; i < target_most(o->cuda); i++)
        if (!o->cuda)
            out[count++] = mot_registry_at(i);
        else if (is_candidate(o, mot_cuda_at(i)))
            out[count++] = &mot_cuda_at(i)->variant;
    return count;
}
