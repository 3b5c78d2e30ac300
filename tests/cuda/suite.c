/* suite.c: motbench with a GPU that is none: everything but the device itself is real. */
#include "driver.h"

#include <stdio.h>
#include <string.h>

#define FAKE "MOT_CUDA_MODULE=" FAKE_CUDA " "

static void everything_passes(void **state) {
    (void)state;
    outcome o = run_with(FAKE, "check --filter cuda --shape g3t4e5d40h24 --shape g1t33e2d7h9 --json");
    expect_code(&o, 0);
    expect_err(&o, " 0 failed, 0 skipped");
    expect_out(&o, "\"layer_bf16_cuda\"");
    expect_out(&o, "\"isa\": \"cuda\"");
    o = run_with(FAKE "MOT_CUDA_EXACT=1", "check --filter cuda --shape g3t33e5d40h24");
    expect_code(&o, 0);
}

/* ---- there is no GPU */

static void expect_skipped(const char *environment, const char *reason) {
    char required[600];
    outcome o = run_with(environment, "check --filter '^mix_cuda' --shape g2t3e4d5h6");
    expect_code(&o, 77);
    expect_out(&o, "mix_cuda_cublas and 9 more");
    expect_out(&o, "SKIP");
    expect_out(&o, reason);
    assert_null(strstr(o.out, "mix_cuda_naive"));
    snprintf(required, sizeof required, "%s MOT_REQUIRE_GPU=1", environment);
    expect_refusal(required, "check --filter '^mix_cuda' --shape g2t3e4d5h6", 5, "MOT_REQUIRE_GPU=1", reason);
    o = run_with(required, "check --filter '^mix_scalar' --shape g1t2e3d4h5"); /* it asks for no GPU */
    expect_code(&o, 0);
}

static void without_a_gpu_rows_say_why(void **state) {
    (void)state;
    expect_skipped("MOT_CUDA_MODULE=/nowhere/libmot_cuda.so", "/nowhere/libmot_cuda.so");
    expect_skipped("MOT_CUDA_MODULE=" MOTBENCH, MOTBENCH);
    expect_skipped(FAKE "MOT_FAKE_CUDA=no_driver", "no driver, or one too old");
    expect_skipped(FAKE "MOT_FAKE_CUDA=no_device", "no device: no CUDA-capable device (CUDA error 100)");
    expect_skipped(FAKE "MOT_FAKE_CUDA=none", "the driver shows none");
    const outcome o = run_with(FAKE "MOT_FAKE_CUDA=sm75 MOT_REQUIRE_GPU=1", "check --filter '^mix_cuda_naive'");
    expect_code(&o, 77); /* there is a GPU: it is too old for this kernel */
    expect_out(&o, "needs sm_80: host memory (fake) is sm_75");
    const outcome blas = run_with(FAKE "MOT_FAKE_CUDA=no_blas", "check --filter '^experts_cuda_cublaslt'");
    expect_code(&blas, 77);
    expect_out(&blas, "libcublasLt.so is not here");
    const outcome plain = run_with(FAKE "MOT_FAKE_CUDA=no_cublas", "check --filter '^(mix|layer)_cuda_cublas'");
    expect_code(&plain, 77);
    expect_out(&plain, "libcublas.so is not here");
}

/* Our use of cuBLAS and cublasLt, on libraries that compute what the real ones document, and truncate where they may
 * round. */
static void products_by_cublas_are_the_layers(void **state) {
    static const char *const shapes = "--shape g7t6e5d19h21 --shape g2t33e3d7h65 --shape g1t1e1d1h1";
    char command[200];
    (void)state;
    snprintf(command, sizeof command, "check --filter 'cublas(lt)?$' %s", shapes);
    const outcome o = run_with(FAKE "MOT_FAKE_CUDA=cublas", command);
    if (strstr(o.out, "built without cublas_v2.h")) {
        print_message("SKIP: cublas_v2.h is not here\n");
        skip();
    }
    expect_code(&o, 0);
    expect_out(&o, "layer_bf16_cuda_cublas");
    expect_out(&o, "experts_cuda_tf32_cublaslt");
    expect_err(&o, " 0 failed, 0 skipped");
}

