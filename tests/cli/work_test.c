/* work_test.c: check, bench, tune, report, export and run on tiny shapes, from their samples to their exit codes.
 * --quick ends by itself: a budget that it cannot use up keeps a busy machine from leaving comparisons out. Hot: cold
 * weights take three times the last-level cache, up to GiB to touch, and one test has them. */
#include "driver.h"

#include <jansson.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* "type" of each line, in order, one letter each: r run, c check, b bench, C ceiling, t tune, e end; ? anything else.
 */
static const char *types_of(const char *path, json_t **last) {
    static char types[4096];
    static char text[1 << 20];
    size_t n = 0;
    snprintf(text, sizeof text, "%s", read_text(path));
    *last = NULL;
    for (char *line = strtok(text, "\n"); line && n + 1 < sizeof types; line = strtok(NULL, "\n")) {
        json_t *json = json_loads(line, 0, NULL);
        if (!json) fail_msg("%s holds a line that is no JSON: %.100s", path, line);
        const char *type = json_string_value(json_object_get(json, "type"));
        types[n++] = !strcmp(type, "ceiling") ? 'C' : strchr("rcbte", type[0]) ? type[0] : '?';
        json_decref(*last);
        *last = json;
    }
    types[n] = '\0';
    return types;
}

static void expect_end(const char *path, bool complete, int code) {
    json_t *last;
    const char *types = types_of(path, &last);
    assert_int_equal(types[0], 'r');
    assert_int_equal(types[strlen(types) - 1], 'e');
    assert_int_equal(json_is_true(json_object_get(last, "complete")), complete);
    assert_int_equal(json_integer_value(json_object_get(last, "exit")), code);
    json_decref(last);
}

static void check_passes(void **state) {
    (void)state;
    outcome o = run("check --shape g2t3e2d5h7 --stage mix,redistribute --threads 1 --out check.jsonl --out check.xml");
    expect_code(&o, 0);
    expect_out(&o, "mix_scalar_");
    expect_out(&o, "PASS");
    expect_err(&o, " 0 failed");
    assert_null(strstr(o.out, "REPRO"));
    expect_end("check.jsonl", true, 0);
    assert_non_null(strstr(read_text("check.xml"), "<testsuite name=\"motbench check\""));
    assert_non_null(strstr(read_text("check.xml"), "failures=\"0\""));
}

/* What cannot run here is a row with its reason; where that is everything the exit code says so. */
static void skips_are_counted(void **state) {
    (void)state;
    outcome o = run_with("MOT_ISA=scalar", "check --shape g2t3e2d5h7 --filter '^mix_(scalar|avx2)'");
    expect_code(&o, 0);
    expect_out(&o, "SKIP");
    expect_out(&o, "MOT_ISA=scalar");
    o = run_with("MOT_ISA=scalar", "check --shape g2t3e2d5h7 --isa avx2");
    expect_code(&o, 77);
    expect_err(&o, "0 passed, 0 failed");
    o = run_with("MOT_ISA=scalar", "bench --shape g2t3e2d5h7 --isa avx2 --filter avx2");
    expect_code(&o, 77);
    expect_err(&o, "--isa avx2: skipped: ");
    o = run_with("MOT_ISA=scalar", "tune --shape g2t3e2d5h7 --isa avx2");
    expect_code(&o, 77);
}

static void bench_writes_samples(void **state) {
    (void)state;
    outcome o = run("bench --shape g2t4e4d16h32 --stage mix,layer --cache hot --quick --budget 100 --threads 1 --out "
                    "bench.jsonl --out bench.csv");
    expect_code(&o, 0);
    expect_out(&o, "g2t4e4d16h32  1 thread  hot  mix, f32\n");
    expect_out(&o, "layer_scalar");
    expect_err(&o, "exploratory");
    expect_end("bench.jsonl", true, 0);
    json_t *last;
    const char *types = types_of("bench.jsonl", &last);
    assert_non_null(strchr(types, 'b'));
    assert_non_null(strchr(types, 'C'));
    json_decref(last);
    assert_non_null(strstr(read_text("bench.csv"), "median_ns"));
}

