/* The formulas of mot.h in plain f64. Each value carries the first-order bound of accuracy's componentwise test:
 * for a sum of n products in any order |error| <= sum |a|err(b) + err(a)|b| + (n+1) u sum |a b|. */
#include "api.h"

#include <math.h>
#include <stdlib.h>

static const double u = 0x1p-24, slack = 1.05, tiny = 0x1p-126;

double naive_storage; /* what storing rounds, relatively */

static approx stored(approx a) {
    a.bound += naive_storage * (fabs(a.value) + a.bound);
    return a;
}

static approx *approx_new(size_t count) {
    approx *a = calloc(count ? count : 1, sizeof *a);
    assert_non_null(a);
    return a;
}

approx *approx_of(const float *data, size_t count) {
    approx *a = approx_new(count);
    for (size_t i = 0; i < count; i++) a[i].value = (double)data[i];
    return a;
}

static approx dot(const approx *a, size_t a_stride, const approx *b, size_t b_stride, size_t n) {
    double sum = 0, magnitude = 0, inherited = 0;
    for (size_t k = 0; k < n; k++) {
        approx p = a[k * a_stride], q = b[k * b_stride];
        sum += p.value * q.value;
        magnitude += fabs(p.value * q.value);
        inherited += fabs(p.value) * q.bound + p.bound * fabs(q.value) + p.bound * q.bound;
    }
    double rounding = (double)(n + 1) * (u * magnitude + tiny);
    return (approx){sum, slack * (inherited + rounding)};
}

/* Softmax over n logits that lie `stride` apart, in place. The bound is Blanchard, Higham, Higham's, exp within 2 ulp.
 */
static void softmax(approx *logit, size_t stride, size_t n) {
    double max = -INFINITY, sum = 0, mean_d = 0, mean_bound = 0;
    for (size_t t = 0; t < n; t++) max = fmax(max, logit[t * stride].value);
    for (size_t t = 0; t < n; t++) sum += exp(logit[t * stride].value - max);
    for (size_t t = 0; t < n; t++) {
        double g = exp(logit[t * stride].value - max) / sum;
        mean_d += g * (max - logit[t * stride].value);
        mean_bound += g * logit[t * stride].bound;
    }
    for (size_t t = 0; t < n; t++) {
        approx *l = &logit[t * stride];
        double g = exp(l->value - max) / sum, d = max - l->value;
        double relative = (d + mean_d + 9 + (double)n) * u + l->bound + mean_bound;
        *l = stored((approx){g, slack * g * relative + (double)n * tiny});
    }
}

approx *naive_route(const mot_shape *s, double temperature, const approx *x, const approx *controller) {
    const size_t T = s->group_size, E = s->experts, D = s->d_model;
    approx *p = approx_new(p_count(s));
    for (size_t g = 0; g < s->groups; g++)
        for (size_t e = 0; e < E; e++) {
            approx *column = p + g * T * E + e;
            for (size_t t = 0; t < T; t++) {
                approx l = dot(x + (g * T + t) * D, 1, controller + e, E, D);
                column[t * E] = (approx){l.value / temperature, (l.bound + 2 * u * fabs(l.value)) / temperature};
            }
            softmax(column, E, T);
        }
    return p;
}

approx *naive_mix(const mot_shape *s, const approx *x, const approx *p) {
    const size_t G = s->groups, T = s->group_size, E = s->experts, D = s->d_model;
    approx *mixed = approx_new(mixed_count(s));
    for (size_t e = 0; e < E; e++)
        for (size_t g = 0; g < G; g++)
            for (size_t d = 0; d < D; d++)
                mixed[(e * G + g) * D + d] = stored(dot(p + g * T * E + e, E, x + g * T * D + d, D, T));
    return mixed;
}

approx *naive_experts(const mot_shape *s, const approx *mixed, const approx *w1, const approx *w2) {
    const size_t G = s->groups, E = s->experts, D = s->d_model, H = s->d_expert;
    approx *y = approx_new(mixed_count(s)), *hidden = approx_new(H);
    for (size_t row = 0; row < E * G; row++) {
        const approx *first = w1 + row / G * D * H, *second = w2 + row / G * D * H;
        for (size_t h = 0; h < H; h++) {
            hidden[h] = stored(dot(mixed + row * D, 1, first + h, H, D));
            hidden[h].value = fmax(hidden[h].value, 0);
        }
        for (size_t d = 0; d < D; d++) y[row * D + d] = stored(dot(hidden, 1, second + d, D, H));
    }
    free(hidden);
    return y;
}

approx *naive_redistribute(const mot_shape *s, const approx *y, const approx *p) {
    const size_t G = s->groups, T = s->group_size, E = s->experts, D = s->d_model;
    approx *out = approx_new(x_count(s));
    for (size_t row = 0; row < G * T; row++)
        for (size_t d = 0; d < D; d++) out[row * D + d] = stored(dot(p + row * E, 1, y + row / T * D + d, G * D, E));
    return out;
}

approx *naive_layer(const problem *problem, double temperature) {
    const mot_shape *s = &problem->shape;
    approx *x = approx_of(problem->x, x_count(s));
    approx *controller = approx_of(problem->controller, controller_count(s));
    approx *w1 = approx_of(problem->w1, weights_count(s)), *w2 = approx_of(problem->w2, weights_count(s));
    approx *p = naive_route(s, temperature, x, controller), *mixed = naive_mix(s, x, p);
    approx *y = naive_experts(s, mixed, w1, w2), *out = naive_redistribute(s, y, p);
    approx *temporary[] = {x, controller, w1, w2, p, mixed, y};
    for (size_t i = 0; i < sizeof temporary / sizeof *temporary; i++) free(temporary[i]);
    return out;
}

/* NaN is no match: the comparison is written so that it fails. */
void assert_near(const float *got, const approx *want, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (!(fabs((double)got[i] - want[i].value) <= want[i].bound))
            fail_msg("element %zu of %zu: got %.9g, want %.9g within %.3g", i, count, (double)got[i], want[i].value,
                     want[i].bound);
}
