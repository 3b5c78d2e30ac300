/* measure.c: whole comparisons on a simulated clock. */
#include "gbench.h"
#include "measure_sim.h"
#include "measure_taint.h"
#include "timer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void rows_have_what_they_should(void **state) {
    (void)state;
    const measurement *m = compare((const int[]){CHEAP, DEAR}, 2, &plain);
    for (int i = 0; i < 2; i++) {
        assert_string_equal(m[i].status, "ok");
        assert_string_equal(m[i].stop, "rounds");
        assert_int_equal(m[i].samples, 12);
        assert_int_equal(m[i].tainted, 0);
        assert_true(m[i].min_ns <= m[i].low_ns && m[i].low_ns <= m[i].median_ns && m[i].median_ns <= m[i].high_ns);
    }
    assert_true(fabs(m[0].median_ns / 100e3 - 1) < 0.001 && fabs(m[1].median_ns / 1e6 - 1) < 0.001);
    assert_int_equal(m[0].iterations, m[1].iterations); /* the same for all, so that the quickest takes 1 ms */
    assert_in_range(m[0].iterations, 10, 12);
}

static void drift_changes_no_winner(void **state) {
    (void)state;
    sim_drift = 0.9; /* a call costs 20 % and more extra at the end of the run */
    const measurement *m = compare((const int[]){CHEAP, DEARER}, 2, &plain);
    const ratio r = measure_ratio(&m[0], &m[1]);
    assert_true(m[0].ns[11] > 1.2 * m[0].ns[0]);
    assert_int_equal(r.pairs, 12);
    assert_true(r.high < 1 && fabs(r.median * 1.04 - 1) < 0.02);
}

static void a_kernel_that_stops_working_is_mistrusted(void **state) {
    (void)state;
    const measurement *m = compare((const int[]){LAZY, CHEAP}, 2, &plain);
    assert_string_equal(m[0].status, "mistrusted");
    assert_string_equal(m[1].status, "ok");
    m = compare((const int[]){LAZY, CHEAP}, 2, &plain); /* now from the first call on: a bad witness is none */
    assert_string_equal(m[0].status, "mistrusted");
    assert_string_equal(m[1].status, "ok");
}

static void a_kernel_that_works_now_and_then_is_mistrusted(void **state) {
    measure_options o = plain;
    (void)state;
    o.cache = CACHE_COLD_ALL;
    const measurement *m = compare((const int[]){HALFHEARTED, CHEAP}, 2, &o);
    assert_string_equal(m[0].status, "mistrusted");
    assert_string_equal(m[1].status, "ok");
}

static void what_is_left_unwritten_is_mistrusted(void **state) {
    (void)state;
    const measurement *m = compare((const int[]){FORGETFUL}, 1, &plain);
    assert_string_equal(m[0].status, "mistrusted");
    m = compare((const int[]){CHEAP, FORGETFUL}, 2, &plain);
    assert_string_equal(m[0].status, "ok");
    assert_string_equal(m[1].status, "mistrusted");
}

static void contestants_are_witnesses_of_each_other(void **state) {
    (void)state;
    const measurement *m = compare((const int[]){CHEAP, BENT, DEAR}, 3, &plain);
    assert_string_equal(m[0].status, "ok");
    assert_string_equal(m[1].status, "mistrusted");
    assert_non_null(strstr(m[1].reason, "differs from cheap by 0.001"));
    assert_string_equal(m[2].status, "ok");
}

/* Of two shapes in one comparison: each has its own tensors and its own witness, and the rounds are shared. */
static void a_contestant_may_bring_its_own_shape(void **state) {
    contestant side[3] = {make(CHEAP), make(DEAR), make(BENT)};
    measurement m[3];
    char error[256] = "";
    (void)state;
    side[1].own = (mot_shape){shape.groups + 3, shape.group_size, 2 * shape.experts, shape.d_model, shape.d_expert};
    assert_true(measure(side, 3, &shape, &plain, m, error, sizeof error));
    assert_string_equal(m[0].status, "ok");
    assert_string_equal(m[1].status, "ok");
    assert_string_equal(m[2].status, "mistrusted");
    assert_non_null(strstr(m[2].reason, "differs from cheap"));
    assert_true(m[0].comparison > 0 && m[0].comparison == m[1].comparison);
    assert_int_equal(measure_ratio(&m[1], &m[0]).pairs, 12);
    side[0].own = side[1].own; /* now they meet on the other shape, and the third is alone */
    assert_true(measure(side, 3, &shape, &plain, m, error, sizeof error));
    assert_string_equal(m[2].status, "ok");
    assert_int_equal(m[0].comparison, compare((const int[]){CHEAP}, 1, &plain)->comparison - 1);
    side[1].own.d_expert = SIZE_MAX / 2;
    assert_true(measure(side, 3, &shape, &plain, m, error, sizeof error));
    assert_string_equal(m[1].status, "skipped");
    assert_non_null(strstr(m[1].reason, "overflows"));
}

