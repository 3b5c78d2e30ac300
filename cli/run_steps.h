/* run_steps.h: the steps of `motbench run`, each within its share of the budget. */
#ifndef CLI_RUN_STEPS_H
#define CLI_RUN_STEPS_H

#include "options.h"
#include "peaks.h"
#include "run_budget.h"

enum run_file { RUN_SAMPLES, RUN_PROFILE, RUN_JOURNAL, RUN_HTML, RUN_MD, RUN_FILES };

typedef struct run_state {
    options *options;
    char path[RUN_FILES][4096];
    samples_writer *samples;
    peaks peaks;
    run_budget budget;
    double prep_s;      /* see bench_run */
    int code;           /* the exit code so far */
    char left_out[512]; /* parts whose comparisons did not fit, or "" */
    size_t unchecked;   /* subjects whose check did not fit */
} run_state;

void run_heading(run_state *, const char *what);
void run_note(run_state *, int code);

void run_doctor_step(run_state *);
void run_check_layers_step(run_state *);
void run_ceilings_step(run_state *);
void run_tune_step(run_state *);
void run_headline_step(run_state *);
void run_check_rest_step(run_state *);
void run_rest_step(run_state *);
/* --dry-run: what would be done with which share. */
int run_print_steps(const run_state *);
void run_print_parts(const options *, bool rest);
/* Portable code is many times slower than everything else: without vectors there is no part in bf16. */
bool run_has_bf16(const options *);

#endif
