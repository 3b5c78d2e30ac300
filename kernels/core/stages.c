/* stages.c: each stage alone: check, choose, run once. */
#include "arguments.h"
#include "plan.h"

/* Runs `stage` on t; spans of what it reads and writes have been named by the caller. */
static mot_status run_stage(mot_stage stage, const mot_shape *s, const mot_options *options, mot_tensors t,
                            mot_span output, const mot_span *inputs, int count) {
    mot_options o;
    mot_status status = mot_resolve_options(&o, options);
    if (!status) status = mot_check_spans(output, inputs, count);
    if (status || s->groups == 0) return status;
    const mot_choice c = mot_select_stage(stage, s, o.isa);
    if (!c.variant) return MOT_ERROR_SUPPORT;
    const size_t bytes = mot_step_scratch_bytes(&c, s, o.threads);
    t.scratch = mot_alloc(bytes);
    if (bytes && !t.scratch) return MOT_ERROR_MEMORY;
    t.strides = mot_strides_contiguous(s);
    t.temperature = o.temperature;
    mot_step_run(&c, s, &t, o.threads);
    mot_free(t.scratch);
    return MOT_OK;
}

mot_status mot_route(const mot_shape *s, const mot_options *options, const void *x, const void *controller, void *p) {
    const mot_status status = mot_check_shape(s);
    if (status) return status;
    const mot_span in[] = {mot_tensor_span(s, MOT_X, x), mot_tensor_span(s, MOT_CONTROLLER, controller)};
    const mot_tensors t = {.x = x, .controller = controller, .p = p};
    return run_stage(MOT_STAGE_ROUTE, s, options, t, mot_tensor_span(s, MOT_P, p), in, 2);
}

mot_status mot_mix(const mot_shape *s, const mot_options *options, const void *x, const void *p, void *mixed) {
    const mot_status status = mot_check_shape(s);
    if (status) return status;
    const mot_span in[] = {mot_tensor_span(s, MOT_X, x), mot_tensor_span(s, MOT_P, p)};
    const mot_tensors t = {.x = x, .p = (void *)p, .mixed = mixed};
    return run_stage(MOT_STAGE_MIX, s, options, t, mot_tensor_span(s, MOT_MIXED, mixed), in, 2);
}

mot_status mot_experts(const mot_shape *s, const mot_options *options, const void *mixed, const void *w1,
                       const void *w2, void *y) {
    const mot_status status = mot_check_shape(s);
    if (status) return status;
    const mot_span in[] = {mot_tensor_span(s, MOT_MIXED, mixed), mot_tensor_span(s, MOT_W1, w1),
                           mot_tensor_span(s, MOT_W2, w2)};
    const mot_tensors t = {.mixed = (void *)mixed, .w1 = w1, .w2 = w2, .y = y};
    return run_stage(MOT_STAGE_EXPERTS, s, options, t, mot_tensor_span(s, MOT_Y, y), in, 3);
}

mot_status mot_redistribute(const mot_shape *s, const mot_options *options, const void *y, const void *p, void *out) {
    const mot_status status = mot_check_shape(s);
    if (status) return status;
    const mot_span in[] = {mot_tensor_span(s, MOT_Y, y), mot_tensor_span(s, MOT_P, p)};
    const mot_tensors t = {.y = (void *)y, .p = (void *)p, .out = out};
    return run_stage(MOT_STAGE_REDISTRIBUTE, s, options, t, mot_tensor_span(s, MOT_OUT, out), in, 2);
}
