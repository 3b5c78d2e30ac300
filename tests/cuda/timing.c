/* timing.c: motbench bench, ceilings, tune and report with a GPU that is none. */
#include "driver.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define FAKE "MOT_CUDA_MODULE=" FAKE_CUDA " "

#define BENCH "bench --shape g4t8e4d64h32 --no-ceilings --quick --min-time 1e-5 "

static void kernels_are_timed(void **state) {
    (void)state;
    outcome o =
        run_with(FAKE, BENCH "--dtype f32,bf16 --filter 'cuda.*(naive|64x64x16|cuda$)|layer.*cuda$' --budget 300 "
                             "--out t.jsonl --json");
    expect_code(&o, 0);
    expect_err(&o, " timed, 0 skipped, 0 failed");
    expect_out(&o, "\"name\": \"layer_bf16_cuda\"");
    expect_out(&o, "\"status\": \"ok\"");
    const char *samples = read_text("t.jsonl");
    assert_non_null(strstr(samples, "\"isa\":\"cuda\",\"library\":\"mot_cuda\""));
    assert_non_null(strstr(samples, "\"device\":\"host memory (fake)\""));
    o = run_with(FAKE, BENCH "--cache hot,cold-all --choice experts_cuda_tiled_64x64x16 --json");
    expect_code(&o, 0);
    expect_err(&o, "2 timed, 0 skipped");
    o = run_with(FAKE, BENCH "--isa scalar --stage mix --json"); /* a GPU has none of the CPU's */
    assert_null(strstr(o.out, "cuda"));
}

/* Of the algorithms that cublasLt names the fastest is timed, also where the first takes 20 ms and one does not work.
 */
static void the_librarys_best_is_timed(void **state) {
    (void)state;
    outcome o =
        run_with(FAKE "MOT_FAKE_CUDA=cublas,lt_slow", BENCH "--choice experts_cuda_cublaslt --out lt.jsonl --json");
    if (strstr(o.out, "is not here")) {
        print_message("SKIP: no headers of cublasLt\n");
        skip();
    }
    expect_code(&o, 0);
    json_t *rows = json_loads(o.out, 0, NULL), *row = json_array_get(rows, 0);
    const double ns = json_number_value(json_object_get(row, "median_ns"));
    if (!(ns > 0 && ns < 20e6)) fail_msg("median %g ns: %s", ns, o.out);
    json_decref(rows);
}

/* ---- ceilings */

static void the_gpu_has_ceilings(void **state) {
    (void)state;
    outcome o = run_with(FAKE, "ceilings --threads 1 --budget 2 --out c.jsonl --json");
    expect_code(&o, 0);
    expect_out(&o, "\"copy_device\"");
    expect_out(&o, "\"gemm_tf32\"");
    expect_out(&o, "\"gemm_bf16\"");
    expect_err(&o, "ceilings on the GPU");
    const char *samples = read_text("c.jsonl");
    assert_non_null(strstr(samples, "\"name\":\"gemm_f32\",\"unit\":\"GFLOP/s\",\"threads\":0"));
    assert_non_null(strstr(samples, "\"rates\":["));
    o = run_with(FAKE "MOT_FAKE_CUDA=no_cublas", "ceilings --threads 1 --budget 1 --filter '_device|gemm'");
    expect_code(&o, 0);
    expect_out(&o, "copy_device");
    assert_null(strstr(o.out, "gemm"));
    expect_err(&o, "SKIP: no FLOP rates: libcublas.so is not here");
    o = run_with(FAKE "MOT_FAKE_CUDA=no_device", "ceilings --threads 1 --budget 1");
    expect_code(&o, 0);
    expect_err(&o, "ceilings of the GPU: SKIP: no device");
    o = run_with(FAKE "MOT_FAKE_CUDA=access", "ceilings --threads 1 --budget 1");
    expect_code(&o, 5);
    expect_err(&o, "measuring its ceilings: fake error (error 700)");
}

/* In the same run, and of the GPU alone where nothing else is timed. */
static void times_are_related_to_them(void **state) {
    (void)state;
    outcome o = run_with(FAKE, "bench --shape g4t8e4d64h32 --quick --min-time 1e-5 --choice experts_cuda_naive "
                               "--out p.jsonl --json");
    expect_code(&o, 0);
    assert_null(strstr(o.out, "\"pct_of_ceiling\": null"));
    expect_err(&o, "ceilings on the GPU");
    assert_null(strstr(o.err, "ceilings on 1 thread"));
    assert_null(strstr(read_text("p.jsonl"), "\"floor_ns\":null"));
    o = run("report p.jsonl --format text");
    expect_out(&o, "experts: floor ");
}

