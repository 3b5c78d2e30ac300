/* measure.h: times plans against each other, interleaved, in one process. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include "candidates.h"
#include "counters.h"

typedef enum cache_state { CACHE_HOT, CACHE_COLD_WEIGHTS, CACHE_COLD_ALL, CACHE_STATE_COUNT } cache_state;
const char *cache_state_name(cache_state); /* "hot", "cold-weights", "cold-all" */

/* One side of a comparison. */
typedef struct contestant {
    mot_plan plan;    /* one step or a layer */
    const char *name; /* "experts_avx512_12x32{nc=512}", "layer_openblas"; printed and stored */
    mot_shape own;    /* what it is timed on, where that is not the shape of the comparison; else groups = 0 */
} contestant;

static inline const mot_shape *contestant_shape(const contestant *c, const mot_shape *of_comparison) {
    return c->own.groups ? &c->own : of_comparison;
}

enum { MEASURE_MAX_ROUNDS = 64 };
typedef struct measurement {
    char status[24];               /* "ok", "skipped", "inconclusive", "mistrusted" */
    char reason[160];              /* why it is not "ok" */
    int samples, tainted;          /* tainted ones are kept and counted, left out of statistics */
    double ns[MEASURE_MAX_ROUNDS]; /* per call, in round order; all of them */
    bool taint[MEASURE_MAX_ROUNDS];
    long iterations;              /* calls per sample */
    size_t copies, flushed_bytes; /* on a GPU: rotating copies; memory set before each sample, so that L2 is cold */
    long comparison; /* counts the calls of measure() in this process: rows with the same number were interleaved */
    char stop[24];   /* "enough", "budget", "rounds", "interrupted", "dropped" */
    double median_ns, low_ns, high_ns, mad_ns, min_ns; /* of the untainted (of all where none is); 95 % interval by
                                                         order statistics, the range below 6 samples */
    counter_values counters;                           /* from a separate pass, per call */
} measurement;

typedef struct measure_options {
    int threads;
    cache_state cache;
    int rounds;        /* untainted samples wanted, default 12; at most twice as many are taken; 8 = exploratory */
    double min_time_s; /* of one sample, default 1e-3 */
    double max_noise;  /* stop when the interval is narrower than this share of the median */
    double budget_s;   /* for the whole call, but half of it at least for the rounds; 0 = none */
    double drop;       /* > 1: who is this many times slower than the fastest in round 1 takes no more turns */
    uint64_t seed;
    counter_set counters;
    bool (*progress)(void *, int done, int total); /* false: stop, keep what there is */
    void *progress_data;
} measure_options;

/* Times all contestants in random Latin-square rounds, after check_before_timing of each (a contestant that does not
 * pass is skipped with its verdict as reason), each on the shape or on its own. At the timed shape outputs must be the
 * same in every call and agree with those of the first contestant on it to 1e-4 rms (bf16: 2^-7), else "mistrusted".
 * All are of one data type, that of the first; others are skipped. False and `error`: out of memory, no timer. */
bool measure(const contestant *, size_t count, const mot_shape *, const measure_options *, measurement *out,
             char *error, size_t error_size);

/* Ratio a/b by the median of paired log-ratios over the rounds where both are untainted, with a 95 % sign-test
 * interval. Needs >= 8 pairs, else low = 0, high = inf. */
typedef struct ratio {
    double median, low, high;
    int pairs;
} ratio;
ratio measure_ratio(const measurement *a, const measurement *b);

#endif
