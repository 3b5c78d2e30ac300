/* stages.c: each stage alone on a device: check, choose, queue once. */
#include "device.h"

static const mot_cuda_module *const cuda = &mot_cuda_module_table;

/* One tensor of the caller's. */
typedef struct argument {
    enum mot_tensor tensor;
    const void *data;
} argument;

enum { MAX_INPUTS = 3 };

/* A stage and the caller's tensors: the first is the output. */
typedef struct call {
    mot_stage stage;
    const mot_shape *shape;
    mot_tensors tensors;
    argument argument[1 + MAX_INPUTS];
    int inputs;
} call;

static mot_status check(const call *c, mot_dtype dtype) {
    mot_span span[1 + MAX_INPUTS];
    for (int i = 0; i <= c->inputs; i++)
        span[i] = mot_cuda_span(c->shape, dtype, c->argument[i].tensor, c->argument[i].data);
    return mot_check_spans(span[0], span + 1, c->inputs);
}

static mot_status choose(mot_choice *out, const call *c, const mot_cuda_setting *o) {
    const mot_cuda_wish *wish = &o->wish;
    mot_cuda_wish any = *wish;
    mot_plan tuned;
    any.unverified = true;
    if (mot_cuda_tuned(o->profile, c->stage, c->shape, wish, &tuned)) return *out = tuned.step[0], MOT_OK;
    *out = mot_cuda_pick(c->stage, c->shape, wish);
    return out->variant ? MOT_OK : mot_cuda_why_none(mot_cuda_pick(c->stage, c->shape, &any).variant != NULL);
}

/* The scratch memory's life is queued too, around the kernel's. */
static int queue(const mot_choice *choice, const call *c, const mot_cuda_setting *o, void *stream) {
    const mot_variant *v = choice->variant;
    const size_t bytes = v->scratch_bytes ? v->scratch_bytes(c->shape, &choice->config) : 0;
    mot_tensors t = c->tensors;
    t.strides = mot_strides_contiguous(c->shape);
    t.temperature = o->temperature;
    int code = bytes ? cuda->allocate_queued(&t.scratch, bytes, stream) : 0;
    if (code) return code;
    code = cuda->launch(mot_cuda_index(mot_cuda_of(v)), c->shape, &t, &choice->config, stream);
    const int released = bytes ? cuda->release_queued(t.scratch, stream) : 0;
    return code ? code : released;
}

static mot_status run(const call *c, const mot_cuda_options *options, void *stream) {
    mot_cuda_setting o;
    mot_choice choice;
    int before;
    mot_status status = mot_check_shape(c->shape);
    if (!status) status = mot_cuda_resolve(&o, options);
    if (!status) status = check(c, o.wish.dtype);
    if (status || c->shape->groups == 0) return status;
    status = choose(&choice, c, &o);
    if (!status) status = mot_cuda_enter(o.device, &before);
    if (status) return status;
    status = mot_cuda_status(queue(&choice, c, &o, stream));
    mot_cuda_leave(o.device, before);
    return status;
}

mot_status mot_cuda_route(const mot_shape *s, const mot_cuda_options *options, const void *x, const void *controller,
                          void *p, void *stream) {
    const call c = {.stage = MOT_STAGE_ROUTE,
                    .shape = s,
                    .tensors = {.x = x, .controller = controller, .p = p},
                    .argument = {{MOT_P, p}, {MOT_X, x}, {MOT_CONTROLLER, controller}},
                    .inputs = 2};
    return run(&c, options, stream);
}

mot_status mot_cuda_mix(const mot_shape *s, const mot_cuda_options *options, const void *x, const void *p, void *mixed,
                        void *stream) {
    const call c = {.stage = MOT_STAGE_MIX,
                    .shape = s,
                    .tensors = {.x = x, .p = (void *)p, .mixed = mixed},
                    .argument = {{MOT_MIXED, mixed}, {MOT_X, x}, {MOT_P, p}},
                    .inputs = 2};
    return run(&c, options, stream);
}

mot_status mot_cuda_experts(const mot_shape *s, const mot_cuda_options *options, const void *mixed, const void *w1,
                            const void *w2, void *y, void *stream) {
    const call c = {.stage = MOT_STAGE_EXPERTS,
                    .shape = s,
                    .tensors = {.mixed = (void *)mixed, .w1 = w1, .w2 = w2, .y = y},
                    .argument = {{MOT_Y, y}, {MOT_MIXED, mixed}, {MOT_W1, w1}, {MOT_W2, w2}},
                    .inputs = 3};
    return run(&c, options, stream);
}

mot_status mot_cuda_redistribute(const mot_shape *s, const mot_cuda_options *options, const void *y, const void *p,
                                 void *out, void *stream) {
    const call c = {.stage = MOT_STAGE_REDISTRIBUTE,
                    .shape = s,
                    .tensors = {.y = (void *)y, .p = (void *)p, .out = out},
                    .argument = {{MOT_OUT, out}, {MOT_Y, y}, {MOT_P, p}},
                    .inputs = 2};
    return run(&c, options, stream);
}
