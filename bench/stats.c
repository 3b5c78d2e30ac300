#include "stats.h"

#include <math.h>
#include <stdlib.h>

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void sort(double *values, size_t n) { qsort(values, n, sizeof *values, ascending); }

/* The q-quantile of sorted values, linear between neighbours. */
static double quantile(const double *sorted, size_t n, double q) {
    double at = q * (double)(n - 1);
    size_t i = (size_t)at;
    return i + 1 < n ? sorted[i] + (at - (double)i) * (sorted[i + 1] - sorted[i]) : sorted[n - 1];
}

double stats_median(double *values, size_t n) {
    sort(values, n);
    return quantile(values, n, 0.5);
}

/* Binomial(n, 1/2): the chance that exactly i of n values lie below the median. */
static double chance(size_t n, size_t i) {
    double choose = lgamma((double)n + 1) - lgamma((double)i + 1) - lgamma((double)(n - i) + 1);
    return exp(choose - (double)n * log(2));
}

bool stats_median_interval(size_t n, size_t *k) {
    double below = 0;
    size_t left_out = 0;
    while (left_out < n && below + chance(n, left_out) <= 0.025) below += chance(n, left_out++);
    *k = left_out ? left_out - 1 : 0;
    return left_out > 0;
}

static outliers classify(const double *sorted, size_t n) {
    double q1 = quantile(sorted, n, 0.25), q3 = quantile(sorted, n, 0.75), iqr = q3 - q1;
    outliers found = {0};
    for (size_t i = 0; i < n; i++) {
        double v = sorted[i];
        if (v < q1 - 3 * iqr)
            found.low_severe++;
        else if (v < q1 - 1.5 * iqr)
            found.low_mild++;
        else if (v > q3 + 3 * iqr)
            found.high_severe++;
        else if (v > q3 + 1.5 * iqr)
            found.high_mild++;
    }
    return found;
}

summary stats_summarise(double *values, size_t n) {
    summary s = {.n = n};
    if (n == 0) return s;
    size_t k;
    s.median = stats_median(values, n);
    stats_median_interval(n, &k);
    s.min = values[0];
    s.low = values[k];
    s.high = values[n - 1 - k];
    s.outliers = classify(values, n);
    for (size_t i = 0; i < n; i++) values[i] = fabs(values[i] - s.median);
    s.mad = stats_median(values, n);
    return s;
}

void stats_log_ratio(double *logs, size_t n, size_t least, double *median, double *low, double *high) {
    size_t k;
    *median = n ? exp(stats_median(logs, n)) : NAN;
    bool known = n >= least && stats_median_interval(n, &k);
    *low = known ? exp(logs[k]) : 0;
    *high = known ? exp(logs[n - 1 - k]) : INFINITY;
}
