/* facts_test.c: help, version, lists, facts of the machine, formats, streams, the environment. */
#include "driver.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const verbs[] = {"run",   "info",     "doctor", "list",   "check",
                                    "bench", "ceilings", "tune",   "report", "export"};
enum { VERBS = sizeof verbs / sizeof *verbs };

static json_t *parse(const char *text) {
    json_error_t error;
    json_t *json = json_loads(text, 0, &error);
    if (!json) fail_msg("no JSON: %s in %.200s", error.text, text);
    return json;
}

static void global_help(void **state) {
    (void)state;
    static const char *const ways[] = {"--help", "-h", "help"};
    for (int i = 0; i < 3; i++) {
        outcome o = run(ways[i]);
        expect_code(&o, 0);
        for (int v = 0; v < VERBS; v++) expect_out(&o, verbs[v]);
        assert_null(strstr(o.out, "selftest"));
        assert_string_equal(o.err, "");
    }
}

static void version(void **state) {
    (void)state;
    outcome o = run("--version");
    expect_code(&o, 0);
    assert_string_equal(o.out, "motbench " MOT_VERSION "\n");
}

static void help_of_every_verb(void **state) {
    (void)state;
    static const char *const flags[VERBS][9] = {
        {"--budget", "--out-dir", "--threads"},
        {"--format", "--json", "--out"},
        {"--format", "--json", "--out"},
        {"--filter", "--shapes", "--json"},
        {"--shape", "--shapes", "--model", "--stage", "--isa", "--filter", "--choice", "--seed", "junit"},
        {"--cache", "--counters", "--require-counters", "--repeat", "--min-time", "--max-noise", "--quick",
         "--no-ceilings", "--dry-run"},
        {"--threads", "--budget"},
        {"--shapes", "--budget", "--resume", "--journal", "--out"},
        {"--profile", "--out", "html"},
        {"c-header", "gbench", "--out"}};
    for (int v = 0; v < VERBS; v++) {
        char command[32];
        snprintf(command, sizeof command, "%s --help", verbs[v]);
        outcome o = run(command);
        expect_code(&o, 0);
        for (int f = 0; f < 9 && flags[v][f]; f++) expect_out(&o, flags[v][f]);
        assert_string_equal(o.err, "");
    }
}

/* A beginning that is unique is enough, as everywhere. */
static void abbreviated_flags(void **state) {
    (void)state;
    outcome o = run("info --js");
    expect_code(&o, 0);
    json_decref(parse(o.out));
}

static void info(void **state) {
    (void)state;
    outcome o = run("info --json");
    expect_code(&o, 0);
    json_t *json = parse(o.out);
    assert_non_null(json_string_value(json_object_get(json_object_get(json, "host"), "isa")));
    static const char *const sections[] = {"host", "gpu", "timer", "counters", "libraries"};
    for (int i = 0; i < 5; i++) assert_true(json_is_object(json_object_get(json, sections[i])));
    json_decref(json);
    o = run("info");
    expect_code(&o, 0);
    expect_out(&o, "fingerprint");
    expect_out(&o, "libraries\n");
}

static void doctor(void **state) {
    (void)state;
    outcome o = run("doctor --json");
    expect_code(&o, 0);
    json_t *json = parse(o.out);
    assert_true(json_array_size(json) > 5);
    for (size_t i = 0; i < json_array_size(json); i++) {
        const char *grade = json_string_value(json_object_get(json_array_get(json, i), "grade"));
        assert_non_null(grade);
        assert_non_null(strstr("ok warn bad unknown", grade));
    }
    json_decref(json);
}

static void lists_are_one_name_a_line(void **state) {
    (void)state;
    outcome o = run("list");
    expect_code(&o, 0);
    assert_true(count_lines(o.out) >= 20);
    expect_out(&o, "\nmix_scalar_4x4");
    expect_out(&o, "\nmix_scalar_bf16_4x4");
    assert_null(strchr(o.out, ' '));
    o = run("list variants --stage mix --isa scalar --dtype f32");
    expect_code(&o, 0);
    assert_int_equal(strncmp(o.out, "mix_scalar_", 11), 0);
    assert_int_equal(count_lines(o.out), 1);
    o = run("list shapes");
    expect_out(&o, "sweep-experts\n");
    o = run("list shapes --shapes cpu9");
    expect_out(&o, "g64t32e128d512h512\n");
    assert_int_equal(count_lines(o.out), 9);
    o = run("list stages");
    expect_out(&o, "redistribute\n");
    o = run("list counters");
    expect_code(&o, 0);
    expect_out(&o, "task_clock_ns");
}

static void a_model_names_its_shapes(void **state) {
    (void)state;
    write_text("config.json", "{\"d_model\": 512, \"n_expert\": 256, \"expert_size\": 256, \"group_size\": 32}");
    outcome o = run("list shapes --model config.json");
    expect_code(&o, 0);
    expect_out(&o, "g64t32e256d512h256\n");
}

/* What the machine cannot run is marked, and why stands in the JSON. MOT_ISA makes any machine such a one. */
static void marked_variants(void **state) {
    (void)state;
    outcome o = run_with("MOT_ISA=scalar", "list variants --stage mix");
    expect_code(&o, 0);
    expect_out(&o, "~mix_avx2_");
    expect_out(&o, "~mix_avx512_");
    o = run_with("MOT_ISA=scalar", "list variants --isa avx2 --json");
    expect_code(&o, 0);
    json_t *json = parse(o.out), *first = json_array_get(json, 0);
    assert_true(json_is_false(json_object_get(first, "usable")));
    assert_true(strlen(json_string_value(json_object_get(first, "reason"))) > 3);
    json_decref(json);
}