/* The comparison and the shape of the first bench line of this variant. */
static json_int_t comparison_of(const char *path, const char *variant, char *shape, size_t size) {
    static char text[1 << 20];
    snprintf(text, sizeof text, "%s", read_text(path));
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        json_t *json = json_loads(line, 0, NULL);
        const char *of = json_string_value(json_object_get(json, "variant"));
        const bool found = of && !strcmp(of, variant);
        const json_int_t number = json_integer_value(json_object_get(json, "comparison"));
        if (found) snprintf(shape, size, "%s", json_string_value(json_object_get(json, "shape")));
        json_decref(json);
        if (found) return number;
    }
    fail_msg("no line of %s in %s", variant, path);
    return 0;
}

static void layers_and_dense_ffns_are_one_comparison(void **state) {
    char layer[64], dense[64], mix[64];
    (void)state;
    outcome o = run("bench --shape g2t4e8d16h32 --stage mix,layer --isa scalar --filter scalar --quick --no-ceilings "
                    "--budget 100 --threads 1 --out pair.jsonl");
    expect_code(&o, 0);
    expect_out(&o, "g2t4e8d16h32  1 thread  cold-weights  layer, f32\n");
    expect_out(&o, "g8t1e1d16h64  1 thread  cold-weights  dense, f32\n");
    const json_int_t number = comparison_of("pair.jsonl", "layer_scalar", layer, sizeof layer);
    assert_int_equal(comparison_of("pair.jsonl", "dense_ffn_scalar", dense, sizeof dense), number);
    assert_true(comparison_of("pair.jsonl", "mix_scalar_4x4", mix, sizeof mix) != number);
    assert_string_equal(layer, "g2t4e8d16h32");
    assert_string_equal(dense, "g8t1e1d16h64"); /* as many tokens; 32 * 8 / 4 hidden units */
    o = run("bench --shape g2t4e8d16h32 --stage layer --isa scalar --filter ^dense_ffn_scalar --threads 1 --dry-run");
    expect_code(&o, 0);
    assert_string_equal(o.out, "dense_ffn_scalar/g8t1e1d16h64/t1/cold-weights\n");
}

/* How many bench lines are of this data type. */
static int lines_of_dtype(const char *path, const char *dtype) {
    static char text[1 << 20];
    char field[32];
    int n = 0;
    snprintf(text, sizeof text, "%s", read_text(path));
    snprintf(field, sizeof field, "\"dtype\":\"%s\"", dtype);
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        n += strstr(line, "\"type\":\"bench\"") && strstr(line, field);
    return n;
}

static void data_types_are_compared_apart(void **state) {
    (void)state;
    outcome o = run("bench --shape g2t4e4d16h32 --stage mix --isa scalar,avx2 --filter '^mix_(scalar|avx2)' --quick "
                    "--no-ceilings --budget 100 --threads 1 --dtype bf16,f32 --out types.jsonl --out types.csv");
    expect_code(&o, 0);
    expect_out(&o, "g2t4e4d16h32  1 thread  cold-weights  mix, f32\n");
    expect_out(&o, "g2t4e4d16h32  1 thread  cold-weights  mix, bf16\n");
    assert_true(lines_of_dtype("types.jsonl", "f32") > 0);
    assert_true(lines_of_dtype("types.jsonl", "bf16") > 0);
    assert_non_null(strstr(read_text("types.csv"), ",bf16,"));
    o = run("check --shape g2t3e2d5h7 --stage redistribute --isa scalar");
    expect_code(&o, 0);
    expect_out(&o, "redistribute_scalar_4x4");
    expect_out(&o, "redistribute_scalar_bf16_4x4");
    o = run("check --shape g2t3e2d5h7 --dtype bf16 --filter '^(layer|properties)'");
    expect_code(&o, 0);
    expect_out(&o, "layer_bf16_scalar");
    expect_out(&o, "properties_bf16_scalar");
    assert_null(strstr(o.out, "layer_scalar"));
    o = run(
        "bench --shape g2t4e4d16h32 --choice mix_scalar_bf16_4x4 --dry-run --no-ceilings"); /* which says its type */
    expect_code(&o, 0);
    expect_out(&o, "mix_scalar_bf16_4x4/g2t4e4d16h32/");
    assert_null(strchr(strchr(o.out, '\n') + 1, '\n'));
    o = run("bench --shape g2t4e4d16h32 --choice 'mix_scalar_4x4{dc=0}' --dry-run --no-ceilings"); /* its preset */
    expect_code(&o, 0);
    /* spelled out where that is not what suits the shape here */
    assert_true(!strncmp(o.out, "mix_scalar_4x4/g2t4e4d16h32/", 28) ||
                !strncmp(o.out, "mix_scalar_4x4{dc=0,stream=0,in_place=4}/g2t4e4d16h32/", 54));
    assert_null(strchr(strchr(o.out, '\n') + 1, '\n'));
}

