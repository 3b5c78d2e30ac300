/* summary.h: medians and their intervals from raw samples. */
#ifndef REPORTS_SUMMARY_H
#define REPORTS_SUMMARY_H

#include "records.h"

/* Median of the untainted samples with the 95 % interval of order statistics; NaN value if there is none, NaN low and
 * high if there are fewer than 6. */
interval summary_median(const double *values, const bool *taint, size_t count);
/* Whether the file says that the two were measured in the same rounds. */
bool summary_interleaved(const bench_record *, const bench_record *);
/* base / other: the median of paired ratios over the rounds where both are untainted, with a 95 % sign-test interval
 * (NaN low and high with fewer than 8 pairs, or if the two were not measured in the same rounds). */
interval summary_ratio(const bench_record *base, const bench_record *other);
/* a / b of two that were not measured in the same rounds: the widest ratio that their intervals allow. */
interval summary_quotient(interval a, interval b);
/* Fills in what the file left out, and whether the row can be believed. */
void summary_complete(bench_record *);

#endif
