/* stats.h: order statistics of timings. No averages: a time has a long right tail. */
#ifndef BENCH_STATS_H
#define BENCH_STATS_H

#include <stdbool.h>
#include <stddef.h>

/* Tukey's classes: beyond 1.5 (mild) or 3 (severe) times the interquartile range. They are named, never dropped. */
typedef struct outliers {
    int low_severe, low_mild, high_mild, high_severe;
} outliers;

typedef struct summary {
    size_t n;
    double min, median, low, high; /* low..high: 95 % interval of the median, or the range where n < 6 */
    double mad;                    /* median absolute deviation, not scaled */
    outliers outliers;
} summary;

/* Orders `values`, then overwrites them with their deviations: a caller that still needs them passes a copy.
 * n = 0 gives zeros. */
summary stats_summarise(double *values, size_t n);

double stats_median(double *values, size_t n); /* orders values; n >= 1 */

/* How many values to leave out on each side so that what remains covers the median with 95 %: the interval is
 * sorted[k] .. sorted[n-1-k]. False: n is too small for one (below 6); *k is then 0. */
bool stats_median_interval(size_t n, size_t *k);

/* Median of paired log-ratios and its sign-test interval, as ratios. logs is ordered. n < least: low = 0, high = inf.
 */
void stats_log_ratio(double *logs, size_t n, size_t least, double *median, double *low, double *high);

#endif