static void what_fails_its_check_is_not_timed(void **state) {
    (void)state;
    const measurement *m = compare((const int[]){WRONG, CHEAP}, 2, &plain);
    assert_string_equal(m[0].status, "skipped");
    assert_non_null(strstr(m[0].reason, "FAIL"));
    assert_int_equal(m[0].samples, 0);
    assert_int_equal(m[1].samples, 12);
}

static void what_cannot_run_is_skipped_with_its_reason(void **state) {
    measurement m[2];
    char error[256] = "";
    contestant side[2] = {make(CHEAP), {.plan = {.steps = 1}, .name = "nothing"}};
    (void)state;
    assert_true(measure(side, 2, &shape, &plain, m, error, sizeof error));
    assert_string_equal(m[1].status, "skipped");
    assert_non_null(strstr(m[1].reason, "no variant"));
    assert_string_equal(m[0].status, "ok");
}

static void tainted_samples_are_made_up_for(void **state) {
    (void)state;
    sim_taint_every = 5;
    const measurement *m = compare((const int[]){CHEAP}, 1, &plain);
    assert_string_equal(m->status, "ok");
    assert_int_equal(m->samples - m->tainted, 12);
    assert_in_range(m->tainted, 2, 4);
    int marked = 0;
    for (int i = 0; i < m->samples; i++) marked += m->taint[i];
    assert_int_equal(marked, m->tainted);
}

static void too_many_tainted_are_inconclusive(void **state) {
    (void)state;
    sim_taint_every = 2;
    const measurement *m = compare((const int[]){CHEAP}, 1, &plain);
    assert_string_equal(m->status, "inconclusive");
    assert_non_null(strstr(m->reason, "steal"));
    sim_taint_every = 1;
    m = compare((const int[]){CHEAP}, 1, &plain);
    assert_string_equal(m->status, "inconclusive");
    assert_int_equal(m->samples, 24); /* twice the rounds, then it gives up */
    assert_true(m->median_ns > 0);
}

static void a_clock_that_goes_back_is_flagged(void **state) {
    (void)state;
    sim_back_from = 20;
    const measurement *m = compare((const int[]){DEAR}, 1, &plain);
    assert_int_equal(m->samples, 24);
    assert_true(m->tainted > 0);
    for (int i = 0; i < m->samples; i++) assert_true(m->taint[i] ? m->ns[i] == 0 : m->ns[i] > 0);
    assert_string_equal(m->status, "inconclusive");
    assert_non_null(strstr(m->reason, "clock"));
}

static int64_t frozen_clock(void) { return 42; }

static void a_frozen_clock_is_an_error(void **state) {
    measurement m;
    char error[256] = "";
    const contestant side = make(CHEAP);
    (void)state;
    timer_set_clock(frozen_clock, sim_tsc);
    assert_false(measure(&side, 1, &shape, &plain, &m, error, sizeof error));
    assert_non_null(strstr(error, "clock"));
}

/* A tick of 8 us: a sample is 1000 ticks. */
static int64_t coarse_clock(void) { return ++sim_ns / 8000 * 8000; }

static void coarse_ticks_make_longer_samples(void **state) {
    (void)state;
    timer_set_clock(coarse_clock, sim_tsc);
    const measurement *m = compare((const int[]){CHEAP}, 1, &plain);
    assert_string_equal(m->status, "ok");
    assert_in_range(m->iterations, 80, 100);
}

/* ---- stopping ---- */

static bool stop_after_five(void *data, int done, int total) {
    assert_int_equal(total, done ? 24 : total);
    *(int *)data = done;
    return done < 5;
}

static bool stop_when_asked(void *data, int done, int total) {
    (void)done, (void)total;
    return --*(int *)data > 0;
}

