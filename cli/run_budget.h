/* run_budget.h: how the steps of `motbench run` share the time: pure arithmetic, no clock. */
#ifndef CLI_RUN_BUDGET_H
#define CLI_RUN_BUDGET_H

/* In this order. The headline comes after the checks of its layers, the tuner and the ceilings that it needs; whatever
 * runs late before it takes time from what comes after it. */
typedef enum run_step {
    RUN_CHECK_LAYERS,
    RUN_CEILINGS,
    RUN_TUNE,
    RUN_SMALL,    /* layers at half the widths: show how long preparing takes */
    RUN_HEADLINE, /* layers of the paper's configuration in f32 */
    RUN_HEADLINE_BF16,
    RUN_CHECK_REST,
    RUN_REST,
    RUN_STEPS
} run_step;

typedef struct run_budget {
    double start_s, total_s;
} run_budget;

/* When this step should end, on the same clock as `now_s`, if it begins now: at its share of the budget, but it has its
 * least time if it begins late, and leaves the steps after it theirs. Not after now_s: there is no time for it. */
double run_step_end(const run_budget *, run_step, double now_s);
/* Until when it may go on where it takes longer than planned: all but what the later steps need at least. */
double run_step_last(const run_budget *, run_step);
double run_step_share(run_step);                     /* of the budget, when it should end */
double run_step_least(const run_budget *, run_step); /* seconds */

#endif
