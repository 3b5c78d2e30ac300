/* The search on synthetic landscapes: how near the optimum, and what must never win. */
#include "landscape.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

enum { SEEDS = 20 };

static search_result run(landscape *l, int evaluations, uint64_t seed) {
    search_task task = landscape_task(l, evaluations, seed);
    search_result result;
    assert_true(search_run(&task, &result));
    assert_true(result.evaluations <= evaluations);
    return result;
}

/* Best possible time over that of what was found. */
static void efficiency(int evaluations, double noise, double *geomean, double *worst) {
    landscape l;
    double sum = 0;
    *worst = 1;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        landscape_make(&l, seed);
        l.noise = noise;
        search_result result = run(&l, evaluations, seed);
        double found = landscape_best(&l) / l.time[result.winner];
        sum += log(found);
        *worst = fmin(*worst, found);
    }
    *geomean = exp(sum / SEEDS);
    printf("search: %d evaluations, noise %.0f %%: efficiency geomean %.2f %%, worst %.2f %%\n", evaluations,
           100 * noise, 100 * *geomean, 100 * *worst);
}

/* The design's goals are 95 % with 50 and 98 % with 200; chance alone reaches 94.7 % with 50 here. */
static void finds_nearly_the_best(void **state) {
    (void)state;
    double geomean, worst;
    efficiency(25, 0.01, &geomean, &worst);
    assert_true(geomean >= 0.945);
    efficiency(50, 0.03, &geomean, &worst);
    assert_true(geomean >= 0.975);
    efficiency(50, 0.01, &geomean, &worst);
    assert_true(geomean >= 0.975 && worst >= 0.90);
    efficiency(200, 0.01, &geomean, &worst);
    assert_true(geomean >= 0.99 && worst >= 0.95);
}

/* All points equal: whatever is fastest by luck must not be kept. */
static void keeps_the_incumbent_in_noise(void **state) {
    (void)state;
    int kept = 0;
    landscape l;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        landscape_make(&l, seed);
        for (size_t i = 0; i < LANDSCAPE_POINTS; i++) l.time[i] = 1e6;
        l.noise = 0.05;
        kept += run(&l, 40, seed).kept;
    }
    printf("search: %d of 200 searches among equals kept a challenger\n", kept);
    assert_true(kept <= 8);
}

static void survives_drift(void **state) {
    (void)state;
    landscape l;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        landscape_make(&l, seed);
        l.drift = 0.002; /* the last sample takes more than twice the first's time */
        search_result result = run(&l, 50, seed);
        assert_true(landscape_best(&l) / l.time[result.winner] > 0.85);
    }
}

static void rejected_never_win(void **state) {
    (void)state;
    landscape l;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        landscape_make(&l, seed);
        for (size_t i = 0; i < LANDSCAPE_POINTS; i++)
            if (i % 3 == 0 && i != l.incumbent) l.time[i] = INFINITY;
        assert_true(isfinite(l.time[run(&l, 60, seed).winner]));
        assert_int_equal(l.rejected_raced, 0);
        for (size_t i = 0; i < LANDSCAPE_POINTS; i++)
            if (i != l.incumbent) l.time[i] = INFINITY;
        search_result result = run(&l, 60, seed);
        assert_false(result.kept);
        assert_int_equal(result.winner, l.incumbent);
        assert_int_equal(l.rejected_raced, 0);
    }
}

static void illegal_is_never_timed(void **state) {
    (void)state;
    landscape l;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        landscape_make(&l, seed);
        run(&l, 960, seed);
        for (size_t i = 0; i < LANDSCAPE_POINTS; i++) {
            if (!l.legal[i])
                assert_int_equal(l.measured[i], 0);
            else if (i != l.incumbent)
                assert_int_equal(l.measured[i], 1);
        }
    }
}

static void same_seed_same_winner(void **state) {
    (void)state;
    landscape a, b;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        landscape_make(&a, seed);
        landscape_make(&b, seed);
        search_result first = run(&a, 50, seed), second = run(&b, 50, seed);
        assert_int_equal(first.winner, second.winner);
        assert_memory_equal(a.measured, b.measured, sizeof a.measured);
    }
}

/* Time is up after a few batches: the best of what was tried is raced and kept. */
static void keeps_best_when_cut_off(void **state) {
    (void)state;
    int better = 0;
    landscape l;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        landscape_make(&l, seed);
        l.budget = 3;
        search_result result = run(&l, 200, seed);
        assert_true(result.evaluations <= 18);
        better += result.kept && l.time[result.winner] < l.time[l.incumbent];
    }
    assert_true(better >= SEEDS / 2);
}

static void one_point_is_no_search(void **state) {
    (void)state;
    landscape l;
    landscape_make(&l, 1);
    for (size_t i = 0; i < LANDSCAPE_POINTS; i++) l.legal[i] = i == l.incumbent;
    search_result result = run(&l, 50, 1);
    assert_int_equal(result.evaluations, 0);
    assert_false(result.kept);
}

static void points_and_levels_agree(void **state) {
    (void)state;
    landscape l;
    landscape_make(&l, 1);
    for (size_t i = 0; i < LANDSCAPE_POINTS; i++) {
        int level[SEARCH_AXES];
        const search_family *f = search_locate(&l.space, i, level);
        assert_int_equal(search_point(f, level), i);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_nearly_the_best),   cmocka_unit_test(keeps_the_incumbent_in_noise),
        cmocka_unit_test(survives_drift),          cmocka_unit_test(rejected_never_win),
        cmocka_unit_test(illegal_is_never_timed),  cmocka_unit_test(same_seed_same_winner),
        cmocka_unit_test(keeps_best_when_cut_off), cmocka_unit_test(one_point_is_no_search),
        cmocka_unit_test(points_and_levels_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