/* What a type has been tuned to, another one does not use. */
static void each_type_is_tuned(void **state) {
    (void)state;
    outcome o = run("tune --shape g2t4e4d16h32 --dtype f32,bf16 --threads 1 --dry-run");
    expect_code(&o, 0);
    expect_err(&o, "tune t1 cold-weights f32");
    expect_err(&o, "tune t1 cold-weights bf16");
    o = run(
        "tune --shape g2t4e4d16h32 --dtype bf16 --cache hot --budget 4 --threads 1 --out bf16.json --out bf16.jsonl "
        "--journal bf16-trials.jsonl");
    expect_code(&o, 0);
    assert_non_null(strstr(read_text("bf16-trials.jsonl"), "|bf16\""));
    assert_null(strstr(read_text("bf16-trials.jsonl"), "|f32"));
    assert_null(strstr(read_text("bf16.json"), "\"f32\""));
    o = run("bench --shape g2t4e4d16h32 --stage layer --dtype bf16 --profile bf16.json --dry-run");
    expect_code(&o, 0);
    expect_out(&o, "layer_bf16_scalar/g2t4e4d16h32/");
    o = run("export bf16.json --format csv");
    expect_code(&o, 0);
}

/* Rows, then a line a shape and the mean, in every format. */
static void bench_sums_up_against_peers(void **state) {
    (void)state;
    const char *flags =
        "bench --shape g2t4e4d16,32h32 --stage redistribute --quick --no-ceilings --budget 100 --threads 1";
    char command[300];
    if (!strstr(run("list variants").out, "_blas_")) {
        print_message("SKIP: built without peer libraries\n");
        skip();
    }
    snprintf(command, sizeof command, "%s --peers --json --out peers.csv --out peers.md", flags);
    outcome o = run(command);
    expect_code(&o, 0);
    expect_err(&o, "peer: ");
    json_t *json = json_loads(o.out, 0, NULL);
    const json_t *lines = json_object_get(json, "peers");
    assert_int_equal(json_array_size(lines), 3);
    const json_t *line = json_array_get(lines, 0);
    assert_non_null(strstr(json_string_value(json_object_get(line, "peer")), "_blas_"));
    assert_true(json_number_value(json_object_get(line, "x_best_peer")) > 0);
    assert_true(json_number_value(json_object_get(line, "x_best_peer")) <
                1.5 * json_number_value(json_object_get(line, "peer_ns")) /
                    json_number_value(json_object_get(line, "ours_ns")));
    assert_string_equal(json_string_value(json_object_get(json_array_get(lines, 2), "shape")), "geometric mean of 2");
    assert_true(json_array_size(json_object_get(json, "rows")) > 2);
    json_decref(json);
    assert_non_null(strstr(read_text("peers.csv"), "\n\nstage,threads,cache,dtype,shape,ours,"));
    assert_non_null(strstr(read_text("peers.md"), "## Ours against the best peer"));
}

