/* run_test.c: `motbench run`: what it does in which order, and what it says of what did not fit. */
#include "driver.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void run_ends_with_bf16_unless_told(void **state) {
    (void)state;
    const bool vectors = !strchr(run("list variants --isa avx2").out, '~');
    outcome o = run("run --dry-run --budget 60");
    expect_code(&o, 0);
    if (vectors) expect_out(&o, "the same in bf16");
    o = run("run --dry-run --budget 60 --dtype f32");
    assert_null(strstr(o.out, "bf16"));
    o = run_with("MOT_ISA=scalar", "run --dry-run --budget 60");
    assert_null(strstr(o.out, "bf16"));
}

/* First what the headline rests on, then the headline, then all other checks and timings. */
static void run_times_the_headline_before_the_rest(void **state) {
    (void)state;
    const char *at = run("run --dry-run --budget 100").out;
    at = after(at, "check smoke of the headline's layers, until 6 s\n");
    at = after(at, "tune g64t32e32d512h2048\n");
    at = after(at, "  layers of the paper's configuration (g64t32e32d512h2048)\n");
    at = after(at, "check smoke of the rest, until 85 s");
    at = after(at, "sweep over the granularity");
}

/* A budget in which not everything fits: whatever was reached is in the files, the rest in one line. Weights of the
 * headline's size cannot be filled, packed and checked within it under a sanitizer: there it has one data type. */
static void run_says_what_did_not_fit(void **state) {
    (void)state;
    outcome o = run(TEST_EVERY > 1 ? "run --budget 5 --threads 1 --out-dir short --dtype f32"
                                   : "run --budget 5 --threads 1 --out-dir short");
    if (o.code != 0) fail_msg("exit code %d: %s", o.code, o.err);
    const char *line = after(o.err, "did not fit in 5 s: ");
    after(line, "sweep over the number of experts (");
    after(line, "; give a longer --budget\n");
    after(after(read_text("short/samples.jsonl"), "{\"type\":\"check\""),
          "{\"type\":\"end\",\"complete\":true,\"exit\":0}");
    assert_int_equal(access("short/report.html", F_OK), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(run_ends_with_bf16_unless_told),
        cmocka_unit_test(run_times_the_headline_before_the_rest),
        cmocka_unit_test(run_says_what_did_not_fit),
    };
    return cmocka_run_group_tests(tests, driver_set_up, driver_tear_down);
}
