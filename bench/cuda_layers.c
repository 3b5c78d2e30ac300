/* cuda_layers.c: the layers on a GPU, ours and those of NVIDIA's libraries. */
#include "cuda_device.h"

#include <string.h>

static const cuda_layer layers[] = {{"layer_cuda", NULL, MOT_F32, false},
                                    {"layer_cuda_tf32", NULL, MOT_F32, true},
                                    {"layer_bf16_cuda", NULL, MOT_BF16, false},
                                    {"layer_cuda_cublas", "cublas", MOT_F32, false},
                                    {"layer_cuda_tf32_cublas", "cublas", MOT_F32, true},
                                    {"layer_bf16_cuda_cublas", "cublas", MOT_BF16, false},
                                    {"layer_cuda_cublaslt", "cublaslt", MOT_F32, false},
                                    {"layer_cuda_tf32_cublaslt", "cublaslt", MOT_F32, true},
                                    {"layer_bf16_cuda_cublaslt", "cublaslt", MOT_BF16, false}};

const cuda_layer *cuda_layer_at(size_t index) { return index < sizeof layers / sizeof *layers ? &layers[index] : NULL; }

static mot_choice baseline(const cuda_layer *l, mot_stage stage, const char *library, const mot_shape *s) {
    const mot_config none = {{0}};
    for (size_t i = 0; i < mot_cuda_count(); i++) {
        const mot_cuda_variant *v = mot_cuda_at(i);
        if (v->baseline && !strcmp(v->family, library) && v->tf32 == l->tf32 && v->variant.stage == stage &&
            v->variant.dtype == l->dtype && v->variant.supports(s, &none))
            return (mot_choice){.variant = &v->variant};
    }
    return (mot_choice){0};
}

/* cublasLt's epilogues are for the experts; the other products are cuBLAS's. */
static mot_plan plan_of_library(const cuda_layer *l, const mot_shape *s) {
    static const mot_stage stages[] = {MOT_STAGE_ROUTE, MOT_STAGE_MIX, MOT_STAGE_EXPERTS, MOT_STAGE_REDISTRIBUTE};
    mot_plan plan = {.steps = 4};
    for (int i = 0; i < 4; i++) {
        plan.step[i] = baseline(l, stages[i], stages[i] == MOT_STAGE_EXPERTS ? l->library : "cublas", s);
        if (!plan.step[i].variant) return (mot_plan){0};
    }
    return plan;
}

mot_plan cuda_layer_plan(const cuda_layer *l, const mot_shape *s) {
    const cuda_facts *f = cuda_probe();
    const mot_cuda_wish wish = {
        .dtype = l->dtype, .sm = f->usable ? f->device.sm : 90, .tf32 = l->tf32, .unverified = true};
    return l->library ? plan_of_library(l, s) : mot_cuda_pick_layer(s, &wish);
}

const char *cuda_layer_why_not(const cuda_layer *l, const mot_shape *s) {
    const mot_plan plan = cuda_layer_plan(l, s);
    const char *reason = cuda_why_none();
    for (int i = 0; i < plan.steps && !reason; i++) reason = cuda_why_not(mot_cuda_of(plan.step[i].variant));
    return reason;
}