/* At whatever step of checking, preparing, calibrating or timing it comes. */
static void an_interrupt_is_obeyed_at_every_step(void **state) {
    (void)state;
    for (int asked = 1; asked < 20; asked++) {
        int left = asked;
        measure_options o = plain;
        o.progress = stop_when_asked;
        o.progress_data = &left;
        const measurement *m = compare((const int[]){CHEAP, DEAR}, 2, &o);
        assert_int_equal(left, 0); /* not asked again after it said stop */
        if (asked <= 3) assert_int_equal(sim_calls, 0);
        for (int i = 0; i < 2; i++) {
            const bool timed = m[i].samples > 0;
            assert_string_equal(m[i].status, timed ? "ok" : "skipped");
            if (!timed) assert_non_null(strstr(m[i].reason, "interrupted"));
            if (asked == 1) assert_non_null(strstr(m[i].reason, "before its check"));
        }
    }
}

static void an_interrupt_keeps_what_there_is(void **state) {
    int seen = 0;
    measure_options o = plain;
    (void)state;
    o.progress = stop_after_five;
    o.progress_data = &seen;
    const measurement *m = compare((const int[]){CHEAP, DEAR}, 2, &o);
    assert_int_equal(seen, 5);
    assert_int_equal(m[0].samples + m[1].samples, 5);
    assert_string_equal(m[0].stop, "interrupted");
    assert_non_null(strstr(m[0].reason, "their range"));
}

static void a_narrow_interval_is_enough(void **state) {
    measure_options o = plain;
    (void)state;
    o.rounds = 60;
    o.max_noise = 0.01;
    const measurement *m = compare((const int[]){CHEAP}, 1, &o);
    assert_string_equal(m->stop, "enough");
    assert_int_equal(m->samples, 8);
}

static void the_slow_do_not_eat_the_others_budget(void **state) {
    measure_options o = plain;
    (void)state;
    o.budget_s = 100; /* each of ENDLESS takes 60 s */
    const measurement *m = compare((const int[]){CHEAP, DEAR, ENDLESS}, 3, &o);
    assert_int_equal(m[0].samples, 12);
    assert_int_equal(m[1].samples, 12);
    assert_string_equal(m[2].status, "skipped");
    assert_non_null(strstr(m[2].reason, "budget"));
    o.budget_s = 2000; /* one sample is 11 or 12 calls */
    m = compare((const int[]){CHEAP, DEAR, ENDLESS}, 3, &o);
    assert_int_equal(m[0].samples, 12);
    assert_in_range(m[2].samples, 1, 4);
    assert_string_equal(m[2].stop, "budget");
}

/* 180 ms are left or so: CHEAP needs 15, DEAR 144. */
static void what_the_quick_do_not_need_goes_to_the_slow(void **state) {
    measure_options o = plain;
    (void)state;
    o.budget_s = 0.21;
    const measurement *m = compare((const int[]){CHEAP, DEAR}, 2, &o);
    assert_int_equal(m[0].samples, 12);
    assert_int_equal(m[1].samples, 12);
    o.budget_s = 0.15;
    m = compare((const int[]){CHEAP, DEAR}, 2, &o);
    assert_int_equal(m[0].samples, 12);
    assert_in_range(m[1].samples, 4, 11);
}

static void the_race_drops_the_slow(void **state) {
    measure_options o = plain;
    (void)state;
    o.drop = 1.3;
    const measurement *m = compare((const int[]){CHEAP, DEARER, DEAR}, 3, &o);
    assert_int_equal(m[0].samples, 12);
    assert_int_equal(m[1].samples, 12);
    assert_int_equal(m[2].samples, 1);
    assert_string_equal(m[2].stop, "dropped");
}

/* ---- counters ---- */

/* Each counter asked for comes back, with a value or with the reason why there is none; times are as without. */
static void counters_come_from_a_pass_of_their_own(void **state) {
    measure_options o = plain;
    char error[128] = "";
    (void)state;
    for (size_t i = 0; i < counters_known() && o.counters.count < COUNTER_MAX; i++)
        snprintf(o.counters.name[o.counters.count++], COUNTER_NAME, "%s", counters_known_name(i));
    assert_true(o.counters.count > 0);
    const measurement *m = compare((const int[]){CHEAP, DEAR}, 2, &o);
    for (int side = 0; side < 2; side++) {
        assert_int_equal(m[side].counters.count, o.counters.count);
        for (int i = 0; i < o.counters.count; i++) {
            assert_string_equal(m[side].counters.name[i], o.counters.name[i]);
            assert_true(isfinite(m[side].counters.value[i]) || m[side].counters.reason[i][0]);
            if (!counters_why_not(o.counters.name[i])) assert_true(isfinite(m[side].counters.value[i]));
        }
        assert_int_equal(m[side].samples, 12);
    }
    assert_true(counters_parse(&o.counters, "none", error, sizeof error));
    assert_int_equal(compare((const int[]){CHEAP}, 1, &o)->counters.count, 0);
}

