/* measure_run.h: inside of measure: one comparison on its way from contestants to measurements. */
#ifndef BENCH_MEASURE_RUN_H
#define BENCH_MEASURE_RUN_H

#include "measure_side.h"
#include "topology.h"

/* The first contestant's outputs. */
typedef struct witness {
    const char *name;
    int writes;
    bool coarse; /* its factors are rounded to TF32 */
    rotor copy;
} witness;

/* What the contestants on one shape share. */
typedef struct arena {
    tensors tensors;
    witness witness;
} arena;

typedef struct comparison {
    measure_options options; /* defaults filled in */
    mot_shape shape;         /* of all that bring none of their own */
    mot_dtype dtype;         /* of the tensors, once there is a side */
    side *side;              /* those that take part */
    size_t count;
    arena *arena; /* one per shape */
    size_t arenas;
    topology topology;
    double min_sample_ns;
    int64_t deadline; /* 0: none */
    long iterations;  /* the same for all */
    const char *stop; /* why rounds ended; NULL: not yet */
    long number;      /* of this comparison in the process */
} comparison;

/* Tensors, packed weights and workspaces of all sides, as many copies as memory allows. False: error. */
bool comparison_prepare(comparison *, char *error, size_t error_size);
/* Compares what the side has just computed with the first one's outputs; sets its distance. False: out of memory. */
bool arena_witness(arena *, side *);
void comparison_free(comparison *);
/* Asked after each turn and each step of the preparation: a signal and the budget are obeyed within one. Sets stop. */
bool comparison_goes_on(comparison *, int turns);
/* The same number of calls for all. False: error. */
bool comparison_calibrate(comparison *, char *error, size_t error_size);
void comparison_share_budget(comparison *); /* how many rounds each may take part in */
bool comparison_rounds(comparison *, char *error, size_t error_size);
void comparison_drop_slow(comparison *);    /* the race's early drop, after the first round */
void comparison_count_events(comparison *); /* the separate pass with counters */
void comparison_finish(comparison *);       /* statistics and status of every side */

/* Sets median, interval, MAD and minimum from the untainted samples. */
void measurement_summarise(measurement *);

#endif
