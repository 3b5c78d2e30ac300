/* samples.c: what is written is what SAMPLES.md promises, line by line, and trouble with the file is reported. */
#include "contestants.h"
#include "measure_hash.h"
#include "samples.h"
#include "shape.h"

#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static char path[] = "samples_test.XXXXXX";
static const mot_shape shape = {64, 32, 32, 512, 2048};
static const measure_options options = {.threads = 2, .cache = CACHE_COLD_WEIGHTS, .rounds = 12};

static samples_writer *open_file(void) {
    static char *argv[] = {"motbench", "bench", "--shape", "\xff<script>"};
    samples_writer *w;
    char error[256] = "";
    if (!samples_open(&w, path, 4, argv, 77, error, sizeof error)) fail_msg("%s", error);
    return w;
}

/* The index-th line, parsed. */
static json_t *line_at(int index) {
    static char text[1 << 20];
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    for (int i = 0; i <= index; i++) assert_non_null(fgets(text, sizeof text, f));
    fclose(f);
    assert_non_null(strchr(text, '\n'));
    json_t *line = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(line);
    return line;
}

static const char *text_of(json_t *line, const char *key) {
    const char *text = json_string_value(json_object_get(line, key));
    if (!text) fail_msg("no text: %s", key);
    return text;
}
static double number_of(json_t *line, const char *key) {
    if (!json_is_number(json_object_get(line, key))) fail_msg("no number: %s", key);
    return json_number_value(json_object_get(line, key));
}
static void assert_null_at(json_t *line, const char *key) { assert_true(json_is_null(json_object_get(line, key))); }

static void assert_has(json_t *line, const char *const *keys) {
    for (; *keys; keys++)
        if (!json_object_get(line, *keys)) fail_msg("missing: %s", *keys);
}

/* ---- lines ---- */

static void the_run_line_says_where_and_how(void **state) {
    static const char *const keys[] = {"argv", "time", "version", "revision", "dirty",     "compiler", "flags",
                                       "host", "gpu",  "timer",   "counters", "libraries", "doctor",   NULL};
    static const char *const host[] = {"cpu",      "vendor",      "isa", "cores", "l3",
                                       "memory",   "kernel",      "os",  "aslr",  "virtualisation",
                                       "governor", "fingerprint", NULL};
    (void)state;
    assert_true(samples_close(open_file(), true, 3));
    json_t *line = line_at(0), *end = line_at(1);
    assert_string_equal(text_of(line, "type"), "run");
    assert_true(number_of(line, "schema") == 1 && number_of(line, "seed") == 77);
    assert_has(line, keys);
    assert_has(json_object_get(line, "host"), host);
    assert_string_equal(json_string_value(json_array_get(json_object_get(line, "argv"), 3)), "?<script>");
    assert_int_equal(strlen(text_of(line, "time")), strlen("2026-01-01T00:00:00Z"));
    assert_string_equal(text_of(end, "type"), "end");
    assert_true(json_is_true(json_object_get(end, "complete")) && number_of(end, "exit") == 3);
    json_decref(line);
    json_decref(end);
}

static measurement known_measurement(void) {
    measurement m = {.status = "ok", .samples = 3, .tainted = 1, .iterations = 4, .stop = "rounds"};
    memcpy(m.ns, (double[]){2e6, 9e6, 1e6}, 3 * sizeof(double));
    m.taint[1] = true;
    m.median_ns = 1.5e6;
    m.low_ns = m.min_ns = 1e6;
    m.high_ns = 2e6;
    m.mad_ns = 0.5e6;
    m.counters = (counter_values){
        .count = 2, .name = {"page_faults", "PAPI_TOT_CYC"}, .value = {0.25, NAN}, .reason = {"", "no PMU in this VM"}};
    return m;
}

static json_t *bench_line(const contestant *c, const measurement *m, const ceilings *roof) {
    samples_writer *w = open_file();
    assert_true(samples_bench(w, c, &shape, &options, m, roof, "group-size"));
    json_t *line = line_at(1); /* before the file is closed: each line is flushed */
    assert_true(samples_close(w, true, 0));
    return line;
}

static contestant scalar_mix(void) {
    const mot_variant *v = mot_registry_find("mix_scalar_4x4");
    assert_non_null(v);
    return (contestant){.plan = {.steps = 1, .step = {{v, mot_config_default(v)}}}, .name = v->name};
}

