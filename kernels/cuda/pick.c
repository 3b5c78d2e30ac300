/* pick.c: which kernels make up a layer, and how they are queued. */
#include "cuda_table.h"

bool mot_cuda_fits(const mot_cuda_variant *v, const mot_shape *s, const mot_cuda_wish *w) {
    const mot_config none = {{0}};
    if (v->baseline || v->variant.dtype != w->dtype || !mot_cuda_runs_on(v, w->sm)) return false;
    if ((v->tf32 && !w->tf32) || (!w->unverified && !mot_cuda_verified(v))) return false;
    return v->variant.supports(s, &none);
}

mot_choice mot_cuda_pick(mot_stage stage, const mot_shape *s, const mot_cuda_wish *w) {
    for (size_t i = mot_cuda_count(); i-- > 0;)
        if (mot_cuda_at(i)->variant.stage == stage && mot_cuda_fits(mot_cuda_at(i), s, w))
            return (mot_choice){.variant = &mot_cuda_at(i)->variant};
    return (mot_choice){0};
}

mot_plan mot_cuda_pick_layer(const mot_shape *s, const mot_cuda_wish *w) {
    static const mot_stage fused[] = {MOT_STAGE_FRONT, MOT_STAGE_EXPERTS, MOT_STAGE_REDISTRIBUTE};
    static const mot_stage plain[] = {MOT_STAGE_ROUTE, MOT_STAGE_MIX, MOT_STAGE_EXPERTS, MOT_STAGE_REDISTRIBUTE};
    const bool has_front = mot_cuda_pick(MOT_STAGE_FRONT, s, w).variant != NULL;
    const mot_stage *stage = has_front ? fused : plain;
    mot_plan plan = {.steps = has_front ? 3 : 4};
    for (int i = 0; i < plan.steps; i++) {
        plan.step[i] = mot_cuda_pick(stage[i], s, w);
        if (!plan.step[i].variant) return (mot_plan){0};
    }
    return plan;
}

/* ---- the workspace: | p (G,T,E) | mixed (E,G,D) | y (E,G,D) | scratch | ---- */

typedef struct layout {
    size_t mixed, y, scratch, bytes;
} layout;

static size_t aligned(size_t bytes) { return (bytes + 255) / 256 * 256; }

static layout lay_out(const mot_plan *plan, const mot_shape *s) {
    const size_t element = mot_dtype_bytes(plan->step[0].variant->dtype);
    const size_t weights = aligned(s->groups * s->group_size * s->experts * element);
    const size_t tokens = aligned(s->groups * s->experts * s->d_model * element);
    const layout l = {.mixed = weights, .y = weights + tokens, .scratch = weights + 2 * tokens};
    size_t most = 0;
    for (int i = 0; i < plan->steps; i++) {
        const mot_choice *c = &plan->step[i];
        const size_t need = c->variant->scratch_bytes ? c->variant->scratch_bytes(s, &c->config) : 0;
        if (need > most) most = need;
    }
    return (layout){l.mixed, l.y, l.scratch, l.scratch + aligned(most)};
}

size_t mot_cuda_plan_workspace_bytes(const mot_plan *plan, const mot_shape *s) { return lay_out(plan, s).bytes; }

int mot_cuda_plan_launch(const mot_cuda_module *m, const mot_plan *plan, const mot_shape *s, const mot_tensors *t,
                         void *workspace, void *stream) {
    const layout l = lay_out(plan, s);
    char *at = workspace;
    mot_tensors all = *t;
    all.p = at, all.mixed = at + l.mixed, all.y = at + l.y, all.scratch = at + l.scratch;
    int code = 0;
    for (int i = 0; i < plan->steps && !code; i++) {
        const mot_choice *c = &plan->step[i];
        code = m->launch(mot_cuda_index(mot_cuda_of(c->variant)), s, &all, &c->config, stream);
    }
    return code;
}
