/* peers.c: peer libraries keep the same contract as our kernels; candidates are one list. */
#include "check.h"
#include "cpu.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static void candidates_are_ours_and_theirs(void **state) {
    size_t theirs = 0;
    (void)state;
    for (size_t i = 0; i < peer_count(); i++) theirs += peer_at(i)->variant_count;
    assert_int_equal(candidate_count(), mot_registry_count() + theirs);
    assert_null(candidate_at(candidate_count()));
    assert_null(candidate_find("experts_blas_nothing"));
    for (size_t i = 0; i < candidate_count(); i++) {
        const mot_variant *v = candidate_at(i);
        assert_ptr_equal(candidate_find(v->name), v); /* so names are unique */
        assert_int_equal(candidate_peer(v) != NULL, i >= mot_registry_count());
    }
}

static void what_cannot_run_has_a_reason(void **state) {
    (void)state;
    for (size_t i = 0; i < mot_registry_count(); i++) {
        const mot_variant *v = candidate_at(i);
        const char *reason = candidate_why_not(v);
        assert_int_equal(reason == NULL, v->isa <= mot_cpu_isa());
        if (reason) assert_true(strlen(reason) > 3);
    }
}

static void layers_of_peers_are_layers(void **state) {
    (void)state;
    for (size_t i = 0; i < peer_count(); i++) {
        assert_string_equal(peer_layer_name(peer_at(i), 0), peer_at(i)->library);
        for (size_t k = 0; k < peer_layer_count(peer_at(i)); k++) {
            const mot_plan plan = peer_layer(peer_at(i), k);
            assert_true(mot_plan_is_layer(&plan));
            assert_null(candidate_why_not(plan.step[0].variant));
            assert_non_null(strstr(plan.step[2].variant->name, peer_layer_name(peer_at(i), k)));
        }
        assert_non_null(strpbrk(peer_at(i)->version(), "0123456789"));
        print_message("%s\n", peer_at(i)->version());
    }
}

/* Strided tokens, short last groups, ranges that begin and end inside an expert. */
static void their_numbers_agree(void **state) {
    static const mot_shape shape[] = {{5, 3, 4, 17, 9},  {8, 32, 32, 64, 48}, {3, 7, 1, 33, 65},
                                      {1, 5, 6, 40, 24}, {2, 1, 3, 16, 8},    {1, 1, 1, 1, 1}};
    (void)state;
    for (size_t i = 0; i < peer_count(); i++)
        for (size_t k = 0; k < sizeof shape / sizeof *shape; k++)
            for (size_t v = 0; v < peer_at(i)->variant_count; v++) {
                const mot_choice c = {&peer_at(i)->variants[v], {{0}}};
                const check_options o = {.seed = 5, .threads = 3, .strided = true, .enter = peer_at(i)->enter};
                const check_result r = check_choice(&c, &shape[k], &o);
                if (r.verdict != VERDICT_PASS) fail_msg("%s: %s", c.variant->name, r.reason);
                assert_true(r.compared > 0);
            }
}

static void sizes_that_blas_cannot_hold_are_refused(void **state) {
    const size_t big = (size_t)INT_MAX + 1;
    const mot_shape bad[] = {{1, 1, 1, big, 1}, {1, 1, 1, 1, big},     {1, 1, big, 1, 1},
                             {1, big, 1, 1, 1}, {big / 4, 1, 1, 8, 1}, {SIZE_MAX, 1, 1, SIZE_MAX, 1}};
    const mot_shape good = {64, 32, 32, 512, 2048};
    (void)state;
    for (size_t i = 0; i < peer_count(); i++)
        for (size_t v = 0; v < peer_at(i)->variant_count; v++) {
            const mot_variant *variant = &peer_at(i)->variants[v];
            const mot_config config = mot_config_default(variant);
            assert_true(variant->supports(&good, &config));
            for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) assert_false(variant->supports(&bad[k], &config));
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(candidates_are_ours_and_theirs), cmocka_unit_test(what_cannot_run_has_a_reason),
        cmocka_unit_test(layers_of_peers_are_layers), cmocka_unit_test(their_numbers_agree),
        cmocka_unit_test(sizes_that_blas_cannot_hold_are_refused)};
    if (peer_count() == 0) puts("built without any peer library: only our own candidates are looked at");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
