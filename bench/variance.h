/* variance.h: test 3 of the design: a variance carried beside the f64 value; z = error / sqrt(variance). */
#ifndef BENCH_VARIANCE_H
#define BENCH_VARIANCE_H

#include <stdbool.h>
#include <stddef.h>

#define Z_RMS_LIMIT 1.5
/* Of a narrow type: above sqrt(3), that of one number rounded at its worst, all alike. */
#define Z_RMS_LIMIT_STORED 1.8
#define Z_MAX_LIMIT 8.0
/* By how much the errors of truncated factors may exceed those of rounded ones: sqrt(k) of the longest checks. */
#define Z_TRUNCATED 16
/* With fewer independent errors the rms is a few draws rather than a mean, and only the maximum decides. */
#define Z_RMS_COUNT 64

/* Rounding variance of a sum in f32 of k products: (u^2/3) Q, Q the sum of the squared partial sums. That is `partials`
 * in the oracle's order; its mean over all orders is (k+1)(squares/6 + value^2/3), squares the sum of the squared
 * products. The larger one counts: a kernel that adds in another order is not wrong where a few terms dominate or
 * cancel. underflow: its bound, squared. */
double variance_dot(size_t k, double underflow, double value, double squares, double partials);

/* Of rounding once to a type whose half step is h there: h^2/3. In a binade h is u times its lower end, so that correct
 * kernels have rms 1, where (u value)^2/3 would let one pass that truncates. */
double variance_stored(double half_step);

/* relu of a number with a variance: none is left where the number is surely negative. Needed before the relu. */
double variance_relu(double value, double variance);

/* As bound_softmax: var (of the logits) -> var of the weights. */
void variance_softmax(double *var, const double *weight, const double *distance, size_t n, size_t stride,
                      int roundings);

typedef struct z_tally {
    double squares, max;
    size_t count, independent; /* elements; errors among them that do not depend on each other, as far as is known */
    bool stored;               /* rounded to a narrow type */
    bool truncated;            /* factors may be: their errors have one sign and add up, sqrt(k) as fast */
} z_tally;
void z_add(z_tally *, double error, double variance);
double z_rms(const z_tally *);
double z_rms_limit(const z_tally *);
double z_max_limit(const z_tally *);
int z_passes(const z_tally *); /* written so that NaN fails */

#endif