/* ---- cache states: what a call meets ---- */

static const void *met_x, *met_p;
static int other_x, other_p;
static void watching(const mot_shape *s, const mot_tensors *t, const mot_config *c, mot_range r) {
    other_x += t->x != met_x;
    other_p += t->mixed != met_p;
    met_x = t->x;
    met_p = t->mixed;
    right->run(s, t, c, r);
    sim_spend(100e3);
}

static void cold_all_rotates_and_hot_does_not(void **state) {
    measure_options o = plain;
    contestant side = make(CHEAP);
    measurement m;
    char error[256] = "";
    (void)state;
    kernel[CHEAP].run = watching;
    for (cache_state cache = CACHE_HOT; cache < CACHE_STATE_COUNT; cache++) {
        other_x = other_p = 0;
        o.cache = cache;
        assert_true(measure(&side, 1, &shape, &o, &m, error, sizeof error));
        assert_string_equal(m.status, "ok");
        const bool rotates = cache == CACHE_COLD_ALL;
        assert_int_equal(other_x > 100, rotates);
        assert_int_equal(other_p > 100, rotates);
        assert_int_equal(strstr(m.reason, "as hot") != NULL, cache == CACHE_COLD_WEIGHTS); /* mix has no weights */
    }
}

static void bad_options_are_named(void **state) {
    static const struct {
        measure_options o;
        const char *word;
    } row[] = {{{.threads = 0}, "threads"},
               {{.threads = 1, .rounds = 65}, "rounds"},
               {{.threads = 1, .rounds = -1}, "rounds"},
               {{.threads = 1, .min_time_s = -1}, "time"},
               {{.threads = 1, .cache = CACHE_STATE_COUNT}, "cache"}};
    const contestant side = make(CHEAP);
    const mot_shape empty = {0, 4, 4, 16, 8};
    measurement m;
    char error[256];
    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        assert_false(measure(&side, 1, &shape, &row[i].o, &m, error, sizeof error));
        assert_non_null(strstr(error, row[i].word));
    }
    assert_false(measure(&side, 1, &empty, &plain, &m, error, sizeof error));
    assert_non_null(strstr(error, "groups"));
    assert_false(measure(&side, 0, &shape, &plain, &m, error, sizeof error));
    assert_non_null(strstr(error, "contestants"));
}

#define SIMULATED(test) cmocka_unit_test_setup_teardown(test, simulate, real_again)

int main(void) {
    const struct CMUnitTest tests[] = {SIMULATED(rows_have_what_they_should),
                                       SIMULATED(drift_changes_no_winner),
                                       SIMULATED(a_kernel_that_stops_working_is_mistrusted),
                                       SIMULATED(a_kernel_that_works_now_and_then_is_mistrusted),
                                       SIMULATED(what_is_left_unwritten_is_mistrusted),
                                       SIMULATED(contestants_are_witnesses_of_each_other),
                                       SIMULATED(a_contestant_may_bring_its_own_shape),
                                       SIMULATED(what_fails_its_check_is_not_timed),
                                       SIMULATED(what_cannot_run_is_skipped_with_its_reason),
                                       SIMULATED(tainted_samples_are_made_up_for),
                                       SIMULATED(too_many_tainted_are_inconclusive),
                                       SIMULATED(a_clock_that_goes_back_is_flagged),
                                       SIMULATED(a_frozen_clock_is_an_error),
                                       SIMULATED(coarse_ticks_make_longer_samples),
                                       SIMULATED(an_interrupt_is_obeyed_at_every_step),
                                       SIMULATED(an_interrupt_keeps_what_there_is),
                                       SIMULATED(a_narrow_interval_is_enough),
                                       SIMULATED(the_slow_do_not_eat_the_others_budget),
                                       SIMULATED(what_the_quick_do_not_need_goes_to_the_slow),
                                       SIMULATED(the_race_drops_the_slow),
                                       SIMULATED(counters_come_from_a_pass_of_their_own),
                                       SIMULATED(cold_all_rotates_and_hot_does_not),
                                       SIMULATED(bad_options_are_named)};
    if (!gbench_version()) {
        puts("SKIP: built without Google Benchmark");
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
