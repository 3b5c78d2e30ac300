/* refusals_test.c: bad input gets one line that names it and says what would be right, and exit 2 (5: the environment).
 */
#include "driver.h"

#include <stdio.h>
#include <sys/stat.h>

static void verbs(void **state) {
    (void)state;
    expect_refusal("", "", 2, "no verb", "verbs: run info");
    expect_refusal("", "frobnicate", 2, "'frobnicate'", "check bench");
    expect_refusal("", "compare", 2, "'compare'", "verbs:");
    expect_refusal("", "--frobnicate", 2, "'--frobnicate'", "--help");
}

static void flags(void **state) {
    (void)state;
    expect_refusal("", "bench --frobnicate", 2, "'--frobnicate'", "--shape");
    expect_refusal("", "bench --frobnicate=3", 2, "'--frobnicate=3'", "--shape");
    expect_refusal("", "bench -x", 2, "'-x'", "flags:");
    expect_refusal("", "info --shape g1t1e1d1h1", 2, "'--shape'", "flags: --help --format");
    expect_refusal("", "bench --shape", 2, "--shape", "needs a value: SHAPE");
    expect_refusal("", "bench --quick=perhaps", 2, "--quick", "takes no value");
    expect_refusal("", "info surplus", 2, "'surplus'", "flags only");
    expect_refusal("", "list variants surplus", 2, "'surplus'", "variants|shapes|stages|counters");
    expect_refusal("", "list animals", 2, "'animals'", "variants, shapes, stages or counters");
    expect_refusal("", "report", 2, "nothing to work on", "SAMPLES.jsonl");
}

static void shapes(void **state) {
    (void)state;
    expect_refusal("", "bench --shape banana", 2, "'banana'", "g64t32e32d512h2048");
    expect_refusal("", "check --shape g64t32", 2, "experts (e) are missing", "g64t32e32d512h2048");
    expect_refusal("", "tune --shape g64t0e32d512h2048", 2, "group size (t) 0", "at least 1");
    expect_refusal("", "bench --shape g1t1e99999999999d99999999999h9", 2, "overflows", "smaller");
    expect_refusal("", "bench --shape g1t1e1d1h99999999999999999999999", 2, "too large", "at most");
    expect_refusal("", "bench --shapes nonsuch", 2, "'nonsuch'", "presets: smoke");
    expect_refusal("", "bench --shapes .", 2, "'.'", "a folder");
    write_text("typo.shapes", "# fine\ng1t1e1d1h1\ng1t1e1d1q1\n");
    expect_refusal("", "bench --shapes typo.shapes", 2, "typo.shapes line 3", "expert width (h) is missing");
    assert_int_equal(mkfifo("fifo", 0600), 0);
    expect_refusal("", "bench --shapes ./fifo", 2, "./fifo", "regular file");
    expect_refusal("", "bench --model ./fifo", 2, "./fifo", "regular file");
}

static void models(void **state) {
    (void)state;
    expect_refusal("", "bench --model nonsuch.json", 2, "nonsuch.json", "No such file");
    write_text("broken.json", "{\"d_model\": 512,");
    expect_refusal("", "bench --model broken.json", 2, "broken.json", "no JSON");
    write_text("poor.json", "{\"d_model\": 512}");
    expect_refusal("", "bench --model poor.json", 2, "n_expert", "group_size");
    write_text("absurd.json", "{\"d_model\": -512, \"n_expert\": 1, \"expert_size\": 1, \"group_size\": 1}");
    expect_refusal("", "bench --model absurd.json", 2, "d_model is -512", "from 1");
}

static void values(void **state) {
    (void)state;
    expect_refusal("", "bench --threads 0", 2, "--threads: '0'", "from 1 to 1024");
    expect_refusal("", "bench --threads 1,", 2, "--threads", "empty");
    expect_refusal("", "bench --threads 1000", 2, "--threads 1000", "CPUs");
    expect_refusal("", "bench --cpus 99999", 2, "--cpus: '99999'", "like 0,2-3");
    expect_refusal("", "bench --cache lukewarm", 2, "'lukewarm'", "hot, cold-weights or cold-all");
    expect_refusal("", "bench --stage tax", 2, "'tax'", "route mix");
    expect_refusal("", "bench --isa mmx", 2, "'mmx'", "scalar, avx2, avx512, avx512bf16, amx or cuda");
    expect_refusal("", "bench --dtype f16", 2, "--dtype: 'f16'", "f32 or bf16");
    expect_refusal("", "tune --dtype f32,int8", 2, "'int8'", "f32 or bf16");
    expect_refusal("", "check --dtype bf16,", 2, "--dtype", "empty");
    expect_refusal("", "run --dtype bf17", 2, "'bf17'", "f32 or bf16");
    expect_refusal("MOTBENCH_DTYPE=f64", "list", 2, "MOTBENCH_DTYPE: 'f64'", "f32 or bf16");
    expect_refusal("", "bench --filter '('", 2, "'('", "regular expression");
    expect_refusal("", "bench --seed -1", 2, "--seed: '-1'", "whole number");
    expect_refusal("", "bench --seed 99999999999999999999", 2, "--seed", "whole number");
    expect_refusal("", "bench --repeat 0", 2, "--repeat: '0'", "from 1 to 64");
    expect_refusal("", "bench --min-time soon", 2, "--min-time: 'soon'", "2ms");
    expect_refusal("", "bench --min-time nan", 2, "--min-time: 'nan'", "2ms");
    expect_refusal("", "bench --max-noise 120%", 2, "--max-noise: '120%'", "2%");
    expect_refusal("", "check --timeout 0", 2, "--timeout: '0'", "above 0");
    expect_refusal("", "bench --counters PAPI_NONSUCH", 2, "PAPI_NONSUCH", "counter");
    expect_refusal("", "info --format xml", 2, "'xml'", "text json jsonl csv md");
    expect_refusal("", "check --format 'text json'", 2, "'text json'", "junit");
    expect_refusal("", "bench --format junit", 2, "'junit'", "text json jsonl csv md");
}

