/* What the layer keeps whatever its numbers are, on every ISA that this machine has. */
#include "check.h"
#include "cpu.h"
#include "faulty_api.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void hold_on(const mot_shape *s, mot_isa isa, mot_dtype dtype) {
    for (uint64_t seed = 1; seed <= 3; seed++) {
        const check_result r = check_properties(s, isa, dtype, seed);
        if (r.verdict != VERDICT_PASS)
            fail_msg("%s %s, g%zut%zue%zud%zuh%zu, seed %d: %s: %s", mot_isa_name(isa), mot_dtype_name(dtype),
                     s->groups, s->group_size, s->experts, s->d_model, s->d_expert, (int)seed, verdict_name(r.verdict),
                     r.reason);
        assert_true(r.compared > 0);
    }
}

static void properties_hold(void **state) {
    static const mot_shape shapes[] = {{3, 4, 4, 8, 16},     {5, 6, 7, 19, 23}, {2, 33, 5, 17, 9}, {9, 2, 3, 65, 31},
                                       {4, 32, 32, 64, 128}, {1, 1, 1, 1, 1},   {2, 3, 2, 1, 5}};
    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        for (mot_dtype dtype = MOT_F32; dtype <= MOT_BF16; dtype++)
            for (mot_isa isa = MOT_ISA_SCALAR; isa <= mot_isa_for(mot_cpu_isa(), dtype); isa++)
                hold_on(&shapes[i], isa, dtype);
}

static void no_groups_is_no_pass(void **state) {
    (void)state;
    assert_int_equal(check_properties(&(mot_shape){0, 2, 2, 2, 2}, MOT_ISA_SCALAR, MOT_F32, 1).verdict, VERDICT_SKIP);
}

static void errors_are_failures(void **state) {
    const check_result r = check_properties(&(mot_shape){2, 2, 2, 2, 2}, (mot_isa)99, MOT_F32, 1);
    (void)state;
    assert_int_equal(r.verdict, VERDICT_FAIL);
}

/* Each fault is noticed by the property that is about it. */
static void faults_of(mot_dtype dtype) {
    static const struct {
        fault fault;
        const char *property;
    } expected[] = {
        {ROUTE_SUM, "columns of P"},       {ROUTE_WARM, "low temperature"},   {MIX_BIASED, "identical tokens"},
        {MIX_SATURATES, "scaling"},        {READS_LAST_Y, "zero weight"},     {EXPERTS_BIASED, "dense FFN"},
        {TOKEN_BIASED, "permuted tokens"}, {GROUP_BIASED, "permuted groups"}, {THREADS_DIFFER, "thread counts"},
        {RUNS_DIFFER, "two runs"},         {SHORT_BIASED, "short last group"}};
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        active_fault = expected[i].fault;
        const check_result r = check_properties(&(mot_shape){3, 4, 5, 16, 24}, MOT_ISA_SCALAR, dtype, 1);
        active_fault = NO_FAULT;
        if (r.verdict != VERDICT_FAIL || !strstr(r.reason, expected[i].property))
            fail_msg("%s: want a FAIL of %s, got %s: %s", mot_dtype_name(dtype), expected[i].property,
                     verdict_name(r.verdict), r.reason);
    }
}

static void faults_are_noticed(void **state) {
    (void)state;
    faults_of(MOT_F32);
    faults_of(MOT_BF16);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(properties_hold), cmocka_unit_test(no_groups_is_no_pass),
                                       cmocka_unit_test(errors_are_failures), cmocka_unit_test(faults_are_noticed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