static void a_bench_line_identifies_its_row(void **state) {
    const contestant c = scalar_mix();
    const measurement m = known_measurement();
    char hash[20];
    (void)state;
    json_t *line = bench_line(&c, &m, NULL);
    assert_string_equal(text_of(line, "name"), "mix_scalar_4x4/g64t32e32d512h2048/t2/cold-weights");
    snprintf(hash, sizeof hash, "%016llx", (unsigned long long)hash_name(text_of(line, "name")));
    assert_string_equal(text_of(line, "hash"), hash);
    assert_string_equal(text_of(line, "variant"), "mix_scalar_4x4");
    assert_true(strncmp(text_of(line, "config"), "mix_scalar_4x4", 14) == 0);
    assert_string_equal(text_of(line, "stage"), "mix");
    assert_string_equal(text_of(line, "isa"), "scalar");
    assert_string_equal(text_of(line, "library"), "mot");
    assert_string_equal(text_of(line, "group"), "group-size");
    assert_true(number_of(json_object_get(line, "dims"), "d") == 512);
    json_decref(line);
}

static void a_bench_line_holds_every_sample(void **state) {
    const contestant c = scalar_mix();
    const measurement m = known_measurement();
    (void)state;
    json_t *line = bench_line(&c, &m, NULL);
    json_t *samples = json_object_get(line, "samples_ns"), *tainted = json_object_get(line, "tainted");
    assert_int_equal(json_array_size(samples), 3);
    assert_true(json_number_value(json_array_get(samples, 1)) == 9e6);
    assert_int_equal(json_array_size(tainted), 1);
    assert_int_equal(json_integer_value(json_array_get(tainted, 0)), 1);
    const double flops = 2.0 * 64 * 32 * 512 * 32;
    assert_true(number_of(line, "flops") == flops);
    assert_true(fabs(number_of(line, "gflops") - flops / 1.5e6) < 1e-4);
    assert_true(number_of(json_object_get(line, "counters"), "page_faults") == 0.25);
    assert_null_at(json_object_get(line, "counters"), "PAPI_TOT_CYC");
    assert_string_equal(text_of(json_object_get(line, "counters_reason"), "PAPI_TOT_CYC"), "no PMU in this VM");
    assert_null_at(line, "pct_of_ceiling");
    json_decref(line);
}

static void what_was_not_timed_has_no_numbers(void **state) {
    const contestant c = scalar_mix();
    const measurement m = {.status = "skipped", .reason = "check: FAIL"};
    (void)state;
    json_t *line = bench_line(&c, &m, NULL);
    static const char *const keys[] = {"median_ns", "low_ns", "high_ns", "mad_ns", "min_ns", "gflops", "gbps"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) assert_null_at(line, keys[i]);
    assert_string_equal(text_of(line, "status"), "skipped");
    assert_string_equal(text_of(line, "reason"), "check: FAIL");
    json_decref(line);
}

static void layers_are_known_by_their_own_names(void **state) {
    contestant c[16];
    const measurement m = known_measurement();
    (void)state;
    const size_t n = contestants_for_layer(&shape, MOT_ISA_SCALAR, NULL, c, 16);
    assert_true(n >= 1 + peer_count());
    for (size_t i = 0; i < n; i++) {
        json_t *line = bench_line(&c[i], &m, NULL);
        assert_string_equal(text_of(line, "variant"), c[i].name);
        assert_string_equal(text_of(line, "stage"), "layer");
        assert_int_equal(json_array_size(json_object_get(line, "config")), c[i].plan.steps);
        assert_non_null(strstr(i ? c[i].name : "mot", text_of(line, "library")));
        assert_string_equal(text_of(line, "isa"), i ? "auto" : "scalar");
        json_decref(line);
    }
}

/* ---- ceilings ---- */

static ceilings roof(double gflops, double high) {
    return (ceilings){
        .count = 2,
        .item = {{.name = "fma_scalar_f32", .unit = "GFLOP/s", .threads = 2, .median = gflops, .low = 1, .high = high},
                 {.name = "read_DRAM", .unit = "GB/s", .threads = 2, .median = 1e6, .low = 1, .high = 1e6}}};
}

