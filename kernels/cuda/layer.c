/* layer.c: a layer on a device: chosen and allocated once, queued many times. */
#include "device.h"

#include <stdio.h>
#include <stdlib.h>

static const mot_cuda_module *const cuda = &mot_cuda_module_table;

struct mot_cuda_layer {
    mot_shape shape;
    mot_cuda_setting setting;
    mot_plan plan;
    void *controller, *w1, *w2, *workspace; /* on the device */
    size_t workspace_bytes;
    bool has_weights, tuned;
};

/* ---- life ---- */

static mot_status choose(mot_cuda_layer *l) {
    mot_cuda_wish any = l->setting.wish;
    any.unverified = true;
    l->tuned = mot_cuda_tuned(l->setting.profile, MOT_STAGE_LAYER, &l->shape, &l->setting.wish, &l->plan);
    l->setting.profile = NULL; /* the caller may free it */
    if (l->tuned) return MOT_OK;
    l->plan = mot_cuda_pick_layer(&l->shape, &l->setting.wish);
    return l->plan.steps ? MOT_OK : mot_cuda_why_none(mot_cuda_pick_layer(&l->shape, &any).steps > 0);
}

static size_t bytes_of(const mot_cuda_layer *l, enum mot_tensor tensor) {
    return mot_cuda_span(&l->shape, l->setting.wish.dtype, tensor, NULL).bytes;
}

static mot_status reserve(mot_cuda_layer *l) {
    int code = cuda->allocate(&l->controller, bytes_of(l, MOT_CONTROLLER));
    if (!code) code = cuda->allocate(&l->w1, bytes_of(l, MOT_W1));
    if (!code) code = cuda->allocate(&l->w2, bytes_of(l, MOT_W2));
    l->workspace_bytes = mot_cuda_plan_workspace_bytes(&l->plan, &l->shape);
    if (!code && l->workspace_bytes) code = cuda->allocate(&l->workspace, l->workspace_bytes);
    return mot_cuda_status(code);
}

static mot_status build(mot_cuda_layer *l) {
    int before;
    mot_status status = choose(l);
    if (!status) status = mot_cuda_enter(l->setting.device, &before);
    if (status) return status;
    status = reserve(l);
    mot_cuda_leave(l->setting.device, before);
    return status;
}

mot_status mot_cuda_layer_create(mot_cuda_layer **out, const mot_shape *shape, const mot_cuda_options *options) {
    if (!out) return MOT_ERROR_NULL;
    *out = NULL;
    mot_cuda_setting setting;
    mot_status status = mot_check_shape(shape);
    if (!status) status = mot_cuda_resolve(&setting, options);
    if (status) return status;
    mot_cuda_layer *l = calloc(1, sizeof *l);
    if (!l) return MOT_ERROR_MEMORY;
    l->shape = *shape;
    l->setting = setting;
    status = build(l);
    if (status)
        mot_cuda_layer_destroy(l);
    else
        *out = l;
    return status;
}

void mot_cuda_layer_destroy(mot_cuda_layer *l) {
    int before;
    if (!l) return;
    void *const memory[] = {l->controller, l->w1, l->w2, l->workspace};
    if (mot_cuda_enter(l->setting.device, &before) == MOT_OK) {
        for (int i = 0; i < 4; i++)
            if (memory[i]) cuda->release(memory[i]);
        mot_cuda_leave(l->setting.device, before);
    }
    free(l);
}

/* ---- weights ---- */

mot_status mot_cuda_layer_set_weights(mot_cuda_layer *l, const void *controller, const void *w1, const void *w2,
                                      void *stream) {
    if (!l) return MOT_ERROR_NULL;
    const mot_dtype dtype = l->setting.wish.dtype;
    const mot_span from[] = {mot_cuda_span(&l->shape, dtype, MOT_CONTROLLER, controller),
                             mot_cuda_span(&l->shape, dtype, MOT_W1, w1), mot_cuda_span(&l->shape, dtype, MOT_W2, w2)};
    void *const to[] = {l->controller, l->w1, l->w2};
    int before, code = 0;
    mot_status status = mot_check_spans((mot_span){0}, from, 3);
    if (!status) status = mot_cuda_enter(l->setting.device, &before);
    if (status) return status;
    for (int i = 0; i < 3 && !code; i++) code = cuda->copy(to[i], from[i].data, from[i].bytes, stream);
    mot_cuda_leave(l->setting.device, before);
    l->has_weights |= code == 0;
    return mot_cuda_status(code);
}

/* ---- running ---- */

size_t mot_cuda_layer_workspace_bytes(const mot_cuda_layer *l) { return l ? l->workspace_bytes : 0; }

static mot_status check(const mot_cuda_layer *l, const void *x, void *out, void *workspace, size_t bytes) {
    const mot_dtype dtype = l->setting.wish.dtype;
    const mot_span from = mot_cuda_span(&l->shape, dtype, MOT_X, x), to = mot_cuda_span(&l->shape, dtype, MOT_OUT, out),
                   room = {workspace, l->workspace_bytes, 64};
    if (!l->has_weights) return MOT_ERROR_WEIGHTS;
    if (room.bytes && !workspace) return MOT_ERROR_NULL;
    if (bytes < room.bytes || (uintptr_t)workspace % 64) return MOT_ERROR_WORKSPACE;
    const mot_status status = mot_check_spans(to, (const mot_span[]){from, room}, 2);
    return status ? status : mot_check_spans(room, &from, 1);
}

static mot_status queue(const mot_cuda_layer *l, const void *x, void *out, void *workspace, void *stream) {
    const mot_tensors t = {.x = x,
                           .controller = l->controller,
                           .w1 = l->w1,
                           .w2 = l->w2,
                           .out = out,
                           .strides = mot_strides_contiguous(&l->shape),
                           .temperature = l->setting.temperature};
    int before;
    const mot_status status = mot_cuda_enter(l->setting.device, &before);
    if (status) return status;
    const int code = mot_cuda_plan_launch(cuda, &l->plan, &l->shape, &t, workspace, stream);
    mot_cuda_leave(l->setting.device, before);
    return mot_cuda_status(code);
}

mot_status mot_cuda_layer_run_ws(const mot_cuda_layer *l, const void *x, void *out, void *workspace,
                                 size_t workspace_bytes, void *stream) {
    if (!l) return MOT_ERROR_NULL;
    const mot_status status = check(l, x, out, workspace, workspace_bytes);
    return status || l->shape.groups == 0 ? status : queue(l, x, out, workspace, stream);
}

mot_status mot_cuda_layer_run(mot_cuda_layer *l, const void *x, void *out, void *stream) {
    return l ? mot_cuda_layer_run_ws(l, x, out, l->workspace, l->workspace_bytes, stream) : MOT_ERROR_NULL;
}

mot_status mot_cuda_layer_describe(const mot_cuda_layer *l, char *buf, size_t size) {
    if (!l || !buf) return MOT_ERROR_NULL;
    if (size) buf[0] = 0;
    size_t used = 0;
    for (int i = 0; i < l->plan.steps; i++) {
        const mot_cuda_variant *v = mot_cuda_of(l->plan.step[i].variant);
        used += (size_t)snprintf(used < size ? buf + used : NULL, used < size ? size - used : 0, "%s (%s, %s)\n",
                                 v->variant.name, mot_cuda_verified(v) ? "verified" : "unverified",
                                 l->tuned ? "profile" : "default");
    }
    return used < size ? MOT_OK : MOT_ERROR_BUFFER;
}
