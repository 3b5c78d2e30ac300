/* stages.c: each stage alone: check, choose, run once. */
#include "arguments.h"
#include "plan.h"

/* One tensor of the caller's. */
typedef struct argument {
    enum mot_tensor tensor;
    const void *data;
} argument;

enum { MAX_INPUTS = 3 };

static mot_status check(const mot_shape *s, mot_dtype dtype, argument output, const argument *input, int count) {
    mot_span in[MAX_INPUTS];
    for (int i = 0; i < count; i++) in[i] = mot_tensor_span(s, dtype, input[i].tensor, input[i].data);
    return mot_check_spans(mot_tensor_span(s, dtype, output.tensor, output.data), in, count);
}

/* Runs `stage` on t, whose output and inputs the caller has named. */
static mot_status run_stage(mot_stage stage, const mot_shape *s, const mot_options *options, mot_tensors t,
                            argument output, const argument *input, int count) {
    mot_options o;
    mot_status status = mot_check_shape(s);
    if (!status) status = mot_resolve_options(&o, options);
    if (!status) status = check(s, o.dtype, output, input, count);
    if (status || s->groups == 0) return status;
    const mot_choice c = mot_select_stage(stage, s, o.isa, o.dtype);
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
    const argument in[] = {{MOT_X, x}, {MOT_CONTROLLER, controller}};
    const mot_tensors t = {.x = x, .controller = controller, .p = p};
    return run_stage(MOT_STAGE_ROUTE, s, options, t, (argument){MOT_P, p}, in, 2);
}

mot_status mot_mix(const mot_shape *s, const mot_options *options, const void *x, const void *p, void *mixed) {
    const argument in[] = {{MOT_X, x}, {MOT_P, p}};
    const mot_tensors t = {.x = x, .p = (void *)p, .mixed = mixed};
    return run_stage(MOT_STAGE_MIX, s, options, t, (argument){MOT_MIXED, mixed}, in, 2);
}

mot_status mot_experts(const mot_shape *s, const mot_options *options, const void *mixed, const void *w1,
                       const void *w2, void *y) {
    const argument in[] = {{MOT_MIXED, mixed}, {MOT_W1, w1}, {MOT_W2, w2}};
    const mot_tensors t = {.mixed = (void *)mixed, .w1 = w1, .w2 = w2, .y = y};
    return run_stage(MOT_STAGE_EXPERTS, s, options, t, (argument){MOT_Y, y}, in, 3);
}

mot_status mot_redistribute(const mot_shape *s, const mot_options *options, const void *y, const void *p, void *out) {
    const argument in[] = {{MOT_Y, y}, {MOT_P, p}};
    const mot_tensors t = {.y = (void *)y, .p = (void *)p, .out = out};
    return run_stage(MOT_STAGE_REDISTRIBUTE, s, options, t, (argument){MOT_OUT, out}, in, 2);
}