/* With "warm" the device takes no graph that L2 was not flushed for. */
static void cold_samples_are_flushed(void **state) {
    (void)state;
    outcome o = run_with(FAKE "MOT_FAKE_CUDA=warm", BENCH "--cache cold-weights,cold-all --choice experts_cuda_naive "
                                                          "--out f.jsonl");
    expect_code(&o, 0);
    const char *samples = read_text("f.jsonl");
    assert_non_null(strstr(samples, "\"flushed_bytes\":2097152"));
    assert_null(strstr(samples, "\"copies\":1,"));
    o = run_with(FAKE "MOT_FAKE_CUDA=warm", BENCH "--cache hot --choice experts_cuda_naive");
    expect_code(&o, 5);
    expect_err(&o, "timing: fake error (error 901)");
    o = run_with(FAKE, BENCH "--cache hot --choice experts_cuda_naive --out h.jsonl");
    expect_code(&o, 0);
    assert_non_null(strstr(read_text("h.jsonl"), "\"copies\":1,\"flushed_bytes\":0"));
}

static void expect_untimed(const char *fault, int code, const char *says) {
    char environment[600];
    snprintf(environment, sizeof environment, FAKE "MOT_FAKE_CUDA=%s", fault);
    const outcome o = run_with(environment, BENCH "--filter '^mix_cuda' --shape g4t8e4d64h33 --json");
    expect_code(&o, code);
    expect_out(&o, says);
}

static void what_is_not_right_is_not_timed(void **state) {
    (void)state;
    expect_untimed("no_driver", 77, "no driver, or one too old");
    expect_untimed("wrong", 1, "check: FAIL");
    expect_untimed("access", 1, "check: CRASH");
    expect_untimed("slow", 0, "tainted, last by: clock below 75 % of the default");
    expect_refusal(FAKE "MOT_FAKE_CUDA=no_driver MOT_REQUIRE_GPU=1", BENCH "--filter '^mix_cuda'", 5,
                   "MOT_REQUIRE_GPU=1", "no driver");
}

/* One line a stage in the table and the report; all in JSON and samples. */
static void skipped_alike_is_one_line(void **state) {
    (void)state;
    outcome o = run_with(FAKE "MOT_FAKE_CUDA=no_device", BENCH "--stage mix,experts --filter cuda --out s.jsonl");
    expect_code(&o, 77);
    expect_out(&o, "mix_cuda_cublas and 5 more");
    assert_null(strstr(o.out, "mix_cuda_naive"));
    assert_non_null(strstr(read_text("s.jsonl"), "\"variant\":\"mix_cuda_naive\""));
    o = run_with(FAKE "MOT_FAKE_CUDA=no_device", BENCH "--stage mix --filter cuda --json");
    expect_out(&o, "\"mix_cuda_naive\"");
    assert_null(strstr(o.out, " more\""));
    o = run("report s.jsonl --format text");
    expect_out(&o, "/cold-weights and 5 more: no device");
    expect_out(&o, "  mix_cuda_cublas and 5 more skipped: no device");
    assert_null(strstr(o.out, "mix_cuda_naive"));
    o = run_with(FAKE "MOT_FAKE_CUDA=wrong", BENCH "--stage mix --filter 'cuda_(naive|tiled)'"); /* one by one */
    expect_out(&o, "mix_cuda_naive ");
    expect_out(&o, "mix_cuda_tiled_64x64x16 ");
}

static void reports_mark_what_is_unverified(void **state) {
    (void)state;
    outcome o = run_with(FAKE, BENCH "--stage mix --filter 'scalar|cuda' --out r.jsonl");
    expect_code(&o, 0);
    o = run("report r.jsonl --format text");
    expect_out(&o, "on the GPU");
    expect_out(&o, "unverified");
    o = run("report r.jsonl --format md");
    expect_out(&o, "(on the GPU, cold-weights, f32)");
}

/* What rounds its factors is a row like any other, but neither the best of ours nor a peer to be compared with. */
static void tf32_is_best_of_nothing(void **state) {
    (void)state;
    outcome o = run_with(FAKE, BENCH "--isa cuda --stage experts --filter 'tf32' --out k.jsonl");
    expect_code(&o, 0);
    o = run("report k.jsonl --format text");
    expect_out(&o, "  experts_cuda_tf32_mma_64x64x32 ");
    assert_null(strstr(o.out, "* experts_cuda_tf32"));
    expect_out(&o, "OpenBLAS –"); /* no peer */
}

