/* What stands before every timing: it judges, it remembers for the process, and it takes groups for alike. */
#include "plain_kernels.h"

#include "check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static int entered; /* in this process: the child has its own */

static void enter(void) { entered++; }

/* Instead of bench/candidates.c: the plain kernel of this test belongs to a peer. */
static const peer own = {.library = "own", .enter = enter};
const peer *candidate_peer(const mot_variant *v) { return strstr(v->name, "own") ? &own : NULL; }

static void writes_nothing(const mot_shape *s, const mot_tensors *t, const mot_config *c, mot_range r) {
    (void)s, (void)t, (void)c, (void)r;
}

static verdict judged(const mot_variant *v, const mot_shape *s) {
    const mot_plan plan = {.steps = 1, .step = {{.variant = v}}};
    return check_before_timing(&plan, s).verdict;
}

static void wrong_kernels_are_not_timed(void **state) {
    const mot_variant bad = plain_variant("mix_bad", MOT_STAGE_MIX, writes_nothing);
    (void)state;
    assert_int_equal(judged(&bad, &(mot_shape){2, 3, 4, 5, 6}), VERDICT_FAIL);
}

/* A kernel that turns bad after its check shows what was asked again and what was remembered. */
static void verdicts_are_remembered(void **state) {
    mot_variant v = plain_variant("mix_turncoat", MOT_STAGE_MIX, plain_mix);
    (void)state;
    assert_int_equal(judged(&v, &(mot_shape){64, 3, 4, 5, 6}), VERDICT_PASS);
    v.run = writes_nothing;
    assert_int_equal(judged(&v, &(mot_shape){64, 3, 4, 5, 6}), VERDICT_PASS);
    assert_int_equal(judged(&v, &(mot_shape){32, 3, 4, 5, 6}), VERDICT_PASS); /* more groups of the same kind */
    assert_int_equal(judged(&v, &(mot_shape){1, 3, 4, 5, 6}), VERDICT_FAIL);
    assert_int_equal(judged(&v, &(mot_shape){64, 4, 4, 5, 6}), VERDICT_FAIL);
}

/* Whatever its name: the other type's data have not been through it. */
static void a_data_type_is_no_other(void **state) {
    const mot_variant f32 = plain_variant("mix_twin", MOT_STAGE_MIX, plain_mix);
    const mot_variant bf16 = plain_bf16_variant("mix_twin", MOT_STAGE_MIX, writes_nothing);
    (void)state;
    assert_int_equal(judged(&f32, &(mot_shape){2, 3, 4, 5, 6}), VERDICT_PASS);
    assert_int_equal(judged(&bf16, &(mot_shape){2, 3, 4, 5, 6}), VERDICT_FAIL);
}

static bool many_groups_only(const mot_shape *s, const mot_config *c) { return (void)c, s->groups >= 10; }

static void a_variant_for_many_groups_is_checked_on_many(void **state) {
    mot_variant v = plain_variant("mix_many", MOT_STAGE_MIX, plain_mix);
    v.supports = many_groups_only;
    (void)state;
    assert_int_equal(judged(&v, &(mot_shape){12, 3, 4, 5, 6}), VERDICT_PASS);
    assert_int_equal(judged(&v, &(mot_shape){9, 3, 4, 5, 6}), VERDICT_SKIP);
}

/* In-process, since what a child counts is lost: the hook runs before each turn. */
static void peers_are_told_before_each_turn(void **state) {
    const mot_variant v = plain_variant("mix_own", MOT_STAGE_MIX, plain_mix);
    const mot_choice choice = {.variant = &v};
    const check_options options = {.seed = 1, .threads = 1, .enter = enter};
    (void)state;
    assert_int_equal(check_choice(&choice, &(mot_shape){2, 3, 4, 5, 6}, &options).verdict, VERDICT_PASS);
    assert_int_equal(entered, DATA_MODE_COUNT);
    assert_int_equal(judged(&v, &(mot_shape){2, 3, 4, 5, 6}), VERDICT_PASS);
}

static void a_layer_is_as_good_as_its_steps(void **state) {
    const mot_variant v[] = {plain_variant("route_l", MOT_STAGE_ROUTE, plain_route),
                             plain_variant("mix_l", MOT_STAGE_MIX, plain_mix),
                             plain_variant("experts_l", MOT_STAGE_EXPERTS, plain_experts),
                             plain_variant("redistribute_l", MOT_STAGE_REDISTRIBUTE, writes_nothing)};
    const mot_plan layer = {.steps = 4,
                            .step = {{.variant = &v[0]}, {.variant = &v[1]}, {.variant = &v[2]}, {.variant = &v[3]}}};
    const check_result r = check_before_timing(&layer, &(mot_shape){2, 3, 8, 5, 6});
    (void)state;
    assert_int_equal(r.verdict, VERDICT_FAIL);
    assert_non_null(strstr(r.reason, "out"));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(wrong_kernels_are_not_timed),
                                       cmocka_unit_test(verdicts_are_remembered),
                                       cmocka_unit_test(a_data_type_is_no_other),
                                       cmocka_unit_test(a_variant_for_many_groups_is_checked_on_many),
                                       cmocka_unit_test(peers_are_told_before_each_turn),
                                       cmocka_unit_test(a_layer_is_as_good_as_its_steps)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
