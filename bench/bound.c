#include "bound.h"

#include <math.h>

double bound_gamma(size_t chain) {
    double hu = (double)chain * UNIT_ROUNDOFF;
    return hu < 1 ? hu / (1 - hu) : INFINITY;
}

double bound_underflow(size_t k, double factors, double flushed) {
    return flushed > 0 ? 2 * flushed * ((double)k + factors) : (double)k * UNDERFLOW_STEP;
}

double bound_dot(double gamma, double underflow, double absolute, double carried, double exact_below) {
    if (absolute < exact_below && carried == 0) return 0;
    return gamma * (absolute + carried) + carried + underflow;
}

/* Blanchard, Higham, Higham 2021, for the form with the maximum subtracted:
 * rel(g_j) <= [d_j + sum g_i d_i + 2c + h + 1]u + E_j + sum g_i E_i, with d_i = |x_i - max|, h <= n the depth of the
 * sum, E the errors of the logits. One u more: dividing may be done as a product with the reciprocal. */
void bound_softmax(double *bound, const double *weight, const double *distance, size_t n, size_t stride,
                   int roundings) {
    double common = (2 * EXP_ERROR + (double)n + 2) * UNIT_ROUNDOFF;
    for (size_t i = 0; i < n * stride; i += stride) {
        bound[i] += roundings * UNIT_ROUNDOFF * distance[i];
        if (weight[i] > 0) common += weight[i] * bound[i];
    }
    for (size_t i = 0; i < n * stride; i += stride) {
        double error = weight[i] > 0 ? weight[i] * expm1(bound[i] + common) : 0;
        bound[i] = error + (double)n * EXP_UNDERFLOW;
    }
}
