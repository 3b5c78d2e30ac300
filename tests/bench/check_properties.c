/* What the layer keeps whatever its numbers are, on every ISA that this machine has. */
#include "check.h"
#include "cpu.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void properties_hold(void **state) {
    static const mot_shape shapes[] = {{3, 4, 4, 8, 16},     {5, 6, 7, 19, 23}, {2, 33, 5, 17, 9}, {9, 2, 3, 65, 31},
                                       {4, 32, 32, 64, 128}, {1, 1, 1, 1, 1},   {2, 3, 2, 1, 5}};
    (void)state;
    for (mot_isa isa = MOT_ISA_SCALAR; isa <= mot_cpu_isa(); isa++)
        for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
            for (uint64_t seed = 1; seed <= 3; seed++) {
                const check_result r = check_properties(&shapes[i], isa, seed);
                if (r.verdict != VERDICT_PASS)
                    fail_msg("%s, shape %zu, seed %d: %s: %s", mot_isa_name(isa), i, (int)seed, verdict_name(r.verdict),
                             r.reason);
                assert_true(r.compared > 0);
            }
}

static void no_groups_is_no_pass(void **state) {
    (void)state;
    assert_int_equal(check_properties(&(mot_shape){0, 2, 2, 2, 2}, MOT_ISA_SCALAR, 1).verdict, VERDICT_SKIP);
}

static void errors_are_failures(void **state) {
    const check_result r = check_properties(&(mot_shape){2, 2, 2, 2, 2}, (mot_isa)99, 1);
    (void)state;
    assert_int_equal(r.verdict, VERDICT_FAIL);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(properties_hold), cmocka_unit_test(no_groups_is_no_pass),
                                       cmocka_unit_test(errors_are_failures)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