static void above_the_ceiling_is_mistrusted(void **state) {
    const contestant c = scalar_mix();
    const measurement m = known_measurement(); /* 67.1 MFLOP in 1.5 [1, 2] ms: 44.7 [33.6, 67.1] GFLOP/s */
    const ceilings above = roof(60, 60), within = roof(40, 40), below = roof(30, 30), loose = roof(30, 36);
    (void)state;
    json_t *line = bench_line(&c, &m, &above);
    assert_true(fabs(number_of(line, "pct_of_ceiling") - 100 * 44.739 / 60) < 0.1);
    assert_string_equal(text_of(line, "status"), "ok");
    json_decref(line);
    assert_false(samples_derive(&c, &shape, &options, &m, &within).mistrusted); /* 112 %, but its interval reaches 84 */
    assert_false(samples_derive(&c, &shape, &options, &m, &loose).mistrusted);  /* the ceiling's own interval counts */
    line = bench_line(&c, &m, &below);
    assert_string_equal(text_of(line, "status"), "mistrusted");
    assert_non_null(strstr(text_of(line, "reason"), "ceiling"));
    json_decref(line);
}

/* ---- the other lines ---- */

static void checks_ceilings_and_findings(void **state) {
    const check_result r = {.verdict = VERDICT_FAIL, .reason = "y[3]: NaN", .fraction = NAN, .compared = 5, .seed = 9};
    const ceiling top = {
        .name = "read_L2", .unit = "GB/s", .threads = 1, .median = 2, .low = 1, .high = 3, .bytes = 64};
    const ratio gain = {.median = 1.25, .low = 1.2, .high = INFINITY, .pairs = 8};
    samples_writer *w = open_file();
    (void)state;
    assert_true(samples_check(w, "mix_x", &shape, MOT_STAGE_MIX, &r));
    assert_true(samples_ceiling(w, &top));
    assert_true(samples_tune(w, MOT_STAGE_EXPERTS, &shape, 2, "a", "b{nc=1}", 5e6, 4e6, &gain, 40, true));
    assert_true(samples_close(w, false, 130));
    json_t *check = line_at(1), *ceiling = line_at(2), *tune = line_at(3), *end = line_at(4);
    assert_string_equal(text_of(check, "verdict"), verdict_name(VERDICT_FAIL));
    assert_null_at(check, "fraction");
    assert_true(number_of(check, "seed") == 9 && number_of(check, "compared") == 5);
    assert_true(number_of(ceiling, "bytes") == 64 && number_of(ceiling, "high") == 3);
    assert_string_equal(text_of(tune, "winner"), "b{nc=1}");
    assert_true(number_of(tune, "speedup") == 1.25 && number_of(tune, "evaluations") == 40);
    assert_null_at(tune, "speedup_high");
    assert_true(json_is_false(json_object_get(end, "complete")));
    json_decref(check);
    json_decref(ceiling);
    json_decref(tune);
    json_decref(end);
}

static void trouble_is_reported(void **state) {
    samples_writer *w;
    char error[256] = "";
    (void)state;
    assert_false(samples_open(&w, "no/such/folder/x.jsonl", 0, NULL, 1, error, sizeof error));
    assert_non_null(strstr(error, "no/such/folder"));
    assert_null(w);
    assert_false(samples_open(&w, "/dev/full", 0, NULL, 1, error, sizeof error)); /* the first line is flushed */
    assert_non_null(strstr(error, "No space left"));
    /* a writer that is none takes everything */
    assert_true(samples_ceiling(NULL, NULL) && samples_close(NULL, true, 0));
    assert_null(samples_error(NULL));
}

/* Names can be hashed again by any tool: xxhsum -H64. */
static void hashes_are_the_published_ones(void **state) {
    (void)state;
    assert_true(hash_name("") == 0xef46db3751d8e999u);
    assert_true(hash_name("a") == 0xd24ec4f1a98c6e5bu);
}

static int make_file(void **state) {
    const int fd = mkstemp(path);
    (void)state;
    return fd < 0 ? -1 : close(fd);
}
static int remove_file(void **state) {
    (void)state;
    return remove(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_run_line_says_where_and_how),     cmocka_unit_test(a_bench_line_identifies_its_row),
        cmocka_unit_test(a_bench_line_holds_every_sample),     cmocka_unit_test(what_was_not_timed_has_no_numbers),
        cmocka_unit_test(layers_are_known_by_their_own_names), cmocka_unit_test(above_the_ceiling_is_mistrusted),
        cmocka_unit_test(checks_ceilings_and_findings),        cmocka_unit_test(trouble_is_reported),
        cmocka_unit_test(hashes_are_the_published_ones)};
    return cmocka_run_group_tests(tests, make_file, remove_file);
}
