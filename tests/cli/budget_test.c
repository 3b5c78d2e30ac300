/* budget_test.c: the steps of `run` on a clock of its own: whatever the others do, the headline has its time. */
#include "run_budget.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static const run_budget budget = {1000, 60};

/* Every step takes all that it is given, and `over` times its given time more; what each had. */
static double play(double over, double given[RUN_STEPS]) {
    double now = budget.start_s;
    for (int step = 0; step < RUN_STEPS; step++) {
        given[step] = run_step_end(&budget, (run_step)step, now) - now;
        if (given[step] > 0) now += given[step] * (1 + over);
    }
    return now;
}

static void in_time_each_has_its_share(void **state) {
    double given[RUN_STEPS];
    (void)state;
    const double end = play(0, given);
    assert_true(end > 1058 && end <= 1060);
    for (int step = 0; step < RUN_STEPS; step++) assert_true(given[step] > 2);
    assert_true(given[RUN_HEADLINE] > 10 && given[RUN_HEADLINE_BF16] > 7);
}

static void late_steps_take_nothing_from_the_headline(void **state) {
    (void)state;
    for (double over = 0; over < 0.52; over += 0.05) {
        double given[RUN_STEPS];
        play(over, given);
        assert_true(given[RUN_HEADLINE] >= 0.18 * 60 - 1e-9);
        assert_true(given[RUN_HEADLINE_BF16] >= 0.12 * 60 - 1e-9);
        if (over < 0.42) assert_true(given[RUN_CHECK_REST] >= 0.06 * 60 - 1e-9);
    }
}

/* A tuner that is still busy when most of the time is up. */
static void the_rest_is_left_out_first(void **state) {
    (void)state;
    const double now = 1000 + 0.61 * 60, f32 = run_step_end(&budget, RUN_HEADLINE, now),
                 bf16 = run_step_end(&budget, RUN_HEADLINE_BF16, f32),
                 checks = run_step_end(&budget, RUN_CHECK_REST, bf16);
    assert_true(f32 - now >= 0.18 * 60 - 1e-9 && bf16 - f32 >= 0.12 * 60 - 1e-9 && checks - bf16 >= 0.06 * 60 - 1e-9);
    assert_true(run_step_end(&budget, RUN_REST, checks) - checks < 0.01);
    assert_true(run_step_end(&budget, RUN_CHECK_REST, 1060) <= 1060);
}

static void what_runs_long_leaves_the_later_their_least(void **state) {
    (void)state;
    for (int step = 0; step + 1 < RUN_STEPS; step++) {
        const double last = run_step_last(&budget, (run_step)step);
        assert_true(last < run_step_last(&budget, (run_step)(step + 1)) || step + 2 == RUN_STEPS);
        assert_true(run_step_end(&budget, (run_step)step, 0) <= last);
        assert_true(run_step_end(&budget, (run_step)step, last) <= last); /* nothing is left */
        if (step) assert_true(run_step_share((run_step)step) > run_step_share((run_step)(step - 1)));
    }
    assert_true(run_step_last(&budget, RUN_REST) < 1060);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_time_each_has_its_share), cmocka_unit_test(late_steps_take_nothing_from_the_headline),
        cmocka_unit_test(the_rest_is_left_out_first), cmocka_unit_test(what_runs_long_leaves_the_later_their_least)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
