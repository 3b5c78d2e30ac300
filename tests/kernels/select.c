/* select.c: what the built-in choice takes from other instruction sets, and what knobs it sets. */
#include "cpu.h"
#include "plan.h"

#include <string.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

static int knob_of(mot_stage stage, const char *knob, mot_shape s) {
    const mot_choice c = mot_select_stage(stage, &s, MOT_ISA_AVX512, MOT_F32);
    assert_true(mot_config_legal(c.variant, &c.config));
    for (int i = 0; i < c.variant->knob_count; i++)
        if (!strcmp(c.variant->knobs[i].name, knob)) return c.config.value[i];
    fail_msg("%s has no knob %s", c.variant->name, knob);
    return 0;
}

static int prefetch_of(size_t groups) {
    return knob_of(MOT_STAGE_EXPERTS, "prefetch", (mot_shape){groups, 32, 32, 64, 64});
}

/* Fewer for a plain read of the weights, whoever made the processor. */
static void few_rows_prefetch_less(void **state) {
    (void)state;
    assert_true(prefetch_of(4) < prefetch_of(5));
    assert_int_equal(prefetch_of(1), prefetch_of(4));
    assert_int_equal(prefetch_of(5), prefetch_of(500));
}

/* Zen 5 alone reads weights past L2: few rows, and more weights than caches hold. */
static void weights_read_once_pass_l2(void **state) {
    const mot_shape large = {4, 32, 32, 768, 3072}, many = {5, 32, 32, 768, 3072}, small = {4, 32, 8, 512, 2048};
    (void)state;
    assert_int_equal(knob_of(MOT_STAGE_EXPERTS, "past_l2", large), mot_cpu_kind_here() == MOT_CPU_ZEN5);
    assert_int_equal(knob_of(MOT_STAGE_EXPERTS, "past_l2", many), 0);
    assert_int_equal(knob_of(MOT_STAGE_EXPERTS, "past_l2", small), 0);
}

/* Zen 5 reads a group where it is as long as it stays in L2; the others go by the number of strips alone. */
static void large_groups_are_copied(void **state) {
    static const mot_stage stages[] = {MOT_STAGE_MIX, MOT_STAGE_FRONT, MOT_STAGE_REDISTRIBUTE};
    (void)state;
    for (size_t i = 0; i < sizeof stages / sizeof *stages; i++) {
        const int small = knob_of(stages[i], "in_place", (mot_shape){8, 64, 64, 512, 64}),
                  large = knob_of(stages[i], "in_place", (mot_shape){8, 64, 64, 4096, 64});
        assert_int_equal(large, 4);
        assert_true(mot_cpu_kind_here() == MOT_CPU_ZEN5 ? small > large : small == large);
    }
}

static size_t units_of(mot_stage stage, mot_shape s) {
    const mot_choice c = mot_select_stage(stage, &s, MOT_ISA_AVX512, MOT_F32);
    return c.variant->units(&s);
}

/* A single group is work for many threads, many groups are not cut. */
static void few_groups_are_shared(void **state) {
    static const mot_stage stages[] = {MOT_STAGE_ROUTE, MOT_STAGE_MIX, MOT_STAGE_FRONT, MOT_STAGE_REDISTRIBUTE};
    (void)state;
    for (size_t i = 0; i < sizeof stages / sizeof *stages; i++) {
        assert_true(units_of(stages[i], (mot_shape){1, 32, 512, 512, 64}) >= 8);
        assert_int_equal(units_of(stages[i], (mot_shape){64, 32, 512, 512, 64}), 64);
        assert_int_equal(units_of(stages[i], (mot_shape){3, 5, 1, 1, 1}), 3);
    }
}

static mot_isa isa_in(const mot_plan *p, mot_stage stage) {
    for (int i = 0; i < p->steps; i++)
        if (p->step[i].variant->stage == stage) return p->step[i].variant->isa;
    return MOT_ISA_BEST;
}

/* Where AMX loses, vectors take over; the layer is whole all the same. */
static void amx_leaves_shallow_products_alone(void **state) {
    static const struct {
        mot_shape shape;
        mot_isa mix, experts, redistribute, front;
    } rows[] = {{{64, 32, 32, 64, 64}, MOT_ISA_BEST, MOT_ISA_AMX, MOT_ISA_AMX, MOT_ISA_AMX},
                {{64, 16, 32, 64, 64}, MOT_ISA_AVX512, MOT_ISA_AMX, MOT_ISA_AMX, MOT_ISA_BEST},
                {{64, 32, 16, 64, 64}, MOT_ISA_BEST, MOT_ISA_AMX, MOT_ISA_AVX512, MOT_ISA_AMX},
                {{4, 32, 32, 64, 64}, MOT_ISA_BEST, MOT_ISA_AVX512BF16, MOT_ISA_AMX, MOT_ISA_AMX}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const mot_plan p = mot_select_layer(&rows[i].shape, MOT_ISA_AMX, MOT_BF16);
        assert_true(mot_plan_is_layer(&p));
        assert_int_equal(isa_in(&p, MOT_STAGE_FRONT), rows[i].front);
        assert_int_equal(isa_in(&p, MOT_STAGE_MIX), rows[i].mix);
        assert_int_equal(isa_in(&p, MOT_STAGE_EXPERTS), rows[i].experts);
        assert_int_equal(isa_in(&p, MOT_STAGE_REDISTRIBUTE), rows[i].redistribute);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_rows_prefetch_less), cmocka_unit_test(weights_read_once_pass_l2),
        cmocka_unit_test(large_groups_are_copied), cmocka_unit_test(few_groups_are_shared),
        cmocka_unit_test(amx_leaves_shallow_products_alone)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
