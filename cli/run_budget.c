/* run_budget.c: see run_budget.h. */
#include "run_budget.h"

#include <math.h>

/* As shares of the budget. The rest is for the report. */
static const struct {
    double until, least;
} plan[RUN_STEPS] = {
    [RUN_CHECK_LAYERS] = {0.06, 0.03}, [RUN_CEILINGS] = {0.12, 0.05}, [RUN_TUNE] = {0.36, 0.02},
    [RUN_SMALL] = {0.42, 0.03},        [RUN_HEADLINE] = {0.62, 0.18}, [RUN_HEADLINE_BF16] = {0.75, 0.12},
    [RUN_CHECK_REST] = {0.85, 0.06},   [RUN_REST] = {0.97, 0},
};

double run_step_share(run_step step) { return plan[step].until; }

double run_step_least(const run_budget *b, run_step step) { return plan[step].least * b->total_s; }

double run_step_last(const run_budget *b, run_step step) {
    double share = plan[RUN_STEPS - 1].until;
    for (int later = step + 1; later < RUN_STEPS; later++) share -= plan[later].least;
    return b->start_s + share * b->total_s;
}

double run_step_end(const run_budget *b, run_step step, double now_s) {
    const double planned = b->start_s + plan[step].until * b->total_s, least = now_s + plan[step].least * b->total_s;
    return fmin(fmax(planned, least), run_step_last(b, step));
}