/* Its check saw nothing: only later calls leave something else. */
static void what_turns_wrong_is_mistrusted(void **state) {
    (void)state;
    const outcome o = run_with(FAKE "MOT_FAKE_CUDA=late", BENCH "--filter '^mix_cuda' --json");
    expect_out(&o, "\"status\": \"mistrusted\"");
    expect_out(&o, "a timed call left other outputs than the first one");
}

/* ---- tuning */

#define TUNE "tune --shape g4t8e4d64h32 --isa cuda --dtype f32 "

/* What nobody has seen pass on a GPU is not tuned unasked, so here nothing is. */
static void the_unverified_is_tuned_only_when_asked_for(void **state) {
    (void)state;
    outcome o = run_with(FAKE, TUNE "--budget 1 --out n.json");
    expect_code(&o, 77);
    expect_err(&o, "none has passed its check on a GPU; --unverified");
    o = run_with(FAKE "MOT_FAKE_CUDA=no_device", TUNE "--unverified --budget 1 --out n.json");
    expect_code(&o, 77);
    expect_err(&o, "no device");
    expect_refusal(FAKE "MOT_FAKE_CUDA=no_device MOT_REQUIRE_GPU=1", TUNE "--budget 1", 5, "MOT_REQUIRE_GPU=1",
                   "no device");
    o = run_with(FAKE, TUNE "--unverified --dry-run --out n.json");
    expect_code(&o, 0);
    expect_err(&o, "tune gpu cold-weights f32");
}

/* With "lame" the variants that are picked by themselves take nine times as long: the tuner finds the others. */
static void the_tuner_finds_the_faster_kernels(void **state) {
    (void)state;
    outcome o = run_with(FAKE "MOT_FAKE_CUDA=lame",
                         TUNE "--unverified --budget 40 --journal j.jsonl --out p.json --out t.jsonl");
    expect_code(&o, 0);
    const char *profile = read_text("p.cuda.json");
    assert_non_null(strstr(profile, "\"machine\": \"host-memory-fake-sm90-1\""));
    assert_non_null(strstr(profile, "\"isa\":\"cuda\""));
    assert_non_null(strstr(profile, "\"stage\":\"experts\""));
    assert_null(strstr(profile, "\"choices\":[\"experts_cuda_tiled_128x128x8\"]"));
    assert_non_null(strstr(read_text("t.jsonl"), "\"type\":\"tune\""));
    assert_non_null(strstr(read_text("j.jsonl"), "|t0|cold-weights|cuda|f32"));
    o = run_with(FAKE, BENCH "--isa cuda --stage layer --profile p.json --filter 'cuda_tuned$' --json");
    expect_code(&o, 0);
    expect_out(&o, "\"layer_cuda_tuned\"");
    o = run_with(FAKE "MOT_FAKE_CUDA=sm75", BENCH "--isa cuda --stage layer --profile p.json --json"); /* another GPU */
    assert_null(strstr(o.out, "layer_cuda_tuned"));
}

/* A wrong kernel may be as fast as it likes. */
static void the_wrong_is_not_chosen(void **state) {
    (void)state;
    const outcome o =
        run_with(FAKE "MOT_FAKE_CUDA=hasty", TUNE "--unverified --budget 40 --journal w.jsonl --out w.json");
    expect_code(&o, 0);
    assert_non_null(strstr(read_text("w.jsonl"), "\"choice\":\"mix_cuda_naive\",\"verdict\":\"FAIL\""));
    assert_null(strstr(read_text("w.cuda.json"), "mix_cuda_naive"));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(kernels_are_timed),
                                       cmocka_unit_test(the_librarys_best_is_timed),
                                       cmocka_unit_test(cold_samples_are_flushed),
                                       cmocka_unit_test(the_gpu_has_ceilings),
                                       cmocka_unit_test(times_are_related_to_them),
                                       cmocka_unit_test(what_is_not_right_is_not_timed),
                                       cmocka_unit_test(skipped_alike_is_one_line),
                                       cmocka_unit_test(reports_mark_what_is_unverified),
                                       cmocka_unit_test(tf32_is_best_of_nothing),
                                       cmocka_unit_test(what_turns_wrong_is_mistrusted),
                                       cmocka_unit_test(the_unverified_is_tuned_only_when_asked_for),
                                       cmocka_unit_test(the_tuner_finds_the_faster_kernels),
                                       cmocka_unit_test(the_wrong_is_not_chosen)};
    return cmocka_run_group_tests(tests, driver_set_up, driver_tear_down);
}
