/* The checker is checked: each kernel that is wrong on purpose gets the verdict and the reason that it deserves, and
 * plain loops that are right pass. Everything runs in forked children, as it does before the tuner believes a kernel.
 */
#include "broken_kernels.h"
#include "plain_kernels.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const mot_shape usual = {7, 6, 5, 19, 21};

static check_result check(const mot_plan *plan, const mot_shape *s, double timeout_s) {
    const check_options options = {.seed = 42, .threads = 2, .strided = true};
    return check_plan_forked(plan, s, &options, timeout_s);
}

static mot_plan one_step(const mot_variant *v) { return (mot_plan){.steps = 1, .step = {{.variant = v}}}; }

static void expect(const broken *b, const mot_variant *v) {
    const mot_plan plan = one_step(v);
    const check_result r = check(&plan, b->shape.groups ? &b->shape : &usual, b->want == VERDICT_TIMEOUT ? 0.3 : 60);
    if (r.verdict != b->want || !strstr(r.reason, b->caught_by))
        fail_msg("want %s and \"%s\", got %s: %s", verdict_name(b->want), b->caught_by, verdict_name(r.verdict),
                 r.reason);
}

static void is_caught(void **state) {
    const broken *b = *state;
    const mot_variant v = plain_variant(b->name, b->stage, b->run);
    expect(b, &v);
}

static void is_caught_in_bf16(void **state) {
    const broken *b = *state;
    const mot_variant v = plain_bf16_variant(b->name, b->stage, b->run);
    expect(b, &v);
}

static void passes(const mot_plan *plan, const mot_shape *s) {
    const check_result r = check(plan, s, 60);
    if (r.verdict != VERDICT_PASS) fail_msg("%s: %s", verdict_name(r.verdict), r.reason);
    assert_true(r.compared > 0);
    assert_true(r.fraction >= 0 && r.fraction <= 1);
    assert_true(r.z_max >= 0 && r.z_max <= 8);
    if (s->d_model == 1) return;                                     /* may well be without any rounding */
    assert_true(r.fraction > 0 || mot_plan_dtype(plan) == MOT_BF16); /* most bf16 are what they must be */
    assert_true(r.z_max > 0.5);
}

/* Route, mix, experts and redistribute alone, then the layer of them. */
static void all_pass(const mot_variant v[4], const mot_shape *s) {
    const mot_plan layer = {.steps = 4,
                            .step = {{.variant = &v[0]}, {.variant = &v[1]}, {.variant = &v[2]}, {.variant = &v[3]}}};
    for (size_t k = 0; k < 4; k++) {
        const mot_plan plan = one_step(&v[k]);
        passes(&plan, s);
    }
    passes(&layer, s);
}

static void plain_kernels_pass(void **state) {
    static const mot_shape shapes[] = {{7, 6, 5, 19, 21}, {1, 1, 1, 1, 1}, {2, 33, 3, 7, 65}, {1, 8192, 2, 4, 1}};
    const mot_variant v[] = {plain_variant("route_plain", MOT_STAGE_ROUTE, plain_route),
                             plain_variant("mix_plain", MOT_STAGE_MIX, plain_mix),
                             plain_variant("experts_plain", MOT_STAGE_EXPERTS, plain_experts),
                             plain_variant("redistribute_plain", MOT_STAGE_REDISTRIBUTE, plain_redistribute)};
    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) all_pass(v, &shapes[i]);
}

static void plain_bf16_kernels_pass(void **state) {
    static const mot_shape shapes[] = {{7, 6, 5, 19, 21}, {1, 1, 1, 1, 1}, {2, 33, 3, 7, 65}, {1, 8192, 2, 4, 1}};
    const mot_variant v[] = {plain_bf16_variant("route_plain", MOT_STAGE_ROUTE, plain_bf16_route),
                             plain_bf16_variant("mix_plain", MOT_STAGE_MIX, plain_bf16_mix),
                             plain_bf16_variant("experts_plain", MOT_STAGE_EXPERTS, plain_bf16_experts),
                             plain_bf16_variant("redistribute_plain", MOT_STAGE_REDISTRIBUTE, plain_bf16_redistribute)};
    const mot_variant front = plain_bf16_variant("front_plain", MOT_STAGE_FRONT, plain_bf16_front);
    const mot_plan fused = one_step(&front);
    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        all_pass(v, &shapes[i]);
        passes(&fused, &shapes[i]);
    }
}

/* A plan is of one data type. */
static void mixtures_are_skipped(void **state) {
    const mot_variant v[] = {plain_variant("route_plain", MOT_STAGE_ROUTE, plain_route),
                             plain_bf16_variant("mix_plain", MOT_STAGE_MIX, plain_bf16_mix)};
    const mot_plan plan = {.steps = 2, .step = {{.variant = &v[0]}, {.variant = &v[1]}}};
    const check_result r = check(&plan, &usual, 60);
    (void)state;
    assert_int_equal(r.verdict, VERDICT_SKIP);
    assert_non_null(strstr(r.reason, "mix_plain is of another data type"));
}

