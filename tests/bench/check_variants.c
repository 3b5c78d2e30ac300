/* Every variant of the library that this machine runs, and the default layer of each ISA, on the smoke shapes. */
#include "check.h"
#include "cpu.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static size_t checked, skipped, of_bf16;

/* Of all plans and shapes together every TEST_EVERY-th. */
static void expect_pass(const mot_plan *plan, const char *name, const mot_shape *s) {
    static unsigned asked;
    if (asked++ % TEST_EVERY) return;
    const check_options options = {.seed = 11, .threads = 3, .strided = true};
    const check_result r = check_plan_forked(plan, s, &options, 60);
    checked += r.verdict == VERDICT_PASS, skipped += r.verdict == VERDICT_SKIP;
    of_bf16 += r.verdict == VERDICT_PASS && mot_plan_dtype(plan) == MOT_BF16;
    if (r.verdict != VERDICT_PASS && r.verdict != VERDICT_SKIP)
        fail_msg("%s g%zut%zue%zud%zuh%zu: %s: %s", name, s->groups, s->group_size, s->experts, s->d_model, s->d_expert,
                 verdict_name(r.verdict), r.reason);
}

static void variants_pass(void **state) {
    mot_shape shapes[32];
    const size_t n = check_shapes(shapes, 32, "smoke", 1);
    (void)state;
    for (size_t i = 0; i < mot_registry_count(); i++)
        for (size_t k = 0; k < n; k++) {
            const mot_variant *v = mot_registry_at(i);
            const mot_plan plan = {.steps = 1, .step = {{v, mot_config_default(v)}}};
            expect_pass(&plan, v->name, &shapes[k]);
        }
}

static void expect_layers_pass(mot_isa isa, mot_dtype dtype) {
    mot_shape shapes[32];
    const size_t n = check_shapes(shapes, 32, "smoke", 1);
    char name[32];
    snprintf(name, sizeof name, "%s %s", mot_isa_name(isa), mot_dtype_name(dtype));
    for (size_t k = 0; k < n; k++) {
        const mot_plan plan = mot_select_layer(&shapes[k], isa, dtype);
        assert_true(mot_plan_is_layer(&plan));
        assert_int_equal(mot_plan_dtype(&plan), dtype);
        expect_pass(&plan, name, &shapes[k]);
    }
}

static void layers_pass(void **state) {
    (void)state;
    for (mot_dtype dtype = MOT_F32; dtype <= MOT_BF16; dtype++)
        for (mot_isa isa = MOT_ISA_SCALAR; isa <= mot_isa_for(mot_cpu_isa(), dtype); isa++)
            expect_layers_pass(isa, dtype);
}

static void something_was_checked(void **state) {
    (void)state;
    print_message("%zu checks passed (%zu of bf16), %zu skipped (no groups, or an ISA that is not here)\n", checked,
                  of_bf16, skipped);
    assert_true(of_bf16 > 0 && checked > of_bf16);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(variants_pass), cmocka_unit_test(layers_pass),
                                       cmocka_unit_test(something_was_checked)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