static size_t times_in(const char *text, const char *word) {
    size_t n = 0;
    while ((text = strstr(text, word))) {
        text += strlen(word);
        n++;
    }
    return n;
}

/* The others take time that a plain bench does not give them. */
static void bench_times_one_peer_without_being_asked(void **state) {
    (void)state;
    const char *plain = "bench --shape g2t4e4d16h32 --stage route --threads 1 --dry-run";
    const char *every = "bench --shape g2t4e4d16h32 --stage route --threads 1 --dry-run --peers";
    const size_t built = times_in(run("list variants --dtype f32").out, "route_blas_");
    assert_int_equal(times_in(run(plain).out, "route_blas_"), built > 0);
    assert_int_equal(times_in(run(every).out, "route_blas_"), built);
}

/* In bf16 it is the first that multiplies bf16; where none does, a line says so. */
static void bench_times_one_peer_of_bf16(void **state) {
    (void)state;
    const char *without = "DNNL_MAX_CPU_ISA=AVX512_CORE LIBXSMM_TARGET=hsw";
    const char *plain = "bench --shape g2t4e4d16h32 --stage experts --dtype bf16 --threads 1 --dry-run";
    const char *timed = "bench --shape g2t4e4d16h32 --stage route --dtype f32,bf16 --threads 1 --quick --no-ceilings "
                        "--filter '_blas_|scalar' --budget 100";
    const bool bf16 = !strchr(run("list variants --isa avx512bf16").out, '~');
    const bool onednn = strstr(run("list variants").out, "experts_blas_onednn_bf16");
    const bool libxsmm = strstr(run("list variants").out, "experts_blas_libxsmm_bf16");
    outcome o = run(plain);
    assert_int_equal(times_in(o.out, "experts_blas_onednn_bf16"), bf16 && onednn ? 2 : 0); /* and packed */
    assert_int_equal(times_in(o.out, "experts_blas_libxsmm_bf16"), bf16 && libxsmm && !onednn);
    assert_int_equal(times_in(run_with(without, plain).out, "_blas_"), 0);
    if (!strstr(run("list variants").out, "_blas_")) return;
    o = run(timed);
    expect_code(&o, 0);
    assert_int_equal(strstr(o.err, "bf16 has no peer here") == NULL, bf16 && (onednn || libxsmm));
    o = run_with(without, timed);
    expect_code(&o, 0);
    expect_err(&o, "bf16 has no peer here");
}

static void dry_run_times_nothing(void **state) {
    (void)state;
    outcome o =
        run("bench --shapes paper --stage experts --cache hot,cold-weights --threads 1 --dry-run --out dry.jsonl");
    expect_code(&o, 0);
    expect_out(&o, "experts_scalar_4x4/g64t32e32d512h2048/t1/hot\n");
    expect_out(&o, "/g16t64e1024d768h192/t1/cold-weights\n");
    assert_int_not_equal(access("dry.jsonl", F_OK), 0);
    o = run("run --dry-run");
    expect_code(&o, 0);
    expect_out(&o, "the group size");
    assert_int_not_equal(access("motbench-out", F_OK), 0);
}

static void required_counters(void **state) {
    (void)state;
    outcome list = run("list counters");
    const char *missing = strchr(list.out, '~');
    if (!missing) {
        print_message("SKIP: this machine has every counter\n");
        skip();
    }
    char command[200];
    snprintf(command, sizeof command, "bench --shape g2t4e4d16h32 --counters %.*s --require-counters",
             (int)strcspn(missing + 1, "\n"), missing + 1);
    expect_refusal("", command, 5, "--require-counters", "n/a (");
}

