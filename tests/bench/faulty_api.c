#include "faulty_api.h"

#include "plain_kernels.h"

#include <math.h>

fault active_fault;
static mot_shape shape; /* of the layer that was created last */
static mot_dtype dtype;
static int threads, runs;

#define REAL(function, ...) mot_status __real_##function(__VA_ARGS__)
#define WRAP(function, ...)                                                                                            \
    REAL(function, __VA_ARGS__);                                                                                       \
    mot_status __wrap_##function(__VA_ARGS__);                                                                         \
    mot_status __wrap_##function(__VA_ARGS__)

static float get(mot_dtype d, const void *v, size_t i) {
    return d == MOT_BF16 ? widen_bf16(((const mot_bf16 *)v)[i]) : ((const float *)v)[i];
}

static void set(mot_dtype d, void *v, size_t i, float to) {
    if (d == MOT_BF16)
        ((mot_bf16 *)v)[i] = round_bf16(to);
    else
        ((float *)v)[i] = to;
}

/* A fault is as small as can be told from rounding. */
static float bias(mot_dtype d) { return d == MOT_BF16 ? 0.125F : 0.001F; }

static void scale(mot_dtype d, void *v, size_t first, size_t n) {
    for (size_t i = first; i < first + n; i++) set(d, v, i, get(d, v, i) * (1 + bias(d)));
}

WRAP(mot_route, const mot_shape *s, const mot_options *o, const void *x, const void *c, void *p) {
    mot_options options = *o;
    if (active_fault == ROUTE_WARM && o->temperature < 0.01F) options.temperature = 1;
    const mot_status status = __real_mot_route(s, &options, x, c, p);
    if (active_fault == ROUTE_SUM) scale(o->dtype, p, 0, s->group_size * s->experts);
    return status;
}

WRAP(mot_mix, const mot_shape *s, const mot_options *o, const void *x, const void *p, void *mixed) {
    const mot_status status = __real_mot_mix(s, o, x, p, mixed);
    if (active_fault == MIX_BIASED) scale(o->dtype, mixed, 0, s->d_model);
    for (size_t i = 0; active_fault == MIX_SATURATES && i < s->experts * s->groups * s->d_model; i++)
        set(o->dtype, mixed, i, fminf(get(o->dtype, mixed, i), 2));
    return status;
}

WRAP(mot_experts, const mot_shape *s, const mot_options *o, const void *m, const void *w1, const void *w2, void *y) {
    const mot_status status = __real_mot_experts(s, o, m, w1, w2, y);
    if (active_fault == EXPERTS_BIASED) scale(o->dtype, y, 0, s->experts * s->groups * s->d_model);
    return status;
}

WRAP(mot_redistribute, const mot_shape *s, const mot_options *o, const void *y, const void *p, void *out) {
    const mot_status status = __real_mot_redistribute(s, o, y, p, out);
    const float last = get(o->dtype, y, (s->experts - 1) * s->groups * s->d_model);
    if (active_fault == READS_LAST_Y) set(o->dtype, out, 0, get(o->dtype, out, 0) + bias(o->dtype) * last);
    return status;
}

WRAP(mot_layer_create, mot_layer **out, const mot_shape *s, const mot_options *o, const mot_profile *profile) {
    shape = *s, threads = o->threads, dtype = o->dtype;
    return __real_mot_layer_create(out, s, o, profile);
}

WRAP(mot_layer_run, mot_layer *layer, const void *x, void *out) {
    const mot_status status = __real_mot_layer_run(layer, x, out);
    if (active_fault == TOKEN_BIASED) scale(dtype, out, 0, shape.d_model);
    if (active_fault == GROUP_BIASED) scale(dtype, out, 0, shape.group_size * shape.d_model);
    if (active_fault == THREADS_DIFFER && threads == 3) scale(dtype, out, 0, shape.d_model);
    if (active_fault == RUNS_DIFFER && runs++ % 2) *(mot_bf16 *)out ^= 1; /* of either type the last bit */
    return status;
}

WRAP(mot_layer_run_strided, mot_layer *layer, const void *x, void *out, const mot_strides *st) {
    const mot_status status = __real_mot_layer_run_strided(layer, x, out, st);
    if (active_fault == SHORT_BIASED) scale(dtype, out, shape.group_size * shape.d_model, shape.d_model);
    return status;
}
