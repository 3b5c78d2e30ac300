/* Dispatch: an ISA that is asked for is used, and one that the machine lacks is MOT_ERROR_ISA. Under an emulated
 * processor MOT_TEST_EXPECT_ISA says what must be found. */
#include "api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const mot_shape shape = {4, 8, 4, 32, 16};

static void described(mot_isa isa, char *text, size_t size) {
    mot_options options = options_of(isa, 1);
    mot_layer *layer;
    assert_int_equal(mot_layer_create(&layer, &shape, &options, NULL), MOT_OK);
    assert_int_equal(mot_layer_describe(layer, text, size), MOT_OK);
    mot_layer_destroy(layer);
}

static void an_isa_asked_for_is_used_or_refused(void **state) {
    (void)state;
    float x[4 * 8 * 32] = {0}, controller[32 * 4] = {0}, p[4 * 8 * 4];
    for (mot_isa isa = MOT_ISA_SCALAR; isa <= MOT_ISA_AVX512; isa++) {
        mot_options options = options_of(isa, 1);
        mot_layer *layer;
        mot_status status = mot_layer_create(&layer, &shape, &options, NULL);
        assert_true(status == MOT_OK || (status == MOT_ERROR_ISA && isa != MOT_ISA_SCALAR));
        assert_int_equal(layer != NULL, status == MOT_OK);
        mot_layer_destroy(layer);
        assert_int_equal(mot_route(&shape, &options, x, controller, p), status);
        if (status != MOT_OK) print_message("SKIP: running %s: not usable on this machine\n", isa_text(isa));
    }
}

static void a_lower_isa_is_usable_too(void **state) {
    (void)state;
    assert_true(isa_usable(MOT_ISA_SCALAR));
    assert_true(isa_usable(MOT_ISA_AVX2) || !isa_usable(MOT_ISA_AVX512));
}

/* A layer of one ISA has at least one step of it and none of a higher one. */
static void a_layer_is_made_of_its_isa(void **state) {
    mot_isa isa = isa_or_skip(state);
    char text[2048], tag[16];
    described(isa, text, sizeof text);
    snprintf(tag, sizeof tag, "_%s_", isa_text(isa));
    assert_non_null(strstr(text, tag));
    for (mot_isa higher = isa + 1; higher <= MOT_ISA_AVX512; higher++) {
        snprintf(tag, sizeof tag, "_%s_", isa_text(higher));
        assert_null(strstr(text, tag));
    }
}

static void best_is_the_highest_usable(void **state) {
    (void)state;
    char best[2048], highest[2048];
    mot_isa isa = MOT_ISA_AVX512;
    while (!isa_usable(isa)) isa--;
    described(MOT_ISA_BEST, best, sizeof best);
    described(isa, highest, sizeof highest);
    assert_string_equal(best, highest);
    print_message("resolved ISA: %s\n", isa_text(isa));
    const char *expected = getenv("MOT_TEST_EXPECT_ISA");
    if (expected) assert_string_equal(isa_text(isa), expected);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_isa_asked_for_is_used_or_refused),
        cmocka_unit_test(a_lower_isa_is_usable_too),
        cmocka_unit_test(best_is_the_highest_usable),
        EACH_ISA(a_layer_is_made_of_its_isa),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
