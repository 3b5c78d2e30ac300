#include "properties_lab.h"

#include "bound.h"
#include "numbers.h"

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

double lab_rounding(const lab *l) { return stored_half_step(l->options.dtype, 1); }

/* Two results of the whole layer: rounding grows like the root of the number of terms, and the worst element is far
 * out. In bf16 a sum that differs a little now and then crosses a tie, in each of the places where one is stored. */
double lab_tolerance(const lab *l, const float *result, size_t n) {
    enum { STORED = 4 }; /* mixed, hidden, y, out; all four at once, and a whole step each */
    const mot_shape *s = &l->s;
    double largest = 0, terms = (double)(s->group_size + s->experts + s->d_model + s->d_expert);
    for (size_t i = 0; i < n; i++) largest = fmax(largest, fabs((double)result[i]));
    return largest * (16 * UNIT_ROUNDOFF * (4 + sqrt(terms)) + STORED * 2 * lab_rounding(l));
}

/* ---- calls ---- */

/* The tensors of one call in the lab's data type; the last one is its output. */
typedef struct call {
    const lab *l;
    int count;
    void *tensor[5];
} call;

static void *room(call *c, size_t n) { return c->tensor[c->count++] = malloc((n + 1) * sizeof(float)); }

static const void *pass(call *c, const float *from, size_t n) {
    void *to = room(c, n);
    if (to) numbers_write(c->l->options.dtype, to, 0, from, n);
    return to;
}

static bool complete(const call *c) {
    for (int i = 0; i < c->count; i++)
        if (!c->tensor[i]) return findings_skip(c->l->found, "%s: out of memory", c->l->property);
    return true;
}

/* Widens the n numbers of the output, if all went well. */
static bool finish(call *c, bool fine, float *to, size_t n) {
    numbers out = {c->tensor[c->count - 1], c->l->options.dtype};
    for (size_t i = 0; fine && i < n; i++) to[i] = (float)numbers_get(out, i);
    while (c->count > 0) free(c->tensor[--c->count]);
    return fine;
}

static size_t controller_size(const mot_shape *s) { return s->d_model * s->experts; }

static bool run_layer(lab *l, mot_layer *layer, const mot_strides *st, const void *x, void *out) {
    return st ? lab_ok(l, "mot_layer_run_strided", mot_layer_run_strided(layer, x, out, st))
              : lab_ok(l, "mot_layer_run", mot_layer_run(layer, x, out));
}

bool lab_run_shape(lab *l, const mot_shape *s, const mot_strides *st, const float *x, float *out) {
    size_t short_by = st && st->last_tokens ? s->group_size - st->last_tokens : 0;
    size_t n = tokens_size(s) - short_by * s->d_model;
    mot_layer *layer = NULL;
    call c = {.l = l};
    const void *controller = pass(&c, l->controller, controller_size(s)), *w1 = pass(&c, l->w1, expert_size(s));
    const void *w2 = pass(&c, l->w2, expert_size(s)), *tokens = pass(&c, x, n);
    void *result = room(&c, n);
    bool fine = complete(&c) && lab_ok(l, "mot_layer_create", mot_layer_create(&layer, s, &l->options, NULL)) &&
                lab_ok(l, "mot_layer_set_weights", mot_layer_set_weights(layer, controller, w1, w2)) &&
                run_layer(l, layer, st, tokens, result);
    mot_layer_destroy(layer);
    return finish(&c, fine, out, n);
}

bool lab_run(lab *l, const float *x, float *out) { return lab_run_shape(l, &l->s, NULL, x, out); }

bool lab_route(lab *l, const float *x) {
    const mot_shape *s = &l->s;
    call c = {.l = l};
    const void *tokens = pass(&c, x, tokens_size(s)), *controller = pass(&c, l->controller, controller_size(s));
    void *p = room(&c, weights_size(s));
    bool fine = complete(&c) && lab_ok(l, "mot_route", mot_route(s, &l->options, tokens, controller, p));
    return finish(&c, fine, l->p, weights_size(s));
}

bool lab_mix(lab *l, const float *x, float *mixed) {
    const mot_shape *s = &l->s;
    call c = {.l = l};
    const void *tokens = pass(&c, x, tokens_size(s)), *p = pass(&c, l->p, weights_size(s));
    void *result = room(&c, slots_size(s));
    bool fine = complete(&c) && lab_ok(l, "mot_mix", mot_mix(s, &l->options, tokens, p, result));
    return finish(&c, fine, mixed, slots_size(s));
}

bool lab_experts(lab *l, const mot_shape *s, const float *mixed, float *y) {
    call c = {.l = l};
    const void *m = pass(&c, mixed, slots_size(s));
    const void *w1 = pass(&c, l->w1, expert_size(s)), *w2 = pass(&c, l->w2, expert_size(s));
    void *result = room(&c, slots_size(s));
    bool fine = complete(&c) && lab_ok(l, "mot_experts", mot_experts(s, &l->options, m, w1, w2, result));
    return finish(&c, fine, y, slots_size(s));
}

bool lab_redistribute(lab *l, float *out) {
    const mot_shape *s = &l->s;
    call c = {.l = l};
    const void *y = pass(&c, l->y, slots_size(s)), *p = pass(&c, l->p, weights_size(s));
    void *result = room(&c, tokens_size(s));
    bool fine = complete(&c) && lab_ok(l, "mot_redistribute", mot_redistribute(s, &l->options, y, p, result));
    return finish(&c, fine, out, tokens_size(s));
}

/* ---- set-up ---- */

void lab_fill_tensor(lab *l, mot_stage stage, enum mot_tensor tensor, float *to) {
    problem pb = problem_make(&l->s, stage, DATA_ZERO_MEAN, false, l->seed);
    size_t n = problem_elements(&pb, tensor);
    data_fill(&pb, tensor, to);
    for (size_t i = 0; i < n; i++) to[i] = (float)stored(l->options.dtype, to[i]);
}

float *lab_copy(const float *from, size_t n) {
    float *copy = malloc(n * sizeof *copy);
    return copy ? memcpy(copy, from, n * sizeof *copy) : NULL;
}

bool lab_fill(lab *l) {
    const mot_shape *s = &l->s;
    size_t tokens = tokens_size(s), slots = slots_size(s), expert = expert_size(s);
    size_t n = 3 * tokens + 2 * slots + weights_size(s) + controller_size(s) + 2 * expert;
    float *memory = malloc((n + 1) * sizeof *memory);
    if (!memory) return false;
    l->x = memory;
    l->out = l->x + tokens;
    l->other = l->out + tokens;
    l->mixed = l->other + tokens;
    l->y = l->mixed + slots;
    l->p = l->y + slots;
    l->controller = l->p + weights_size(s);
    l->w1 = l->controller + controller_size(s);
    l->w2 = l->w1 + expert;
    lab_fill_tensor(l, MOT_STAGE_LAYER, MOT_X, l->x);
    lab_fill_tensor(l, MOT_STAGE_LAYER, MOT_CONTROLLER, l->controller);
    lab_fill_tensor(l, MOT_STAGE_LAYER, MOT_W1, l->w1);
    lab_fill_tensor(l, MOT_STAGE_LAYER, MOT_W2, l->w2);
    return true;
}
