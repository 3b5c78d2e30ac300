/* contestants.c: who is timed: runnable, unlike each other, and fair. */
#include "contestants.h"
#include "cpu.h"
#include "shape.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static const mot_shape shape = {8, 32, 64, 128, 96};

static void assert_names_differ(const contestant *c, size_t n) {
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++) assert_string_not_equal(c[i].name, c[j].name);
}

static void expect_all_of_stages(mot_dtype dtype) {
    contestant c[64];
    for (int stage = 0; stage < MOT_STAGE_LAYER; stage++) {
        const size_t n = contestants_for_stage(stage, &shape, dtype, MOT_ISA_BEST, c, 64);
        size_t expected = 0;
        for (size_t i = 0; i < candidate_count(); i++) {
            const mot_variant *v = candidate_at(i);
            const mot_config config = mot_config_default(v);
            expected += (int)v->stage == stage && v->dtype == dtype && !candidate_cuda(v) && !candidate_why_not(v) &&
                        v->supports(&shape, &config);
        }
        assert_true(n > 0 && n == expected);
        assert_names_differ(c, n);
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(c[i].plan.step[0].variant->stage, stage);
            assert_int_equal(mot_plan_dtype(&c[i].plan), dtype);
        }
    }
}

static void stages_have_all_that_runs_here(void **state) {
    (void)state;
    expect_all_of_stages(MOT_F32);
    expect_all_of_stages(MOT_BF16);
}

static void the_cap_holds(void **state) {
    contestant c[64];
    (void)state;
    const size_t n = contestants_for_stage(MOT_STAGE_EXPERTS, &shape, MOT_F32, MOT_ISA_SCALAR, c, 64);
    assert_true(n > 0);
    for (size_t i = 0; i < n; i++) assert_int_equal(c[i].plan.step[0].variant->isa, MOT_ISA_SCALAR);
    assert_int_equal(contestants_for_stage(MOT_STAGE_EXPERTS, &shape, MOT_F32, MOT_ISA_BEST, c, 1), 1); /* capacity */
}

static size_t peer_layers(mot_dtype dtype) {
    size_t n = 0;
    for (size_t i = 0; i < peer_count(); i++)
        for (size_t k = 0; k < peer_layer_count(peer_at(i)); k++) {
            const mot_plan plan = peer_layer(peer_at(i), k);
            n += mot_plan_dtype(&plan) == dtype;
        }
    return n;
}

static void layers_are_one_per_isa_tuned_and_peers(void **state) {
    contestant c[16];
    const mot_plan tuned = mot_select_layer(&shape, MOT_ISA_SCALAR, MOT_F32);
    (void)state;
    const size_t isas = (size_t)mot_isa_for(mot_cpu_isa(), MOT_F32),
                 n = contestants_for_layer(&shape, MOT_F32, MOT_ISA_BEST, &tuned, c, 16);
    assert_int_equal(n, isas + 1 + peer_layers(MOT_F32));
    assert_names_differ(c, n);
    assert_string_equal(c[0].name, "layer_scalar");
    assert_string_equal(c[isas].name, "layer_tuned");
    for (size_t i = 0; i < n; i++) assert_true(mot_plan_is_layer(&c[i].plan));
    assert_int_equal(contestants_for_layer(&shape, MOT_F32, MOT_ISA_BEST, NULL, c, 16), n - 1);
}

static void layers_of_bf16_say_so(void **state) {
    static const char *const layer[] = {"layer_bf16_scalar", "layer_bf16_avx2", "layer_bf16_avx512",
                                        "layer_bf16_avx512bf16", "layer_bf16_amx"};
    static const char *const ffn[] = {"dense_ffn_bf16_scalar", "dense_ffn_bf16_avx2", "dense_ffn_bf16_avx512",
                                      "dense_ffn_bf16_avx512bf16", "dense_ffn_bf16_amx"};
    const mot_plan tuned = mot_select_layer(&shape, MOT_ISA_SCALAR, MOT_BF16);
    const size_t isas = (size_t)mot_cpu_isa();
    contestant c[16];
    (void)state;
    size_t n = contestants_for_layer(&shape, MOT_BF16, MOT_ISA_BEST, &tuned, c, 16);
    assert_int_equal(n, isas + 1 + peer_layers(MOT_BF16));
    for (size_t i = 0; i < isas; i++) {
        assert_string_equal(c[i].name, layer[i]);
        for (int k = 0; k < c[i].plan.steps; k++) assert_int_equal(c[i].plan.step[k].variant->isa, i + 1);
    }
    assert_string_equal(c[isas].name, "layer_bf16_tuned");
    for (size_t i = 0; i < n; i++) assert_int_equal(mot_plan_dtype(&c[i].plan), MOT_BF16);
    assert_names_differ(c, n);
    n = contestants_for_dense(&shape, MOT_BF16, MOT_ISA_BEST, c, 16);
    assert_int_equal(n, isas + peer_layers(MOT_BF16));
    for (size_t i = 0; i < isas; i++) assert_string_equal(c[i].name, ffn[i]);
    assert_int_equal(contestants_for_layer(&shape, MOT_BF16, MOT_ISA_SCALAR, NULL, c, 1), 1); /* the cap holds */
    assert_string_equal(c[0].name, layer[0]);
}