static void kernels_are_listed_unverified(void **state) {
    (void)state;
    outcome o = run_with(FAKE "MOT_FAKE_CUDA=no_driver", "list --filter '^mix_cuda_naive'");
    expect_code(&o, 0);
    assert_string_equal(o.out, "~mix_cuda_naive\tunverified\n");
    o = run_with(FAKE, "list --filter '^mix_(cuda_naive|scalar_4x4)'");
    assert_string_equal(o.out, "mix_scalar_4x4\nmix_cuda_naive\tunverified\n");
    o = run_with(FAKE, "list --isa cuda");
    expect_out(&o, "mix_cuda_naive\t");
    assert_null(strstr(o.out, "mix_scalar"));
    assert_null(strstr(o.out, "_blas_"));
    o = run_with(FAKE, "list --isa scalar,cuda --filter '^mix_(scalar|avx2|cuda)'");
    expect_out(&o, "mix_cuda_naive\t");
    expect_out(&o, "mix_scalar_4x4\n");
    assert_null(strstr(o.out, "mix_avx2"));
    o = run_with(FAKE, "list --filter '^mix_cuda_naive' --json");
    expect_out(&o, "\"verified\": \"unverified\"");
}

static void info_and_doctor_agree(void **state) {
    (void)state;
    outcome o = run_with(FAKE, "info --json");
    expect_out(&o, "\"kernels\": true");
    expect_out(&o, "\"device\": \"host memory (fake)\"");
    o = run_with(FAKE "MOT_FAKE_CUDA=no_driver", "info --json");
    expect_out(&o, "\"kernels\": false");
    expect_out(&o, "no driver, or one too old");
}

/* ---- the GPU is wrong */

static void expect_found(const char *fault, const char *flags, int code, const char *verdict, const char *reason) {
    char environment[600], command[200];
    snprintf(environment, sizeof environment, FAKE "MOT_FAKE_CUDA=%s", fault);
    snprintf(command, sizeof command, "check --filter '^mix_cuda' --shape g2t3e4d5h6 %s", flags);
    const outcome o = run_with(environment, command);
    expect_code(&o, code);
    expect_out(&o, verdict);
    expect_out(&o, reason);
}

static void faults_are_found(void **state) {
    (void)state;
    expect_found("wrong", "", 1, "FAIL", "expected");
    expect_found("nothing", "", 1, "FAIL", "not written");
    expect_found("stray", "", 1, "FAIL", "of mixed on the device");
    const outcome o = run_with(FAKE "MOT_FAKE_CUDA=scratch", "check --filter '^experts_cuda_naive' --shape g2t3e4d5h6");
    expect_code(&o, 1);
    expect_out(&o, "of scratch on the device");
    expect_found("input", "", 1, "FAIL", "input changed: x");
    expect_found("flaky", "", 1, "FAIL", "not repeatable");
    expect_found("access", "", 1, "CRASH", "CUDA, running: fake error (error 700");
    expect_found("die", "", 1, "CRASH", "the process that used the device ended");
    expect_found("hang", "--timeout 0.3", 1, "TIMEOUT", "no result after 0.3 s");
    expect_found("memory", "", 77, "SKIP", "out of device memory");
}

/* Only a kernel that says so may round its factors; one that does is held to what that costs. */
static void tf32_is_for_those_that_say_so(void **state) {
    static const char *const shapes = "--shape g7t6e5d19h21 --shape g3t4e2d160h96";
    char command[200];
    (void)state;
    snprintf(command, sizeof command, "check --filter '^experts_cuda_tf32' %s", shapes);
    outcome o = run_with(FAKE "MOT_FAKE_CUDA=tf32", command);
    expect_code(&o, 0);
    expect_err(&o, " 0 failed, 0 skipped");
    snprintf(command, sizeof command, "check --filter '^experts_cuda_naive' %s", shapes);
    o = run_with(FAKE "MOT_FAKE_CUDA=tf32", command);
    expect_code(&o, 1);
    o = run_with(FAKE, "list --filter '^experts_cuda_tf32' --json");
    expect_out(&o, "\"dtype\": \"f32\"");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(everything_passes),
                                       cmocka_unit_test(without_a_gpu_rows_say_why),
                                       cmocka_unit_test(products_by_cublas_are_the_layers),
                                       cmocka_unit_test(kernels_are_listed_unverified),
                                       cmocka_unit_test(info_and_doctor_agree),
                                       cmocka_unit_test(tf32_is_for_those_that_say_so),
                                       cmocka_unit_test(faults_are_found)};
    return cmocka_run_group_tests(tests, driver_set_up, driver_tear_down);
}
