#include "properties_lab.h"

#include "bound.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

bool lab_ok(lab *l, const char *function, mot_status status) {
    return status == MOT_OK ||
           findings_fail(l->found, "%s: %s returned \"%s\"", l->property, function, mot_status_string(status));
}

bool lab_close(lab *l, size_t at, double got, double expected, double tolerance) {
    double error = fabs(got - expected);
    l->found->result.compared++;
    if (!(error <= tolerance))
        return findings_fail(l->found, "%s: element %zu is %.9g, expected %.9g +- %.2g", l->property, at, got, expected,
                             tolerance);
    if (tolerance > 0) l->found->result.fraction = fmax(l->found->result.fraction, error / tolerance);
    return true;
}

bool lab_all_equal(lab *l, const float *got, const float *expected, size_t n, double factor) {
    for (size_t i = 0; i < n; i++)
        if (!lab_close(l, i, got[i], factor * expected[i], 0)) return false;
    return true;
}

/* Two results of the whole layer: rounding grows like the root of the number of terms, and the worst element is far
 * out. */
double lab_tolerance(const lab *l, const float *result, size_t n) {
    const mot_shape *s = &l->s;
    double largest = 0;
    for (size_t i = 0; i < n; i++) largest = fmax(largest, fabs((double)result[i]));
    return 16 * UNIT_ROUNDOFF * largest * (4 + sqrt((double)(s->group_size + s->experts + s->d_model + s->d_expert)));
}

/* ---- running ---- */

bool lab_run_shape(lab *l, const mot_shape *s, const mot_strides *st, const float *x, float *out) {
    mot_layer *layer;
    if (!lab_ok(l, "mot_layer_create", mot_layer_create(&layer, s, &l->options, NULL))) return false;
    bool done = lab_ok(l, "mot_layer_set_weights", mot_layer_set_weights(layer, l->controller, l->w1, l->w2));
    if (done && st)
        done = lab_ok(l, "mot_layer_run_strided", mot_layer_run_strided(layer, x, out, st));
    else if (done)
        done = lab_ok(l, "mot_layer_run", mot_layer_run(layer, x, out));
    mot_layer_destroy(layer);
    return done;
}

bool lab_run(lab *l, const float *x, float *out) { return lab_run_shape(l, &l->s, NULL, x, out); }

bool lab_route(lab *l, const float *x) {
    return lab_ok(l, "mot_route", mot_route(&l->s, &l->options, x, l->controller, l->p));
}

void lab_fill_tensor(lab *l, mot_stage stage, enum mot_tensor tensor, float *to) {
    problem pb = problem_make(&l->s, stage, DATA_ZERO_MEAN, false, l->seed);
    data_fill(&pb, tensor, to);
}

float *lab_copy(const float *from, size_t n) {
    float *copy = malloc(n * sizeof *copy);
    return copy ? memcpy(copy, from, n * sizeof *copy) : NULL;
}

bool lab_fill(lab *l) {
    const mot_shape *s = &l->s;
    size_t tokens = tokens_size(s), slots = slots_size(s), expert = s->experts * s->d_model * s->d_expert;
    size_t n = 3 * tokens + 2 * slots + weights_size(s) + s->d_model * s->experts + 2 * expert;
    float *memory = malloc((n + 1) * sizeof *memory);
    if (!memory) return false;
    l->x = memory;
    l->out = l->x + tokens;
    l->other = l->out + tokens;
    l->mixed = l->other + tokens;
    l->y = l->mixed + slots;
    l->p = l->y + slots;
    l->controller = l->p + weights_size(s);
    l->w1 = l->controller + s->d_model * s->experts;
    l->w2 = l->w1 + expert;
    lab_fill_tensor(l, MOT_STAGE_LAYER, MOT_X, l->x);
    lab_fill_tensor(l, MOT_STAGE_LAYER, MOT_CONTROLLER, l->controller);
    lab_fill_tensor(l, MOT_STAGE_LAYER, MOT_W1, l->w1);
    lab_fill_tensor(l, MOT_STAGE_LAYER, MOT_W2, l->w2);
    return true;
}
