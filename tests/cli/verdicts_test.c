/* verdicts_test.c: what `motbench check` says of failures: the row, REPRO, JUnit, the exit code. No kernel is wrong, so
 * the rows are made by hand. */
#include "check_run.h"
#include "exit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static subject subjects[3] = {{.name = "mix_good", .stage = MOT_STAGE_MIX, .isa = MOT_ISA_SCALAR},
                              {.name = "mix_bad", .stage = MOT_STAGE_MIX, .isa = MOT_ISA_AVX2},
                              {.name = "mix_<none>", .stage = MOT_STAGE_MIX, .isa = MOT_ISA_AVX512}};
static check_row row[3];
static check_rows rows = {row, 3, 1, 1, 1, false};

static int set_up(void **state) {
    (void)state;
    const mot_shape shape = {2, 3, 5, 7, 11};
    for (int i = 0; i < 3; i++) {
        row[i] = (check_row){.subject = &subjects[i], .shape = shape, .threads = 2, .shapes = 1, .settings = 1};
        row[i].worst = (check_result){.verdict = VERDICT_PASS, .fraction = 0.5, .compared = 42, .seed = 99};
        memcpy(row[i].choice, subjects[i].name, sizeof row[i].choice);
    }
    row[1].worst.verdict = VERDICT_FAIL;
    snprintf(row[1].choice, sizeof row[1].choice, "mix_bad{dc=64}");
    snprintf(row[1].worst.reason, sizeof row[1].worst.reason, "test 2: mixed[1][2] is 3 & not \"4\" <");
    row[2].worst.verdict = VERDICT_SKIP;
    snprintf(row[2].worst.reason, sizeof row[2].worst.reason, "no avx512f in CPUID");
    return 0;
}

static char *written(const char *format) {
    static char *text; /* static: gcc 12 takes what open_memstream stores for a pointer to the stack */
    size_t size;
    FILE *file = open_memstream(&text, &size);
    assert_true(check_write(&rows, format, file, false));
    fclose(file);
    return text;
}

static void expect(const char *format, const char *part) {
    char *text = written(format);
    if (!strstr(text, part)) fail_msg("no '%s' in:\n%s", part, text);
    free(text);
}

#define REPRO "motbench check --choice 'mix_bad{dc=64}' --shape g2t3e5d7h11 --threads 2 --seed 99"

static void failing_rows_say_how_to_repeat_them(void **state) {
    (void)state;
    expect("text", "\nREPRO: " REPRO "\n");
    expect("text", "mix_bad     FAIL ");
    expect("text", "is 3 & not \"4\" <\n");
    expect("json", "\"repro\": \"" REPRO "\"");
    expect("csv", REPRO);
    char *text = written("text");
    const char *first = strstr(text, "REPRO");
    assert_null(strstr(first + 1, "REPRO")); /* only the failing one */
    free(text);
}

static void junit(void **state) {
    (void)state;
    expect("junit", "tests=\"3\" failures=\"1\" skipped=\"1\"");
    expect("junit", "<failure type=\"FAIL\" message=\"test 2: mixed[1][2] is 3 &amp; not &quot;4&quot; &lt;\">" REPRO
                    "</failure>");
    expect("junit", "name=\"mix_&lt;none&gt;\"");
    expect("junit", "<skipped message=\"no avx512f in CPUID\"/>");
}

static void every_verdict_but_pass_and_skip_fails(void **state) {
    (void)state;
    static const verdict failures[] = {VERDICT_FAIL, VERDICT_MARGINAL, VERDICT_MISTRUSTED, VERDICT_CRASH,
                                       VERDICT_TIMEOUT};
    for (int i = 0; i < 5; i++) assert_true(check_is_failure(failures[i]));
    assert_false(check_is_failure(VERDICT_PASS));
    assert_false(check_is_failure(VERDICT_SKIP));
}

static void exit_codes(void **state) {
    (void)state;
    assert_int_equal(check_exit_code(&(check_rows){.passed = 3, .failed = 1, .skipped = 1}, false), EXIT_CHECK);
    assert_int_equal(check_exit_code(&(check_rows){.passed = 3, .skipped = 1}, false), EXIT_OK);
    assert_int_equal(check_exit_code(&(check_rows){.skipped = 1}, false), EXIT_SKIPPED);
    assert_int_equal(check_exit_code(&(check_rows){.passed = 0}, true), EXIT_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(failing_rows_say_how_to_repeat_them), cmocka_unit_test(junit),
                                       cmocka_unit_test(every_verdict_but_pass_and_skip_fails),
                                       cmocka_unit_test(exit_codes)};
    return cmocka_run_group_tests(tests, set_up, NULL);
}