static void the_dense_ffn_has_as_many_flops(void **state) {
    mot_shape dense;
    contestant c[16];
    (void)state;
    assert_true(dense_ffn_shape(&shape, &dense));
    assert_true(dense.groups == 256 && dense.group_size == 1 && dense.experts == 1 && dense.d_model == 128);
    assert_int_equal(dense.d_expert, 192);
    const double products = 4.0 * 8 * 64 * 128 * 96, relu = 256.0 * 192;
    assert_true(mot_stage_flops(MOT_STAGE_EXPERTS, &dense) == products + relu);
    const size_t n = contestants_for_dense(&dense, MOT_F32, MOT_ISA_BEST, c, 16);
    assert_int_equal(n, (size_t)mot_isa_for(mot_cpu_isa(), MOT_F32) + peer_layers(MOT_F32));
    assert_string_equal(c[0].name, "dense_ffn_scalar");
    assert_names_differ(c, n);
}

/* What the extra stages cost over the dense FFN: exactly what the report's caption says, and nearly 1 + 1.5 E/(4D). */
static void granularity_costs_what_the_formula_says(void **state) {
    shape_list list = {0};
    char error[256] = "";
    (void)state;
    assert_true(shape_preset(&list, "sweep-granularity", error, sizeof error));
    assert_true(list.count >= 5);
    for (size_t i = 0; i < list.count; i++) {
        const mot_shape *s = &list.item[i];
        mot_shape dense;
        assert_true(dense_ffn_shape(s, &dense));
        assert_int_equal(dense.d_expert, 4 * s->d_model);
        const double ffn = mot_stage_flops(MOT_STAGE_EXPERTS, &dense), E = (double)s->experts, D = (double)s->d_model;
        const double extra = mot_stage_flops(MOT_STAGE_ROUTE, s) + mot_stage_flops(MOT_STAGE_MIX, s) +
                             mot_stage_flops(MOT_STAGE_REDISTRIBUTE, s);
        const double ratio = mot_stage_flops(MOT_STAGE_LAYER, s) / ffn;
        assert_true(fabs(ratio / (1 + extra / ffn) - 1) < 1e-12);
        assert_true(fabs(ratio / (1 + E * (6 * D + 5) / (4 * D * (4 * D + 1))) - 1) < 1e-12);
        assert_true(fabs(ratio / (1 + 1.5 * E / (4 * D)) - 1) < 1e-3);
    }
    shape_list_free(&list);
}

static void a_dense_ffn_needs_whole_numbers(void **state) {
    const mot_shape odd = {8, 32, 3, 128, 7}, big = {SIZE_MAX / 2, 32, 32, 1, 1}, wide = {1, 1, SIZE_MAX, 1, 2};
    mot_shape dense;
    (void)state;
    assert_false(dense_ffn_shape(&odd, &dense));
    assert_false(dense_ffn_shape(&big, &dense));
    assert_false(dense_ffn_shape(&wide, &dense));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stages_have_all_that_runs_here),         cmocka_unit_test(the_cap_holds),
        cmocka_unit_test(layers_are_one_per_isa_tuned_and_peers), cmocka_unit_test(layers_of_bf16_say_so),
        cmocka_unit_test(the_dense_ffn_has_as_many_flops),        cmocka_unit_test(a_dense_ffn_needs_whole_numbers),
        cmocka_unit_test(granularity_costs_what_the_formula_says)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
