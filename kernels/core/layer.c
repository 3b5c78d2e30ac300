#include "arguments.h"
#include "plan.h"
#include "profile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct mot_layer {
    mot_shape shape;
    mot_options options; /* resolved */
    mot_plan plan;
    const char *source; /* where the choices came from: a literal */
    void *controller, *w1, *w2, *packed;
    void *workspace;
    size_t workspace_bytes;
    bool has_weights;
};

static const mot_choice *experts_step(const mot_layer *l) {
    int i = 0;
    while (l->plan.step[i].variant->stage != MOT_STAGE_EXPERTS) i++;
    return &l->plan.step[i];
}

static mot_status choose(mot_layer *l, const mot_profile *profile) {
    l->source = "profile";
    if (profile &&
        mot_profile_layer(profile, &l->shape, l->options.isa, l->options.dtype, l->options.threads, &l->plan))
        return MOT_OK;
    l->source = "default";
    l->plan = mot_select_layer(&l->shape, l->options.isa, l->options.dtype);
    return mot_plan_is_layer(&l->plan) ? MOT_OK : MOT_ERROR_SUPPORT;
}

/* Memory for a tensor of the layer; an empty one is one line, so that NULL always means out of memory. */
static void *reserve(size_t bytes) { return mot_alloc(bytes ? bytes : 64); }

static bool reserve_weights(mot_layer *l) {
    const mot_choice *c = experts_step(l);
    const size_t matrix = mot_tensor_span(&l->shape, l->options.dtype, MOT_W1, NULL).bytes;
    l->controller = reserve(mot_tensor_span(&l->shape, l->options.dtype, MOT_CONTROLLER, NULL).bytes);
    if (c->variant->pack) {
        l->packed = reserve(c->variant->pack_bytes(&l->shape, &c->config));
        return l->controller && l->packed;
    }
    l->w1 = reserve(matrix);
    l->w2 = reserve(matrix);
    return l->controller && l->w1 && l->w2;
}

static mot_status build(mot_layer *l, const mot_profile *profile) {
    const mot_status status = choose(l, profile);
    if (status) return status;
    l->workspace_bytes = mot_plan_workspace_bytes(&l->plan, &l->shape, l->options.threads);
    l->workspace = reserve(l->workspace_bytes);
    return l->workspace && reserve_weights(l) ? MOT_OK : MOT_ERROR_MEMORY;
}

mot_status mot_layer_create(mot_layer **out, const mot_shape *shape, const mot_options *options,
                            const mot_profile *profile) {
    if (!out) return MOT_ERROR_NULL;
    *out = NULL;
    mot_options resolved;
    mot_status status = mot_check_shape(shape);
    if (!status) status = mot_resolve_options(&resolved, options);
    if (status) return status;
    mot_layer *l = calloc(1, sizeof *l);
    if (!l) return MOT_ERROR_MEMORY;
    l->shape = *shape;
    l->options = resolved;
    status = build(l, profile);
    if (status)
        mot_layer_destroy(l);
    else
        *out = l;
    return status;
}

void mot_layer_destroy(mot_layer *l) {
    if (!l) return;
    mot_free(l->controller);
    mot_free(l->w1);
    mot_free(l->w2);
    mot_free(l->packed);
    mot_free(l->workspace);
    free(l);
}

mot_status mot_layer_set_weights(mot_layer *l, const void *controller, const void *w1, const void *w2) {
    if (!l) return MOT_ERROR_NULL;
    const mot_span c = mot_tensor_span(&l->shape, l->options.dtype, MOT_CONTROLLER, controller),
                   a = mot_tensor_span(&l->shape, l->options.dtype, MOT_W1, w1),
                   b = mot_tensor_span(&l->shape, l->options.dtype, MOT_W2, w2);
    const mot_status status = mot_check_spans((mot_span){0}, (const mot_span[]){c, a, b}, 3);
    if (status) return status;
    memcpy(l->controller, controller, c.bytes);
    const mot_tensors t = {.w1 = w1, .w2 = w2};
    if (l->packed) {
        mot_step_pack(experts_step(l), &l->shape, &t, l->packed, l->options.threads);
    } else {
        memcpy(l->w1, w1, a.bytes);
        memcpy(l->w2, w2, b.bytes);
    }
    l->has_weights = true;
    return MOT_OK;
}

size_t mot_layer_workspace_bytes(const mot_layer *l) { return l ? mot_align64(l->workspace_bytes) : 0; }

/* The one run path: everything is checked, then the plan runs. */
static mot_status run(const mot_layer *l, const void *x, void *out, const mot_strides *strides, void *workspace,
                      size_t workspace_bytes) {
    if (!l->has_weights) return MOT_ERROR_WEIGHTS;
    mot_strides st;
    size_t elements;
    const mot_strides contiguous = mot_strides_contiguous(&l->shape);
    mot_status status = mot_check_strides(&st, &elements, &l->shape, strides ? strides : &contiguous);
    if (status) return status;
    const size_t element = mot_dtype_bytes(l->options.dtype);
    const mot_span room = {workspace, l->workspace_bytes, 64}, from = {x, elements * element, element},
                   to = {out, elements * element, element};
    if (room.bytes && (!workspace || workspace_bytes < room.bytes || (uintptr_t)workspace % 64))
        return workspace ? MOT_ERROR_WORKSPACE : MOT_ERROR_NULL;
    status = mot_check_spans(to, (const mot_span[]){from, room}, 2);
    if (!status) status = mot_check_spans(room, &from, 1);
    if (status || l->shape.groups == 0) return status;
    const mot_tensors t = {.x = x,
                           .controller = l->controller,
                           .w1 = l->w1,
                           .w2 = l->w2,
                           .packed = l->packed,
                           .out = out,
                           .strides = st,
                           .temperature = l->options.temperature};
    mot_plan_run(&l->plan, &l->shape, &t, workspace, l->options.threads);
    return MOT_OK;
}

mot_status mot_layer_run(mot_layer *l, const void *x, void *out) {
    return l ? run(l, x, out, NULL, l->workspace, l->workspace_bytes) : MOT_ERROR_NULL;
}

mot_status mot_layer_run_strided(mot_layer *l, const void *x, void *out, const mot_strides *strides) {
    return l && strides ? run(l, x, out, strides, l->workspace, l->workspace_bytes) : MOT_ERROR_NULL;
}

mot_status mot_layer_run_ws(const mot_layer *l, const void *x, void *out, void *workspace, size_t workspace_bytes) {
    return l ? run(l, x, out, NULL, workspace, workspace_bytes) : MOT_ERROR_NULL;
}

mot_status mot_layer_describe(const mot_layer *l, char *buf, size_t size) {
    if (!l || !buf) return MOT_ERROR_NULL;
    if (size) buf[0] = 0;
    size_t used = 0;
    for (int i = 0; i < l->plan.steps; i++) {
        char choice[192];
        mot_choice_print(choice, sizeof choice, &l->plan.step[i]);
        used += (size_t)snprintf(used < size ? buf + used : NULL, used < size ? size - used : 0, "%s %s (%s)\n",
                                 mot_stage_name(l->plan.step[i].variant->stage), choice, l->source);
    }
    return used < size ? MOT_OK : MOT_ERROR_BUFFER;
}
