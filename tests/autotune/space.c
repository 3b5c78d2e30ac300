/* The space of choices: legal, complete, without twins; the default and the analytic starts are in it. */
#include "space.h"

#include "plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const mot_shape shapes[] = {
    {64, 32, 32, 512, 2048}, {1, 1, 1, 1, 1}, {5, 7, 13, 255, 129}, {4, 32, 256, 512, 256}};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static const mot_variant **registry(size_t *count) {
    *count = mot_registry_count();
    const mot_variant **all = malloc(*count * sizeof *all);
    for (size_t i = 0; i < *count; i++) all[i] = mot_registry_at(i);
    return all;
}

static size_t expect_legal_choices(mot_dtype dtype) {
    size_t count, total = 0;
    const mot_variant **all = registry(&count);
    for (int i = 0; i < SHAPES; i++)
        for (int stage = 0; stage < MOT_STAGE_LAYER; stage++) {
            space sp;
            assert_true(space_build(&sp, (mot_stage)stage, &shapes[i], MOT_ISA_AVX512BF16, dtype, all, count));
            for (size_t p = 0; p < sp.search.points; p++) {
                mot_choice choice = space_choice(&sp, p), again;
                char text[256];
                assert_true(mot_config_legal(choice.variant, &choice.config));
                assert_int_equal(choice.variant->stage, stage);
                assert_int_equal(choice.variant->dtype, dtype);
                if (!sp.search.legal[p]) continue;
                assert_true(choice.variant->supports(&shapes[i], &choice.config));
                assert_int_equal(space_point(&sp, &choice), p);
                mot_choice_print(text, sizeof text, &choice);
                assert_true(mot_choice_parse(&again, text, mot_registry_find));
                assert_int_equal(space_point(&sp, &again), p);
            }
            total += space_legal(&sp);
            space_free(&sp);
        }
    printf("space: %zu choices of %s over %d shapes\n", total, mot_dtype_name(dtype), SHAPES);
    free(all);
    return total;
}

static void every_point_is_a_legal_choice(void **state) {
    (void)state;
    assert_true(expect_legal_choices(MOT_F32) > 0);
    assert_true(expect_legal_choices(MOT_BF16) > 0);
}

static void expect_defaults_and_starts(mot_dtype dtype) {
    size_t count, points[2 * SEARCH_FAMILIES];
    const mot_variant **all = registry(&count);
    mot_cpu_facts cpu;
    mot_cpu_describe(&cpu);
    for (int i = 0; i < SHAPES; i++)
        for (int stage = 0; stage < MOT_STAGE_LAYER; stage++) {
            space sp;
            assert_true(space_build(&sp, (mot_stage)stage, &shapes[i], mot_cpu_isa(), dtype, all, count));
            mot_choice choice = mot_select_stage((mot_stage)stage, &shapes[i], mot_cpu_isa(), dtype);
            assert_int_not_equal(space_point(&sp, &choice), SIZE_MAX);
            size_t starts = space_starts(&sp, &cpu, points);
            assert_true(starts >= sp.search.families && starts <= 2 * sp.search.families);
            for (size_t k = 0; k < starts; k++) assert_true(sp.search.legal[points[k]]);
            space_free(&sp);
        }
    free(all);
}

static void defaults_and_starts_are_in_it(void **state) {
    (void)state;
    expect_defaults_and_starts(MOT_F32);
    expect_defaults_and_starts(MOT_BF16);
}

static void isa_is_a_ceiling(void **state) {
    (void)state;
    size_t count;
    const mot_variant **all = registry(&count);
    space low, high;
    assert_true(space_build(&low, MOT_STAGE_EXPERTS, &shapes[0], MOT_ISA_AVX2, MOT_F32, all, count));
    assert_true(space_build(&high, MOT_STAGE_EXPERTS, &shapes[0], MOT_ISA_AVX512, MOT_F32, all, count));
    for (size_t f = 0; f < low.search.families; f++) assert_true(low.variant[f]->isa <= MOT_ISA_AVX2);
    assert_true(space_legal(&low) < space_legal(&high));
    space_free(&low);
    space_free(&high);
    free(all);
}

/* ---- a variant made for the test ------------------------------------------------------------------------------- */

static bool not_both(const mot_shape *s, const mot_config *c) {
    (void)s;
    return !(c->value[0] == 64 && c->value[1] == 1);
}

static const mot_variant probe = {.name = "mix_scalar_probe",
                                  .stage = MOT_STAGE_MIX,
                                  .isa = MOT_ISA_SCALAR,
                                  .knob_count = 2,
                                  .knobs = {{"dc", 5, 0, {0, 64, 128, 256, 512}}, {"color", 2, 0, {0, 1}}},
                                  .supports = not_both};
static const mot_variant *const only_probe[] = {&probe};

static size_t legal_with_d(size_t d) {
    const mot_shape shape = {4, 4, 4, d, 4};
    space sp;
    assert_true(space_build(&sp, MOT_STAGE_MIX, &shape, MOT_ISA_SCALAR, MOT_F32, only_probe, 1));
    size_t legal = space_legal(&sp);
    for (size_t p = 0; p < sp.search.points; p++) {
        mot_choice choice = space_choice(&sp, p);
        assert_true(!sp.search.legal[p] || choice.config.value[0] == 0 || (size_t)choice.config.value[0] < d);
    }
    mot_choice all = {&probe, {{512, 1}}}, none = {&probe, {{3, 1}}}, banned = {&probe, {{64, 1}}};
    size_t twin = space_point(&sp, &all);
    assert_int_not_equal(twin, SIZE_MAX);
    if (d <= 512) assert_int_equal(space_choice(&sp, twin).config.value[0], 0);
    assert_int_equal(space_point(&sp, &none), SIZE_MAX);
    if (d > 64) assert_int_equal(space_point(&sp, &banned), SIZE_MAX);
    space_free(&sp);
    return legal;
}

static void values_that_cover_all_count_once(void **state) {
    (void)state;
    assert_int_equal(legal_with_d(1024), 9); /* 5 x 2 without {64,1} */
    assert_int_equal(legal_with_d(512), 7);  /* 0 stands for 512 */
    assert_int_equal(legal_with_d(65), 3);   /* 0 and 64, without {64,1} */
    assert_int_equal(legal_with_d(64), 2);   /* 0 */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_point_is_a_legal_choice),
        cmocka_unit_test(defaults_and_starts_are_in_it),
        cmocka_unit_test(isa_is_a_ceiling),
        cmocka_unit_test(values_that_cover_all_count_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
