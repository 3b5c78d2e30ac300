/* api.h: what the tests of mot.h share: seeded data, and the layer in plain f64 with a bound on what f32 may round. */
#ifndef TESTS_KERNELS_API_H
#define TESTS_KERNELS_API_H

#include "mot/mot.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

/* Elements of the layer's tensors. */
static inline size_t x_count(const mot_shape *s) { return s->groups * s->group_size * s->d_model; }
static inline size_t p_count(const mot_shape *s) { return s->groups * s->group_size * s->experts; }
static inline size_t mixed_count(const mot_shape *s) { return s->experts * s->groups * s->d_model; }
static inline size_t controller_count(const mot_shape *s) { return s->d_model * s->experts; }
static inline size_t weights_count(const mot_shape *s) { return s->experts * s->d_model * s->d_expert; }

/* Inputs of one layer, seeded, and an output full of NaN. */
typedef struct problem {
    mot_shape shape;
    float *x, *controller, *w1, *w2, *out;
} problem;
problem problem_new(mot_shape shape, uint64_t seed);
void problem_free(problem *);
float *random_floats(size_t count, double scale, uint64_t seed);
void fill_nan(float *data, size_t count);

/* A layer of the problem's shape with its weights set; fails the test if that does not work. */
mot_layer *layer_of(const problem *, const mot_options *);
mot_options options_of(mot_isa isa, int threads);
bool isa_usable(mot_isa isa);
const char *isa_text(mot_isa isa);

/* A test that runs once per ISA, and its first line: the ISA, or a skip with its reason. */
mot_isa isa_or_skip(void **state);
#define ON(test, isa)                                                                                                  \
    { #test " on " #isa, test, NULL, NULL, (void *)(uintptr_t)MOT_ISA_##isa }
#define EACH_ISA(test) ON(test, SCALAR), ON(test, AVX2), ON(test, AVX512)
#define EACH_ISA_BF16(test) EACH_ISA(test), ON(test, AVX512BF16), ON(test, AMX)

/* A value and how far a correct f32 computation, summing in any order, may be from it. */
typedef struct approx {
    double value, bound;
} approx;
extern double naive_storage; /* what storing a result rounds, relatively: 0 for f32 */
approx *approx_of(const float *data, size_t count);
approx *naive_route(const mot_shape *, double temperature, const approx *x, const approx *controller);
approx *naive_mix(const mot_shape *, const approx *x, const approx *p);
approx *naive_experts(const mot_shape *, const approx *mixed, const approx *w1, const approx *w2);
approx *naive_redistribute(const mot_shape *, const approx *y, const approx *p);
approx *naive_layer(const problem *, double temperature);
void assert_near(const float *got, const approx *want, size_t count);

#endif