static void empty_selections(void **state) {
    (void)state;
    expect_refusal("", "check --filter nonsuch", 2, "--filter", "list variants");
    expect_refusal("", "bench --filter nonsuch --shape g1t1e1d1h1", 2, "--filter", "list variants");
    expect_refusal("", "check --filter bf16 --dtype f32", 2, "--dtype", "list variants");
    expect_refusal("", "bench --isa avx512bf16 --dtype f32 --filter avx --shape g1t1e1d1h1", 2, "--dtype",
                   "list variants");
    expect_refusal("", "bench --choice mix_scalar_4x4 --dtype bf16 --shape g1t1e1d1h1", 2, "--dtype", "list variants");
    expect_refusal("", "list --filter nonsuch", 2, "--filter", "list variants");
    expect_refusal("", "list stages --filter nonsuch", 2, "no stages", "--filter");
    expect_refusal("", "check --choice nonsuch_avx2", 2, "'nonsuch_avx2'", "list variants");
    expect_refusal("", "check --choice mix_scalar_4x4 --choice nonsuch_avx2", 2, "'nonsuch_avx2'", "list variants");
    expect_refusal("", "bench --choice mix_scalar_4x4 --choice nonsuch_avx2 --shape g1t1e1d1h1", 2, "'nonsuch_avx2'",
                   "list variants");
    expect_refusal("", "check --choice 'mix_scalar_4x4{dc=3}'", 2, "'mix_scalar_4x4{dc=3}'", "its knobs: dc=");
    expect_refusal("", "bench --choice 'mix_scalar_4x4{dc=3}' --shape g1t1e1d1h1", 2, "--choice", "list variants");
}

static void inputs(void **state) {
    (void)state;
    expect_refusal("", "report nonsuch.jsonl", 2, "nonsuch.jsonl", "");
    write_text("no.jsonl", "this is no sample file\n");
    expect_refusal("", "report no.jsonl", 2, "no.jsonl", "");
    expect_refusal("", "report .", 2, ".: ", "");
    expect_refusal("", "export nonsuch.json", 2, "nonsuch.json", "");
    write_text("no.json", "{}");
    expect_refusal("", "export no.json", 2, "no.json", "");
    expect_refusal("", "export", 2, ".json", "");
    expect_refusal("", "bench --profile nonsuch.json --shape g1t1e1d1h1", 2, "--profile 'nonsuch.json'", "");
}

/* Before any work: no table is printed, and these would run for minutes otherwise. */
static void outputs(void **state) {
    (void)state;
    expect_refusal("", "bench --out nonsuch/samples.jsonl", 5, "nonsuch/samples.jsonl", "No such file");
    expect_refusal("", "bench --out nonsuch/table.csv", 5, "nonsuch/table.csv", "No such file");
    expect_refusal("", "check --out .", 5, "'.'", "directory");
    expect_refusal("", "check --shapes full --out a.html", 2, "a.html", "text json jsonl csv md junit");
    expect_refusal("", "bench --out a.jsonl --out b.jsonl", 2, "b.jsonl", "a sample file already");
    expect_refusal("", "tune --out .", 5, "profile: .", "not a regular file");
    expect_refusal("", "tune --out a.json --out b.json", 2, "b.json", "one profile");
    expect_refusal("", "tune --out typo.shapes/profile.json", 5, "typo.shapes", "ot a directory");
    expect_refusal("", "run --out-dir typo.shapes", 5, "'typo.shapes'", "no folder");
    expect_refusal("", "run --out-dir nonsuch/deep", 5, "'nonsuch/deep'", "No such file");
}

static void environment(void **state) {
    (void)state;
    expect_refusal("MOT_ISA=mmx", "info", 2, "MOT_ISA: 'mmx'", "scalar, avx2, avx512, avx512bf16 or amx");
    expect_refusal("MOT_NUM_THREADS=many", "info", 2, "MOT_NUM_THREADS: 'many'", "from 1 to 1024");
    expect_refusal("MOT_NUM_THREADS=0", "bench", 2, "MOT_NUM_THREADS: '0'", "from 1 to 1024");
    expect_refusal("MOTBENCH_MIN_TIME=soon", "bench", 2, "MOTBENCH_MIN_TIME: 'soon'", "2ms");
    expect_refusal("MOTBENCH_SHAPE=banana", "check", 2, "MOTBENCH_SHAPE", "'banana'");
    expect_refusal("MOTBENCH_QUICK=perhaps", "bench", 2, "MOTBENCH_QUICK: 'perhaps'", "1 or 0");
    expect_refusal("MOTBENCH_FORMAT=xml", "list", 2, "MOTBENCH_FORMAT: 'xml'", "json");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verbs),   cmocka_unit_test(flags),       cmocka_unit_test(shapes),
        cmocka_unit_test(models),  cmocka_unit_test(values),      cmocka_unit_test(inputs),
        cmocka_unit_test(outputs), cmocka_unit_test(environment), cmocka_unit_test(empty_selections),
    };
    return cmocka_run_group_tests(tests, driver_set_up, driver_tear_down);
}
