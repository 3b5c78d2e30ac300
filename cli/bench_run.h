/* bench_run.h: times jobs one after the other within a budget; rows for the table, lines for the sample file. */
#ifndef CLI_BENCH_RUN_H
#define CLI_BENCH_RUN_H

#include "bench_jobs.h"
#include "bench_peers.h"
#include "peaks.h"
#include "table.h"

typedef struct bench_run {
    const options *options;
    const bench_jobs *jobs;
    const peaks *peaks; /* may be empty */
    samples_writer *samples;
    table *table;
    bench_peers *against; /* --peers; else NULL */
    double deadline_s;    /* on clock_s: the time for samples ends; 0: each job has its default budget */
    double last_s;        /* preparing may go on until here; 0: until deadline_s */
    double least_s;       /* of samples for each job, however late it is and however long it took to prepare */
    const char *title;    /* of the progress */
    double prep_s; /* preparing a contestant took this many seconds per byte of its tensors; 0: not known; carried on */

    /* results */
    size_t done;  /* jobs, unfit ones too; fewer than there are when a signal came or the time was up */
    size_t unfit; /* jobs left out because preparing them alone would take longer than there is time */
    int timed, skipped, failed, inconclusive;
    char error[320]; /* "" or why it stopped with EXIT_ENVIRONMENT */
} bench_run;

/* Runs all jobs that fit. The exit code (not yet that of a signal). */
int bench_run_jobs(bench_run *);

/* The ceilings of what the job runs on; NULL if they were not measured. */
const ceilings *bench_ceilings(const bench_run *, const bench_job *);

/* Its columns; one more per counter. */
table *bench_table(const options *);
void bench_table_rows(table *, const bench_run *, const bench_job *, const measure_options *, const measurement *);

#endif