static void an_interrupt_keeps_the_samples(void **state) {
    (void)state;
    static const int signals[] = {SIGINT, SIGTERM};
    for (int i = 0; i < 2; i++) {
        unlink("stopped.jsonl");
        /* The run line is written when the file is opened; the bench lines come with the first comparison. */
        outcome o = run_and_signal("bench --shapes ci --no-ceilings --stage mix,layer --cache hot --threads 1 --out "
                                   "stopped.jsonl",
                                   signals[i], "stopped.jsonl", 8000);
        expect_code(&o, 128 + signals[i]);
        expect_err(&o, "interrupted");
        expect_end("stopped.jsonl", false, 128 + signals[i]);
        json_t *last;
        assert_non_null(strchr(types_of("stopped.jsonl", &last), 'b'));
        json_decref(last);
    }
}

static void full_disk(void **state) {
    (void)state;
    outcome o =
        run("bench --shape g2t4e4d16h32 --stage mix --quick --no-ceilings --budget 3 --threads 1 --out /dev/full");
    expect_code(&o, 5);
    expect_err(&o, "No space left");
    o = run("check --shape g2t3e2d5h7 --stage mix --out /dev/full");
    expect_code(&o, 5);
    o = run("check --shape g2t3e2d5h7 --stage mix > /dev/full");
    expect_code(&o, 5);
}

static void from_tune_to_export(void **state) {
    (void)state;
    outcome o =
        run("tune --shape g2t4e4d16h32 --cache hot --budget 4 --threads 1 --out tuned.json --out tuned.jsonl --journal "
            "trials.jsonl");
    expect_code(&o, 0);
    expect_out(&o, "tuned.json");
    expect_end("tuned.jsonl", true, 0);
    o = run("export tuned.json --format json");
    expect_code(&o, 0);
    json_t *json = json_loads(o.out, 0, NULL);
    assert_non_null(json);
    json_decref(json);
    assert_non_null(strstr(read_text("tuned.json"), "\"mot-profile\"")); /* also where nothing beat the defaults */
    o = run("export tuned.json --out tuned.h");
    expect_code(&o, 0);
    assert_string_equal(o.out, "");
    assert_non_null(strstr(read_text("tuned.h"), "#ifndef"));
    o = run(
        "bench --shape g2t4e4d16h32 --stage layer --profile tuned.json --cache hot --quick --no-ceilings --threads 1");
    expect_code(&o, 0);
}

static void from_bench_to_report(void **state) {
    (void)state;
    outcome o = run(
        "bench --shape g2t4e4d16h32 --stage layer --cache hot --quick --no-ceilings --threads 1 --out report.jsonl");
    expect_code(&o, 0);
    o = run("report report.jsonl --out report.html --out report.md");
    expect_code(&o, 0);
    assert_string_equal(o.out, "");
    assert_non_null(strstr(read_text("report.html"), "<!"));
    assert_non_null(strstr(read_text("report.md"), "g2t4e4d16h32"));
    o = run("report report.jsonl");
    expect_code(&o, 0);
    expect_out(&o, "g2t4e4d16h32");
    o = run("export report.jsonl --format gbench");
    expect_code(&o, 0);
    expect_out(&o, "\"benchmarks\"");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check_passes),
        cmocka_unit_test(skips_are_counted),
        cmocka_unit_test(bench_writes_samples),
        cmocka_unit_test(layers_and_dense_ffns_are_one_comparison),
        cmocka_unit_test(data_types_are_compared_apart),
        cmocka_unit_test(each_type_is_tuned),
        cmocka_unit_test(bench_sums_up_against_peers),
        cmocka_unit_test(bench_times_one_peer_without_being_asked),
        cmocka_unit_test(bench_times_one_peer_of_bf16),
        cmocka_unit_test(dry_run_times_nothing),
        cmocka_unit_test(required_counters),
        cmocka_unit_test(an_interrupt_keeps_the_samples),
        cmocka_unit_test(full_disk),
        cmocka_unit_test(from_tune_to_export),
        cmocka_unit_test(from_bench_to_report),
    };
    return cmocka_run_group_tests(tests, driver_set_up, driver_tear_down);
}
