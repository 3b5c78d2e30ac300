#include "faulty_api.h"

#include "mot/mot.h"

#include <math.h>

fault active_fault;
static mot_shape shape; /* of the layer that was created last */
static int threads, runs;

#define REAL(function, ...) mot_status __real_##function(__VA_ARGS__)
#define WRAP(function, ...)                                                                                            \
    REAL(function, __VA_ARGS__);                                                                                       \
    mot_status __wrap_##function(__VA_ARGS__);                                                                         \
    mot_status __wrap_##function(__VA_ARGS__)

static void scale(float *v, size_t n) {
    for (size_t i = 0; i < n; i++) v[i] *= 1.001F;
}

WRAP(mot_route, const mot_shape *s, const mot_options *o, const void *x, const void *c, void *p) {
    mot_options options = *o;
    if (active_fault == ROUTE_WARM && o->temperature < 0.01F) options.temperature = 1;
    const mot_status status = __real_mot_route(s, &options, x, c, p);
    if (active_fault == ROUTE_SUM) scale(p, s->group_size * s->experts);
    return status;
}

WRAP(mot_mix, const mot_shape *s, const mot_options *o, const void *x, const void *p, void *mixed) {
    const mot_status status = __real_mot_mix(s, o, x, p, mixed);
    float *m = mixed;
    if (active_fault == MIX_BIASED) scale(m, s->d_model);
    for (size_t i = 0; active_fault == MIX_SATURATES && i < s->experts * s->groups * s->d_model; i++)
        m[i] = fminf(m[i], 2);
    return status;
}

WRAP(mot_experts, const mot_shape *s, const mot_options *o, const void *m, const void *w1, const void *w2, void *y) {
    const mot_status status = __real_mot_experts(s, o, m, w1, w2, y);
    if (active_fault == EXPERTS_BIASED) scale(y, s->experts * s->groups * s->d_model);
    return status;
}

WRAP(mot_redistribute, const mot_shape *s, const mot_options *o, const void *y, const void *p, void *out) {
    const mot_status status = __real_mot_redistribute(s, o, y, p, out);
    if (active_fault == READS_LAST_Y)
        ((float *)out)[0] += 1e-3F * ((const float *)y)[(s->experts - 1) * s->groups * s->d_model];
    return status;
}

WRAP(mot_layer_create, mot_layer **out, const mot_shape *s, const mot_options *o, const mot_profile *profile) {
    shape = *s, threads = o->threads;
    return __real_mot_layer_create(out, s, o, profile);
}

WRAP(mot_layer_run, mot_layer *layer, const void *x, void *out) {
    const mot_status status = __real_mot_layer_run(layer, x, out);
    float *result = out;
    if (active_fault == TOKEN_BIASED) scale(result, shape.d_model);
    if (active_fault == GROUP_BIASED) scale(result, shape.group_size * shape.d_model);
    if (active_fault == THREADS_DIFFER && threads == 3) scale(result, shape.d_model);
    if (active_fault == RUNS_DIFFER && runs++ % 2) result[0] = nextafterf(result[0], 100);
    return status;
}

WRAP(mot_layer_run_strided, mot_layer *layer, const void *x, void *out, const mot_strides *st) {
    const mot_status status = __real_mot_layer_run_strided(layer, x, out, st);
    if (active_fault == SHORT_BIASED) scale((float *)out + shape.group_size * shape.d_model, shape.d_model);
    return status;
}
