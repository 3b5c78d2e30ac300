/* --choice: one variant with its knobs, or several. */
#include "driver.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static void check_of_one_choice(void **state) {
    (void)state;
    outcome o = run("check --choice 'mix_scalar_4x4{dc=64}' --shape g2t3e2d5h7 --json");
    expect_code(&o, 0);
    json_t *json = json_loads(o.out, 0, NULL);
    assert_int_equal(json_array_size(json), 1);
    const json_t *row = json_array_get(json, 0);
    assert_string_equal(json_string_value(json_object_get(row, "choice")), "mix_scalar_4x4{dc=64}");
    assert_string_equal(json_string_value(json_object_get(row, "verdict")), "PASS");
    assert_true(json_integer_value(json_object_get(row, "compared")) > 0);
    json_decref(json);
}

/* Side by side, in their order; two of one variant too. */
static void choices_are_compared(void **state) {
    (void)state;
    static const char choices[] = "--choice 'experts_scalar_4x4{mc=64}' --choice layer_scalar --choice "
                                  "'experts_scalar_4x4{mc=32}' --shape g2t3e2d5h7";
    char command[400];
    snprintf(command, sizeof command, "check %s", choices);
    outcome o = run(command);
    expect_code(&o, 0);
    after(after(after(o.out, "experts_scalar_4x4{mc=64} "), "layer_scalar "), "experts_scalar_4x4{mc=32} ");
    expect_err(&o, "3 passed");
    snprintf(command, sizeof command, "bench %s --no-ceilings --dry-run", choices);
    o = run(command);
    expect_code(&o, 0);
    after(o.out, "experts_scalar_4x4{mc=64");
    after(o.out, "experts_scalar_4x4{mc=32");
    after(o.out, "layer_scalar/");
    assert_null(strstr(o.out, "dense"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check_of_one_choice),
        cmocka_unit_test(choices_are_compared),
    };
    return cmocka_run_group_tests(tests, driver_set_up, driver_tear_down);
}
