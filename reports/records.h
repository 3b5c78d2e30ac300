/* records.h: what the sample files say, line by line, as plain C. Unknown numbers are NaN, unknown text is "". */
#ifndef REPORTS_RECORDS_H
#define REPORTS_RECORDS_H

#include "store.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct interval {
    double value, low, high;
} interval;

typedef struct named_text {
    const char *name, *value;
} named_text;

typedef struct dims {
    double g, t, e, d, h;
} dims;

typedef struct doctor_note {
    const char *name, *grade, *found, *advice;
} doctor_note;

typedef struct machine {
    const char *name, *cpu, *isa, *isa_present, *kernel, *os, *virtualisation, *governor, *aslr, *thp, *fingerprint;
    double cores, smt, numa_nodes, l1d, l2, l3, memory, load1, steal_pct;
    const char *gpu, *timer, *counters, *counters_reason;
    double timer_resolution_ns, timer_overhead_ns;
    named_text *libraries;
    size_t library_count;
    doctor_note *doctor;
    size_t doctor_count;
} machine;

/* One process that wrote samples. */
typedef struct run_record {
    const char *path, *command, *time, *version, *revision, *short_revision, *compiler, *flags, *seed;
    bool dirty, complete;
    size_t unreadable; /* whole lines that are no JSON object */
} run_record;

typedef struct counter {
    const char *name, *reason;
    double value;
} counter;

typedef struct bench_record {
    const char *name, *status, *reason, *shape, *stage, *variant, *choice, *isa, *library, *dtype, *cache, *group,
        *stop;
    const char **steps; /* a layer's choices */
    size_t step_count;
    dims dims;
    int threads;
    double *ns;
    bool *taint;
    size_t samples, tainted;
    interval time; /* median and its 95 % interval, ns */
    double iterations, mad_ns, min_ns, flops, bytes, gflops, gbps, floor_ns, pct_of_ceiling;
    counter *counters;
    size_t counter_count;
    double comparison; /* its number in that run: rows with the same one were interleaved; 0: not known */
    size_t run, last;  /* indexes of the first and the last run that measured it */
    size_t pooled;     /* runs that measured it */
    bool cuda;         /* on the GPU: threads is 0 */
    bool unverified;   /* a kernel that has no recorded pass on a GPU */
    bool usable;       /* "ok", with a time, and not faster than its ceiling allows */
} bench_record;

typedef struct check_record {
    const char *choice, *stage, *shape, *verdict, *reason, *seed;
    double fraction, z_rms, z_max, compared;
} check_record;

typedef struct ceiling_record {
    const char *name, *unit;
    int threads;
    interval rate;
    double bytes;
} ceiling_record;

typedef struct tune_record {
    const char *stage, *shape, *dtype, *usual, *winner; /* usual: the default choice */
    int threads;
    double usual_ns, winner_ns, evaluations;
    interval speedup;
    bool kept;
} tune_record;

typedef struct records {
    machine machine;
    run_record *runs;
    bench_record *benches;
    check_record *checks;
    ceiling_record *ceilings;
    tune_record *tunes;
    tune_record *profile; /* what the machine profile holds */
    size_t run_count, bench_count, check_count, ceiling_count, tune_count, profile_count;
    const char *profile_path;
} records;

/* Adds one sample file. False: `error` says in one line what is wrong with it. */
bool records_read(records *, store *, const char *path, char *error, size_t error_size);
bool records_read_profile(records *, store *, const char *path, char *error, size_t error_size);

#endif