static int rows_of_dtype(json_t *json, const char *dtype) {
    int n = 0;
    for (size_t i = 0; i < json_array_size(json); i++)
        n += !strcmp(json_string_value(json_object_get(json_array_get(json, i), "dtype")), dtype);
    return n;
}

static void variants_have_a_data_type(void **state) {
    (void)state;
    outcome o = run("list variants --json");
    json_t *both = parse(o.out);
    o = run("list variants --json --dtype bf16");
    json_t *bf16 = parse(o.out);
    assert_true(rows_of_dtype(both, "f32") >= 20 && rows_of_dtype(both, "bf16") >= 20);
    assert_int_equal(rows_of_dtype(bf16, "f32"), 0);
    assert_int_equal(rows_of_dtype(bf16, "bf16"), rows_of_dtype(both, "bf16"));
    assert_int_equal(json_array_size(both), rows_of_dtype(both, "f32") + rows_of_dtype(both, "bf16"));
    json_decref(both);
    json_decref(bf16);
    o = run_with("MOT_ISA=avx512", "list variants --isa avx512bf16");
    expect_out(&o, "~experts_avx512bf16_bf16_");
}

static void negated_filter(void **state) {
    (void)state;
    outcome all = run("list"), o;
    int total = count_lines(all.out);
    o = run("list --filter mix");
    int mix = count_lines(o.out);
    o = run("list --filter=-mix");
    assert_int_equal(count_lines(o.out) + mix, total);
    assert_null(strstr(o.out, "mix_"));
}

static void formats(void **state) {
    (void)state;
    outcome o = run("list stages --format csv");
    expect_out(&o, "name,usable,reason\nroute,yes,\n");
    o = run("list stages --format md");
    expect_out(&o, "| name | usable | why not |\n|---|---|---|\n| route | yes |  |\n");
    o = run("list stages --format jsonl");
    expect_out(&o, "{\"name\":\"route\",\"usable\":true,\"reason\":\"\"}\n");
    o = run("list stages --json --out stages.csv --out stages.md");
    expect_code(&o, 0);
    json_decref(parse(o.out));
    assert_non_null(strstr(read_text("stages.csv"), "\nlayer,yes,\n"));
    assert_non_null(strstr(read_text("stages.md"), "| layer | yes |"));
}

static void variables_stand_in_for_flags(void **state) {
    (void)state;
    outcome o = run_with("MOTBENCH_FORMAT=jsonl", "list stages");
    expect_out(&o, "{\"name\":\"route\"");
    o = run_with("MOTBENCH_JSON=1", "list stages");
    json_decref(parse(o.out));
    o = run_with("MOTBENCH_FORMAT=jsonl", "list stages --format csv");
    expect_out(&o, "route,yes,\n");
    o = run_with("MOTBENCH_SHAPE='g1t2e3d4h5 g6t7e8d9h10'", "list shapes");
    assert_string_equal(o.out, "g1t2e3d4h5\ng6t7e8d9h10\n");
    o = run_with("MOTBENCH_SHAPES=paper", "list shapes --shape g1t2e3d4h5");
    assert_string_equal(o.out, "g1t2e3d4h5\n");
}

/* script(1) gives it a terminal; the codes are there unless NO_COLOR is set and not empty. */
static void colours_only_on_a_terminal(void **state) {
    (void)state;
    outcome o = run("doctor");
    assert_null(strstr(o.out, "\033["));
    if (system("command -v script >/dev/null 2>&1") != 0) {
        print_message("skipped in part: script(1) is not installed\n");
        return;
    }
    char command[4300];
    snprintf(command, sizeof command, "TERM=xterm script -qec '%s doctor' /dev/null > tty </dev/null", MOTBENCH);
    assert_int_equal(system(command), 0);
    assert_non_null(strstr(read_text("tty"), "\033[3"));
    setenv("NO_COLOR", "1", 1);
    assert_int_equal(system(command), 0);
    unsetenv("NO_COLOR");
    assert_null(strstr(read_text("tty"), "\033[3"));
}

static void full_disk(void **state) {
    (void)state;
    static const char *const commands[] = {"list > /dev/full",         "info > /dev/full",
                                           "--help > /dev/full",       "--version > /dev/full",
                                           "bench --help > /dev/full", "list --out /dev/full > /dev/null",
                                           "list --json > /dev/full"};
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        outcome o = run(commands[i]);
        expect_code(&o, 5);
        expect_err(&o, "No space left");
        assert_int_equal(count_lines(o.err), 1);
    }
}

/* A table that could not be written whole leaves the old one. */
static void old_file_stays(void **state) {
    (void)state;
    write_text("kept.csv", "old\n");
    outcome o = run_with("ulimit -f 0;", "list --out kept.csv > /dev/null 2> /dev/null");
    assert_true(o.code != 0);
    assert_string_equal(read_text("kept.csv"), "old\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(global_help),
        cmocka_unit_test(version),
        cmocka_unit_test(help_of_every_verb),
        cmocka_unit_test(abbreviated_flags),
        cmocka_unit_test(info),
        cmocka_unit_test(doctor),
        cmocka_unit_test(lists_are_one_name_a_line),
        cmocka_unit_test(a_model_names_its_shapes),
        cmocka_unit_test(variants_have_a_data_type),
        cmocka_unit_test(marked_variants),
        cmocka_unit_test(negated_filter),
        cmocka_unit_test(formats),
        cmocka_unit_test(variables_stand_in_for_flags),
        cmocka_unit_test(colours_only_on_a_terminal),
        cmocka_unit_test(full_disk),
        cmocka_unit_test(old_file_stays),
    };
    return cmocka_run_group_tests(tests, driver_set_up, driver_tear_down);
}
