/* model.h: what a report says, derived from the records; every writer prints this and computes nothing. */
#ifndef REPORTS_MODEL_H
#define REPORTS_MODEL_H

#include "records.h"

/* One line of a table: a choice, and how much faster it is than the bases of its block. */
typedef struct row {
    const bench_record *bench;
    interval over_scalar, over_blas; /* base time / this time; NaN without a base */
    double error_fraction, z_rms;    /* worst of this choice's checks; NaN if it has none */
    const char *verdict;             /* "" if it has none */
    bool best;                       /* the fastest usable one of libmot's in its block */
    size_t others; /* of the same stage that were skipped for the same reason, and have no row of their own */
} row;

/* The alternatives for one stage (or the whole layer) of one table, fastest first. */
typedef struct block {
    const char *stage;
    row *rows;
    size_t count;
    const row *best;                     /* of libmot's own; NULL if none can be used */
    const char *scalar_name, *blas_name; /* "" without one; "a + b" for a fused stage */
    double scalar_ns, blas_ns, floor_ns; /* NaN without one; the floor is that of the highest peak any row may use */
} block;

/* One layer and the stages it was put together from, timed alone. */
enum { PART_MAX = 4 };
typedef struct breakdown {
    const bench_record *whole;
    const bench_record *part[PART_MAX];
    bool exact[PART_MAX]; /* the very choice, not only the same variant */
    size_t parts;
    double sum_ns;
} breakdown;

/* The layer over the FLOP-matched dense FFN. Ratios are layer / dense. */
typedef struct dense_pair {
    const bench_record *layer, *dense;
    interval ratio; /* of the times: paired by round where the two were interleaved */
    bool interleaved;
    double flops_ratio, floor_ratio; /* what arithmetic, and what the measured ceilings explain; NaN if unknown */
} dense_pair;

/* XE/Y of the paper: Y mixtures per token slot, E = T * Y experts of 1/Y of the width. */
typedef struct grain {
    double y;
    const char *name, *shape; /* "32E/8" */
    dense_pair pair;          /* our fastest layer and our fastest dense FFN */
    const char *absent;       /* why there is no pair, or "" */
} grain;
/* The layer over the dense FFN as experts get more and smaller, at constant FLOPs of the experts. */
typedef struct grain_curve {
    const bench_record *first; /* for its conditions */
    double hidden;             /* of the dense FFN: E * H / T, whatever E */
    grain *points;             /* by rising y */
    size_t count, measured;
    bool floor_differs; /* somewhere from the FLOP ratio, by more than 1 % */
} grain_curve;

/* Everything measured on one shape under one set of conditions. */
typedef struct table {
    const char *shape, *cache, *dtype, *known_as; /* known_as: the paper's name, or "" */
    dims dims;
    int threads;
    block *blocks;
    size_t count;
    breakdown *breakdowns;
    size_t breakdown_count;
    dense_pair *dense;
    size_t dense_count;
    const char **peers; /* libraries timed here besides OpenBLAS, which has its place in every block */
    size_t peer_count;
    bool openblas; /* was timed here: it has no bf16 */
} table;

typedef struct point {
    double x;
    const bench_record *bench;
    const char *cliff; /* more than 10 % further from its floor than both neighbours, intervals apart; NULL: it isn't */
    double cliff_factor; /* over the worse neighbour */
} point;
typedef struct series {
    const char *label;
    const bench_record *first; /* for its ISA and library */
    point *points;
    size_t count;
} series;
/* Time per token along one dimension. */
typedef struct sweep {
    const char *name, *axis, *letter, *stage, *cache, *dtype;
    const char *shapes; /* first … last */
    int threads;
    series *series;
    size_t count;
    const char **winners; /* one sentence per stretch of x that one series wins */
    size_t winner_count;
    size_t judged, cliffs; /* points of ours between two neighbours, all with intervals; those that are cliffs */
} sweep;
/* The same benchmark on different numbers of threads. */
typedef struct scaling {
    const char *shape, *cache, *dtype;
    series *series;
    size_t count;
} scaling;

typedef struct accuracy_row {
    const char *choice, *stage, *verdict, *reason, *where, *seed; /* where: the shape of the worst fraction */
    double fraction, z_rms, z_max, compared;
    size_t shapes;
} accuracy_row;

typedef struct skipped_row {
    const char *name, *kind, *stage, *reason;
    size_t times, others; /* others: names of the same stage that are skipped alike, left out */
} skipped_row;

typedef struct model {
    records *records;
    table *tables;
    size_t table_count;
    const table *headline; /* the table that the findings are about; NULL without any */
    sweep *sweeps;
    size_t sweep_count;
    scaling *scalings;
    size_t scaling_count;
    grain_curve *grains;
    size_t grain_count;
    accuracy_row *accuracy;
    size_t accuracy_count;
    skipped_row *skipped;
    size_t skipped_count;
    const char *verdict;      /* "pass", "fail", "unchecked" */
    const char *verdict_text; /* one sentence */
    const char *findings[4];  /* the three that matter, and a cliff where there is one */
    size_t finding_count;
    const char **warnings; /* what weakens this report: incomplete run, few samples, doctor's grades */
    size_t warning_count;
} model;

void model_build(model *, records *, store *);

/* The steps of model_build, one file each. */
void model_tables(model *, store *);
void model_layers(model *, store *);
void model_grains(model *, store *);
void model_sweeps(model *, store *);
void model_cliffs(model *, store *);
void model_checks(model *, store *);
void model_findings(model *, store *);

/* Row of the records that is part of the tables rather than of a sweep. */
bool model_is_sweep(const bench_record *);
bool model_is_dense(const bench_record *);
bool model_is_coarse(const bench_record *); /* multiplies f32 in TF32: shown, but best of nothing and base of nothing */
bool model_is_ours(const bench_record *);
/* "avx512" of "layer_avx512", and of "layer_bf16_avx512", whose data type is said elsewhere; NULL without the prefix.
 */
const char *model_own_name(const bench_record *, const char *prefix);
/* The dense FFN of its data type with as many FLOPs and tokens: E = T = 1 and the hidden units that a token of the
 * layer meets. */
bool model_matches_dense(const bench_record *layer, const bench_record *dense);
dense_pair model_pair(const bench_record *layer, const bench_record *dense);
const dense_pair *model_pair_of(const model *, const bench_record *layer); /* NULL if there is none */
/* The FLOP ratio as a formula of E and D, with F hidden units in the dense FFN; exact by kernels/core/stages.def. */
extern const char *const model_flops_formula;
const block *model_block(const table *, const char *stage);   /* NULL if there is none */
const row *model_fastest(const block *, const char *library); /* usable; NULL if there is none */
void model_peers(table *, store *);
interval model_over_peer(const row *base, const row *); /* NaN without a base or a time */
const row *model_best_peer(const block *);              /* NULL if there is none */

#endif
