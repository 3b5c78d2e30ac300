/* samples.h: the sample file: JSON lines, one flush per line, readable after a crash. Format: bench/SAMPLES.md. */
#ifndef BENCH_SAMPLES_H
#define BENCH_SAMPLES_H

#include "ceilings.h"
#include "check.h"
#include "measure.h"

#include <stdio.h>

typedef struct samples_writer samples_writer; /* NULL is a valid writer that writes nothing */
/* path "-" is stdout. Writes the "run" line. False and error on I/O trouble. */
bool samples_open(samples_writer **out, const char *path, int argc, char **argv, uint64_t seed, char *error,
                  size_t size);
bool samples_check(samples_writer *, const char *choice, const mot_shape *, mot_stage, const check_result *);
bool samples_ceiling(samples_writer *, const ceiling *);
bool samples_bench(samples_writer *, const contestant *, const mot_shape *, const measure_options *,
                   const measurement *, const ceilings *or_null, const char *group /* "" or the sweep's name */);
/* A finding of the tuner: default and winner of one key, with the ratio's interval; and every evaluation. */
bool samples_tune(samples_writer *, mot_stage, const mot_shape *, mot_dtype, int threads, const char *default_choice,
                  const char *winner, double default_ns, double winner_ns, const ratio *, int evaluations, bool kept);
/* What failed first ("run.jsonl: No space left on device"), or NULL. */
const char *samples_error(const samples_writer *);
/* Writes the "end" line, fsyncs and closes. False if any write failed. */
bool samples_close(samples_writer *, bool complete, int exit_code);

/* What follows from a measurement by formula, and from the ceilings of the same run. */
typedef struct derived {
    double flops, bytes;             /* per call, by the formulas of stages.def */
    double gflops, gbps;             /* at the median; 0 without samples */
    double floor_ns, pct_of_ceiling; /* 0 without ceilings */
    bool mistrusted;                 /* faster than the ceilings allow, both intervals granted */
} derived;
derived samples_derive(const contestant *, const mot_shape *, const measure_options *, const measurement *,
                       const ceilings *or_null);

#endif
