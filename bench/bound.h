/* bound.h: test 2 of the design: how far a sum in f32 may lie from the exact one, whatever its order. */
#ifndef BENCH_BOUND_H
#define BENCH_BOUND_H

#include <stddef.h>

#define UNIT_ROUNDOFF 0x1p-24   /* u of f32 */
#define UNDERFLOW_STEP 0x1p-150 /* eta: half the smallest denormal */
#define EXP_UNDERFLOW 0x1p-126  /* below it a kernel's exp may be 0 */
#define EXP_ERROR 4             /* of a kernel's exp, in u: 2 ulp */

/* gamma_h = hu/(1-hu). */
double bound_gamma(size_t chain);

/* What k products and their sum may lose to underflow. flushed: below it a number may count as 0, be it a product, a
 * sum or the b of a product (`factors`: sum |a|; of an a it is carried); 0: it is rounded to a denormal. */
double bound_underflow(size_t k, double factors, double flushed);

/* |computed - exact| of a dot product. `absolute`: sum |a||b|; `carried`: sum |b| x (error bound of a). With nothing
 * carried, sums below exact_below (of integers, see data_exact_below) have no error at all. */
double bound_dot(double gamma, double underflow, double absolute, double carried, double exact_below);

/* Softmax over n numbers, `stride` elements apart: bound (of the logits) -> bound of the weights. distance: max -
 * logit; roundings: how often a kernel may round on the way from a logit to its distance. */
void bound_softmax(double *bound, const double *weight, const double *distance, size_t n, size_t stride, int roundings);

#endif
