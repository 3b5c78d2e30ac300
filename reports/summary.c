#include "summary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int rising(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Largest r such that the interval [r-th smallest, r-th largest] covers the median with 95 %; 0 if there is none. */
static size_t sign_test_rank(size_t n) {
    double tail = 0, term = pow(0.5, (double)n);
    size_t rank = 0;
    while (rank < n / 2) {
        tail += term; /* P(fewer than rank + 1 of n coins show heads) */
        if (tail > 0.025) break;
        rank++;
        term *= (double)(n - rank + 1) / (double)rank;
    }
    return rank;
}

static interval of_values(double *sorted, size_t n, size_t least) {
    interval m = {NAN, NAN, NAN};
    if (n == 0) return m;
    qsort(sorted, n, sizeof *sorted, rising);
    m.value = n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
    size_t rank = sign_test_rank(n < 1000 ? n : 1000);
    if (n > 1000) rank = (size_t)((double)n / 2 - 0.98 * sqrt((double)n));
    if (n < least || rank == 0) return m;
    m.low = sorted[rank - 1];
    m.high = sorted[n - rank];
    return m;
}

interval summary_median(const double *values, const bool *taint, size_t count) {
    double *kept = malloc((count ? count : 1) * sizeof *kept);
    size_t n = 0;
    for (size_t i = 0; kept && i < count; i++)
        if (!taint[i]) kept[n++] = values[i];
    interval m = of_values(kept, n, 6);
    free(kept);
    return m;
}

static bool same_comparison(const bench_record *a, const bench_record *b) {
    return a->run == b->run && a->pooled == b->pooled && a->comparison == b->comparison;
}

bool summary_interleaved(const bench_record *a, const bench_record *b) {
    return a->comparison > 0 && same_comparison(a, b);
}

/* A budget may end in the middle of a round; rounds of several processes lie one after the other. */
static size_t shared_rounds(const bench_record *a, const bench_record *b) {
    if (!same_comparison(a, b)) return 0;
    if (a->samples == b->samples) return a->samples;
    return a->pooled > 1 || a->comparison == 0 ? 0 : a->samples < b->samples ? a->samples : b->samples;
}

interval summary_ratio(const bench_record *base, const bench_record *other) {
    interval r = {base->time.value / other->time.value, NAN, NAN};
    size_t n = 0, rounds = shared_rounds(base, other);
    double *ratios = malloc((rounds ? rounds : 1) * sizeof *ratios);
    for (size_t i = 0; ratios && i < rounds; i++)
        if (!base->taint[i] && !other->taint[i]) ratios[n++] = base->ns[i] / other->ns[i];
    if (n >= 8) r = of_values(ratios, n, 8);
    free(ratios);
    return r;
}

interval summary_quotient(interval a, interval b) {
    return (interval){a.value / b.value, a.low / b.high, a.high / b.low};
}

static double median_deviation(const bench_record *b) {
    double *away = malloc((b->samples ? b->samples : 1) * sizeof *away);
    for (size_t i = 0; away && i < b->samples; i++) away[i] = fabs(b->ns[i] - b->time.value);
    double mad = away ? summary_median(away, b->taint, b->samples).value : NAN;
    free(away);
    return mad;
}

void summary_complete(bench_record *b) {
    b->tainted = 0;
    for (size_t i = 0; i < b->samples; i++) b->tainted += b->taint[i];
    if (b->samples && (isnan(b->time.value) || b->pooled > 1)) {
        b->time = summary_median(b->ns, b->taint, b->samples);
        b->mad_ns = median_deviation(b);
        b->min_ns = b->gflops = b->gbps = b->pct_of_ceiling = NAN;
    }
    for (size_t i = 0; i < b->samples; i++)
        if (!b->taint[i] && !(b->ns[i] >= b->min_ns)) b->min_ns = b->ns[i];
    if (isnan(b->gflops)) b->gflops = b->flops / b->time.value;
    if (isnan(b->gbps)) b->gbps = b->bytes / b->time.value;
    if (isnan(b->pct_of_ceiling)) b->pct_of_ceiling = 100 * b->floor_ns / b->time.value;
    /* Faster than the floor with the whole interval: the measurement is wrong, whatever its status says. */
    double slowest = isnan(b->time.high) ? b->time.value : b->time.high;
    if (b->floor_ns > slowest && strcmp(b->status, "ok") == 0) {
        b->status = "mistrusted";
        if (!*b->reason) b->reason = "faster than the measured ceilings allow";
    }
    b->usable = strcmp(b->status, "ok") == 0 && b->time.value > 0;
}
