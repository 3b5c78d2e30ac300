/* properties_lab.h: runs the public API on seeded tensors and compares results, for properties.c. Tensors are f32 here,
 * whatever the data type: they are rounded on the way into the API and widened on the way out. */
#ifndef BENCH_PROPERTIES_LAB_H
#define BENCH_PROPERTIES_LAB_H

#include "check_judge.h"

typedef struct lab {
    findings *found;
    mot_shape s;
    mot_options options;
    uint64_t seed;
    float *x, *controller, *w1, *w2, *p, *mixed, *y, *out, *other; /* out and other: results to compare */
    const char *property;
} lab;

static inline size_t tokens_size(const mot_shape *s) { return s->groups * s->group_size * s->d_model; }
static inline size_t slots_size(const mot_shape *s) { return s->groups * s->experts * s->d_model; }
static inline size_t weights_size(const mot_shape *s) { return s->groups * s->group_size * s->experts; }
static inline size_t expert_size(const mot_shape *s) { return s->experts * s->d_model * s->d_expert; }

/* Each is false after a failure, which is then in l->found with the name of the property. */
bool lab_ok(lab *l, const char *function, mot_status status);
bool lab_close(lab *l, size_t at, double got, double expected, double tolerance); /* counts a comparison */
bool lab_all_equal(lab *l, const float *got, const float *expected, size_t n,
                   double factor);                                 /* got = factor * expected */
double lab_tolerance(const lab *l, const float *result, size_t n); /* between two results of the whole layer */
double lab_rounding(const lab *l);                                 /* of what a stage stores, relative; of f32 0 */

/* The layer: of any shape and strides (NULL: contiguous; the tokens are adjacent anyway), or of the lab's. */
bool lab_run_shape(lab *l, const mot_shape *s, const mot_strides *st, const float *x, float *out);
bool lab_run(lab *l, const float *x, float *out);

/* The stages alone, with the lab's weights: P of x into the lab's p; from its p; of any shape; from its y and p. */
bool lab_route(lab *l, const float *x);
bool lab_mix(lab *l, const float *x, float *mixed);
bool lab_experts(lab *l, const mot_shape *s, const float *mixed, float *y);
bool lab_redistribute(lab *l, float *out);

/* Memory of all tensors (to be freed as x), x and weights filled; a tensor as `stage` reads it; a copy to be freed. */
bool lab_fill(lab *l);
void lab_fill_tensor(lab *l, mot_stage stage, enum mot_tensor tensor, float *to);
float *lab_copy(const float *from, size_t n);

#endif
