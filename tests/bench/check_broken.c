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

static void is_caught(void **state) {
    const broken *b = *state;
    const mot_variant v = plain_variant(b->name, b->stage, b->run);
    const mot_plan plan = one_step(&v);
    const check_result r = check(&plan, b->shape.groups ? &b->shape : &usual, b->want == VERDICT_TIMEOUT ? 0.3 : 60);
    if (r.verdict != b->want || !strstr(r.reason, b->caught_by))
        fail_msg("want %s and \"%s\", got %s: %s", verdict_name(b->want), b->caught_by, verdict_name(r.verdict),
                 r.reason);
}

static void passes(const mot_plan *plan, const mot_shape *s) {
    const check_result r = check(plan, s, 60);
    if (r.verdict != VERDICT_PASS) fail_msg("%s: %s", verdict_name(r.verdict), r.reason);
    assert_true(r.compared > 0);
    assert_true(r.fraction >= 0 && r.fraction <= 1);
    assert_true(r.z_max >= 0 && r.z_max <= 8);
    if (s->d_model == 1) return; /* may well be without any rounding */
    assert_true(r.fraction > 0);
    assert_true(r.z_max > 0.5);
}

static void plain_kernels_pass(void **state) {
    static const mot_shape shapes[] = {{7, 6, 5, 19, 21}, {1, 1, 1, 1, 1}, {2, 33, 3, 7, 65}, {1, 8192, 2, 4, 1}};
    const mot_variant v[] = {plain_variant("route_plain", MOT_STAGE_ROUTE, plain_route),
                             plain_variant("mix_plain", MOT_STAGE_MIX, plain_mix),
                             plain_variant("experts_plain", MOT_STAGE_EXPERTS, plain_experts),
                             plain_variant("redistribute_plain", MOT_STAGE_REDISTRIBUTE, plain_redistribute)};
    const mot_plan layer = {.steps = 4,
                            .step = {{.variant = &v[0]}, {.variant = &v[1]}, {.variant = &v[2]}, {.variant = &v[3]}}};
    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        for (size_t k = 0; k < 4; k++) {
            const mot_plan plan = one_step(&v[k]);
            passes(&plan, &shapes[i]);
        }
        passes(&layer, &shapes[i]);
    }
}

/* Most of its groups are seen by the vector test only. */
static void big_plain_kernels_pass(void **state) {
    const mot_variant v[] = {plain_variant("mix_plain", MOT_STAGE_MIX, plain_mix),
                             plain_variant("redistribute_plain", MOT_STAGE_REDISTRIBUTE, plain_redistribute)};
    (void)state;
    for (size_t k = 0; k < 2; k++) {
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

int main(void) {
    struct CMUnitTest tests[64] = {
        cmocka_unit_test(plain_kernels_pass),   cmocka_unit_test(big_plain_kernels_pass),
        cmocka_unit_test(no_groups_is_no_pass), cmocka_unit_test(threads_before_the_fork_do_no_harm),
        cmocka_unit_test(too_big_is_skipped),   cmocka_unit_test(same_seed_same_figures)};
    size_t n = 6;
    for (size_t i = 0; i < broken_count; i++)
        tests[n++] = (struct CMUnitTest){.name = broken_kernels[i].name,
                                         .test_func = is_caught,
                                         .initial_state = (void *)(uintptr_t)&broken_kernels[i]};
    return _cmocka_run_group_tests("check_broken", tests, n, NULL, NULL);
}
