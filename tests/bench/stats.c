/* stats.c: order statistics against values worked out by hand, and what they promise over many simulated runs. */
#include "measure.h"
#include "stats.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void summary_of_known_values(void **state) {
    (void)state;
    double odd[] = {9, 1, 5, 3, 7}, even[] = {4, 1, 3, 2};
    const summary a = stats_summarise(odd, 5), b = stats_summarise(even, 4);
    assert_true(a.n == 5 && a.min == 1 && a.median == 5 && a.mad == 2);
    assert_true(b.min == 1 && b.median == 2.5 && b.mad == 1);
    const summary none = stats_summarise(odd, 0);
    assert_true(none.n == 0 && none.median == 0);
}

/* Two-sided 5 %: from tables of the sign test. */
static void interval_of_the_median(void **state) {
    (void)state;
    static const struct {
        size_t n, k;
        bool known;
    } row[] = {{1, 0, false}, {5, 0, false}, {6, 0, true},  {8, 0, true},   {9, 1, true},
               {12, 2, true}, {15, 3, true}, {20, 5, true}, {64, 23, true}, {100, 39, true}};
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        size_t k;
        assert_int_equal(stats_median_interval(row[i].n, &k), row[i].known);
        assert_int_equal(k, row[i].k);
    }
    double few[] = {3, 1, 2}, twelve[] = {12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1};
    const summary a = stats_summarise(few, 3), b = stats_summarise(twelve, 12);
    assert_true(a.low == 1 && a.high == 3);
    assert_true(b.low == 3 && b.high == 10);
}

static void outliers_are_named(void **state) {
    (void)state;
    /* quartiles 2 and 4: fences at -1 and 7 (mild), -4 and 10 (severe) */
    double values[] = {-5, 2, 2, 2, 2, 3, 3, 3, 4, 4, 4, 4, 8, 11};
    const outliers o = stats_summarise(values, 14).outliers;
    assert_int_equal(o.low_severe, 1);
    assert_int_equal(o.low_mild, 0);
    assert_int_equal(o.high_mild, 1);
    assert_int_equal(o.high_severe, 1);
}

/* A generator with a long right tail, as timings have. */
static uint64_t lcg;
static double uniform(void) {
    lcg = lcg * 6364136223846793005u + 1442695040888963407u;
    return (double)((lcg >> 11) + 1) / 9007199254740994.0;
}
static double noisy(double ns, double noise) { return ns * (1 - noise * log(uniform())); }

/* median of -log(u) is log 2. */
static void interval_covers_the_median(void **state) {
    (void)state;
    enum { RUNS = 4000 };
    const double truth = 100 * (1 + 0.1 * log(2));
    int covered = 0;
    lcg = 1;
    for (int run = 0; run < RUNS; run++) {
        double v[12];
        for (int i = 0; i < 12; i++) v[i] = noisy(100, 0.1);
        const summary s = stats_summarise(v, 12);
        covered += s.low <= truth && truth <= s.high;
    }
    assert_true(covered >= RUNS * 95 / 100);
    assert_true(covered < RUNS); /* an interval that always covers says nothing */
}

/* ---- pairs ---- */

/* Rounds while the machine slows down by `drift`: b is `slower` times a; both noisy. */
static void drifting_rounds(measurement *a, measurement *b, double slower, double drift, double noise) {
    *a = *b = (measurement){.samples = 12};
    for (int i = 0; i < 12; i++) {
        const double now = 1e6 * (1 + drift * i / 11);
        a->ns[i] = noisy(now, noise);
        b->ns[i] = noisy(now * slower, noise);
    }
}

static void drift_changes_no_winner(void **state) {
    (void)state;
    lcg = 7;
    for (int run = 0; run < 500; run++) {
        measurement a, b;
        drifting_rounds(&a, &b, 1.05, run % 2 ? 0.2 : -0.2, 0.005);
        const ratio r = measure_ratio(&a, &b);
        assert_int_equal(r.pairs, 12);
        assert_true(r.low <= r.median && r.median <= r.high);
        assert_true(r.high < 1); /* a is faster, beyond the interval */
        assert_true(fabs(r.median - 1 / 1.05) < 0.02);
    }
}

static void equals_are_seldom_told_apart(void **state) {
    (void)state;
    enum { RUNS = 4000 };
    int different = 0;
    lcg = 3;
    for (int run = 0; run < RUNS; run++) {
        measurement a, b;
        drifting_rounds(&a, &b, 1, 0.2, 0.05);
        const ratio r = measure_ratio(&a, &b);
        different += r.low > 1 || r.high < 1;
    }
    assert_true(different <= RUNS * 5 / 100);
}

static void pairs_are_untainted_and_enough(void **state) {
    (void)state;
    measurement a, b;
    drifting_rounds(&a, &b, 1.5, 0, 0.001);
    a.taint[0] = b.taint[5] = a.taint[11] = true;
    a.ns[0] = b.ns[5] = 1e12;
    b.ns[3] = 0; /* the clock went back */
    assert_int_equal(measure_ratio(&a, &b).pairs, 8);
    assert_true(measure_ratio(&a, &b).high < 0.7);
    b.samples = 11;
    a.taint[1] = true;
    const ratio r = measure_ratio(&a, &b);
    assert_int_equal(r.pairs, 7);
    assert_true(r.low == 0 && isinf(r.high));
    assert_true(fabs(r.median - 1 / 1.5) < 0.01);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(summary_of_known_values),
                                       cmocka_unit_test(interval_of_the_median),
                                       cmocka_unit_test(outliers_are_named),
                                       cmocka_unit_test(interval_covers_the_median),
                                       cmocka_unit_test(drift_changes_no_winner),
                                       cmocka_unit_test(equals_are_seldom_told_apart),
                                       cmocka_unit_test(pairs_are_untainted_and_enough)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