/* Most of its groups are seen by the vector test only. */
static void big_plain_kernels_pass(void **state) {
    const mot_variant v[] = {plain_variant("mix_plain", MOT_STAGE_MIX, plain_mix),
                             plain_variant("redistribute_plain", MOT_STAGE_REDISTRIBUTE, plain_redistribute),
                             plain_bf16_variant("mix_plain", MOT_STAGE_MIX, plain_bf16_mix),
                             plain_bf16_variant("redistribute_plain", MOT_STAGE_REDISTRIBUTE, plain_bf16_redistribute)};
    (void)state;
    for (size_t k = 0; k < 4; k += TEST_EVERY) {
        const mot_plan plan = one_step(&v[k]);
        passes(&plan, &(mot_shape){1024, 16, 16, 256, 1});
    }
}

/* A check that compared nothing is no PASS. */
static void no_groups_is_no_pass(void **state) {
    const mot_variant v = plain_variant("mix_plain", MOT_STAGE_MIX, plain_mix);
    const mot_plan plan = one_step(&v);
    const check_result r = check(&plan, &(mot_shape){0, 6, 5, 19, 21}, 60);
    (void)state;
    assert_int_equal(r.verdict, VERDICT_SKIP);
    assert_int_equal(r.compared, 0);
}

static void too_big_is_skipped(void **state) {
    const mot_variant v = plain_variant("mix_plain", MOT_STAGE_MIX, plain_mix);
    const mot_plan plan = one_step(&v);
    const check_result r = check(&plan, &(mot_shape){1 << 20, 1 << 10, 1 << 10, 1 << 10, 1 << 10}, 60);
    (void)state;
    assert_int_equal(r.verdict, VERDICT_SKIP);
    assert_non_null(strstr(r.reason, "GiB"));
}

/* OpenMP's threads don't survive a fork: a child that used them again would hang. */
static void threads_before_the_fork_do_no_harm(void **state) {
    const mot_variant v = plain_variant("mix_plain", MOT_STAGE_MIX, plain_mix);
    const mot_choice choice = {.variant = &v};
    const mot_plan plan = one_step(&v);
    (void)state;
    assert_int_equal(check_choice(&choice, &usual, &(check_options){.threads = 2}).verdict, VERDICT_PASS);
    assert_int_equal(check(&plan, &usual, 10).verdict, VERDICT_PASS);
}

static void same_seed_same_figures(void **state) {
    const mot_variant v = plain_variant("mix_plain", MOT_STAGE_MIX, plain_mix);
    const mot_plan plan = one_step(&v);
    const check_result a = check(&plan, &usual, 60), b = check(&plan, &usual, 60);
    (void)state;
    assert_memory_equal(&a, &b, sizeof a);
}

static mot_kernel_fn broken_one(const char *name) {
    for (size_t i = 0; i < broken_count; i++)
        if (strcmp(broken_kernels[i].name, name) == 0) return broken_kernels[i].run;
    fail_msg("no broken kernel %s", name);
    return NULL;
}

/* Each has its own time and its own end; who ends first is told first. */
static void side_by_side(void **state) {
    const mot_variant v[] = {plain_variant("hangs", MOT_STAGE_MIX, broken_one("hangs")),
                             plain_variant("crashes", MOT_STAGE_MIX, broken_one("crashes")),
                             plain_variant("right", MOT_STAGE_MIX, plain_mix)};
    static const verdict want[] = {VERDICT_TIMEOUT, VERDICT_CRASH, VERDICT_PASS};
    const check_options options = {.seed = 42, .threads = 2, .strided = true};
    check_pending pending[3], *running[3];
    (void)state;
    for (int i = 0; i < 3; i++) {
        const mot_plan plan = one_step(&v[i]);
        pending[i] = check_plan_begin(&plan, &usual, &options, i ? 60 : 3);
        running[i] = &pending[i];
        assert_true(pending[i].pid > 0);
    }
    for (int n = 3; n > 0; n--) {
        check_plan_end_any(running, n);
        int ended = 0;
        while (running[ended]->pid) assert_true(++ended < n);
        assert_true(n == 1 || running[ended] != &pending[0]); /* it hangs longest */
        running[ended] = running[n - 1];
    }
    for (int i = 0; i < 3; i++) assert_int_equal(check_plan_end(&pending[i]).verdict, want[i]);
    assert_int_equal(check_fit_side_by_side(&usual, MOT_F32, 7), 7);
    assert_int_equal(check_fit_side_by_side(&(mot_shape){1 << 20, 1 << 10, 1 << 10, 1 << 10, 1 << 10}, MOT_F32, 7), 1);
}

static struct CMUnitTest test_of(const broken *b, CMUnitTestFunction run) {
    return (struct CMUnitTest){.name = b->name, .test_func = run, .initial_state = (void *)(uintptr_t)b};
}

int main(void) {
    struct CMUnitTest tests[96] = {cmocka_unit_test(plain_kernels_pass),
                                   cmocka_unit_test(plain_bf16_kernels_pass),
                                   cmocka_unit_test(big_plain_kernels_pass),
                                   cmocka_unit_test(no_groups_is_no_pass),
                                   cmocka_unit_test(mixtures_are_skipped),
                                   cmocka_unit_test(threads_before_the_fork_do_no_harm),
                                   cmocka_unit_test(too_big_is_skipped),
                                   cmocka_unit_test(same_seed_same_figures),
                                   cmocka_unit_test(side_by_side)};
    size_t n = 9;
    for (size_t i = 0; i < broken_count; i++) tests[n++] = test_of(&broken_kernels[i], is_caught);
    for (size_t i = 0; i < broken_bf16_count; i++) tests[n++] = test_of(&broken_bf16[i], is_caught_in_bf16);
    return _cmocka_run_group_tests("check_broken", tests, n, NULL, NULL);
}
