#include "variance.h"

#include "bound.h"

#include <math.h>

static const double noise = UNIT_ROUNDOFF * UNIT_ROUNDOFF / 3; /* variance of one rounding of 1 */

double variance_dot(size_t k, double underflow, double value, double squares, double partials) {
    return noise * fmax(partials, (double)(k + 1) * (squares / 6 + value * value / 3)) + underflow * underflow;
}

double variance_stored(double half_step) { return half_step * half_step / 3; }

double variance_relu(double value, double variance) { return value < -Z_MAX_LIMIT * sqrt(variance) ? 0 : variance; }

/* p_t^2 [V_t + d_t^2 u^2/3 + sum p_s^2 (V_s + (d_s^2 + 1) u^2/3) + (2 + n) u^2/3] */
void variance_softmax(double *var, const double *weight, const double *distance, size_t n, size_t stride,
                      int roundings) {
    double shared = (2 + (double)n) * noise, underflow = (double)n * EXP_UNDERFLOW;
    for (size_t i = 0; i < n * stride; i += stride) {
        if (!(weight[i] > 0)) continue;
        var[i] += roundings * distance[i] * distance[i] * noise;
        shared += weight[i] * weight[i] * (var[i] + noise);
    }
    for (size_t i = 0; i < n * stride; i += stride)
        var[i] = (weight[i] > 0 ? weight[i] * weight[i] * (var[i] + shared) : 0) + underflow * underflow;
}

void z_add(z_tally *t, double error, double variance) {
    double z = error == 0 ? 0 : fabs(error) / sqrt(variance);
    t->squares += z * z;
    t->count++;
    if (!(z <= t->max) && !isnan(t->max)) t->max = z;
}

double z_rms(const z_tally *t) { return t->count ? sqrt(t->squares / (double)t->count) : 0; }

double z_rms_limit(const z_tally *t) {
    return (t->stored ? Z_RMS_LIMIT_STORED : Z_RMS_LIMIT) * (t->truncated ? Z_TRUNCATED : 1);
}
double z_max_limit(const z_tally *t) { return Z_MAX_LIMIT * (t->truncated ? Z_TRUNCATED : 1); }

int z_passes(const z_tally *t) {
    return t->max <= z_max_limit(t) && (t->independent < Z_RMS_COUNT || z_rms(t) <= z_rms_limit(t));
}
