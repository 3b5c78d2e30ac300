/* peers.c: peer libraries keep the same contract as our kernels; candidates are one list. */
#include "check.h"
#include "cpu.h"
#include "cuda_device.h"
#include "numbers.h"

#include <dlfcn.h>
#include <limits.h>
#include <malloc.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void candidates_are_ours_and_theirs(void **state) {
    size_t theirs = 0;
    (void)state;
    for (size_t i = 0; i < peer_count(); i++) theirs += peer_at(i)->variant_count;
    assert_int_equal(candidate_count(), mot_registry_count() + theirs + mot_cuda_count());
    assert_null(candidate_at(candidate_count()));
    assert_null(candidate_find("experts_blas_nothing"));
    for (size_t i = 0; i < candidate_count(); i++) {
        const mot_variant *v = candidate_at(i);
        assert_ptr_equal(candidate_find(v->name), v); /* so names are unique */
        assert_int_equal(candidate_peer(v) != NULL, i >= mot_registry_count() && !candidate_cuda(v));
        assert_int_equal(candidate_cuda(v) != NULL, i >= mot_registry_count() + theirs);
    }
}

static void what_cannot_run_has_a_reason(void **state) {
    (void)state;
    for (size_t i = 0; i < mot_registry_count(); i++) {
        const mot_variant *v = candidate_at(i);
        const char *reason = candidate_why_not(v);
        assert_int_equal(reason == NULL, v->isa <= mot_cpu_isa());
        if (reason) assert_true(strlen(reason) > 3);
    }
}

/* "layer_bf16_onednn_packed" for "experts_blas_onednn_bf16_packed". */
static void expect_layer_name(const peer *p, size_t layer, const mot_variant *experts) {
    const bool bf16 = experts->dtype == MOT_BF16, packed = strstr(experts->name, "_packed") != NULL;
    char name[48], expected[48];
    snprintf(expected, sizeof expected, "layer%s_%s%s", bf16 ? "_bf16" : "", p->library, packed ? "_packed" : "");
    peer_layer_name(name, sizeof name, "layer", p, layer);
    assert_string_equal(name, expected);
    peer_layer_name(name, sizeof name, "dense_ffn", p, layer);
    assert_memory_equal(name, "dense_ffn_", 10);
    assert_string_equal(strstr(name, p->library), strstr(expected, p->library));
}

static void layers_of_peers_are_layers(void **state) {
    (void)state;
    for (size_t i = 0; i < peer_count(); i++) {
        assert_true(peer_layer_count(peer_at(i)) > 0);
        for (size_t k = 0; k < peer_layer_count(peer_at(i)); k++) {
            const mot_plan plan = peer_layer(peer_at(i), k);
            assert_true(mot_plan_is_layer(&plan)); /* so all of one data type */
            assert_null(candidate_why_not(plan.step[0].variant));
            expect_layer_name(peer_at(i), k, plan.step[2].variant);
        }
        assert_non_null(strpbrk(peer_at(i)->version(), "0123456789"));
        print_message("%s\n", peer_at(i)->version());
    }
}

/* Strided tokens, short last groups, ranges that begin and end inside an expert. */
static void their_numbers_agree(void **state) {
    static const mot_shape shape[] = {{5, 3, 4, 17, 9}, {8, 32, 32, 64, 48}, {3, 7, 1, 33, 65}, {1, 5, 6, 40, 24},
                                      {2, 1, 3, 16, 8}, {1, 1, 1, 1, 1},     {9, 4, 2, 131, 70}};
    (void)state;
    for (size_t i = 0; i < peer_count(); i++)
        for (size_t k = 0; k < sizeof shape / sizeof *shape; k++)
            for (size_t v = 0; v < peer_at(i)->variant_count; v++) {
                const mot_choice c = {&peer_at(i)->variants[v], {{0}}};
                const check_options o = {.seed = 5, .threads = 3, .strided = true, .enter = peer_at(i)->enter};
                const check_result r = check_choice(&c, &shape[k], &o);
                if (r.verdict != VERDICT_PASS) fail_msg("%s: %s", c.variant->name, r.reason);
                assert_true(r.compared > 0);
            }
}

static void sizes_that_blas_cannot_hold_are_refused(void **state) {
    const size_t big = (size_t)INT_MAX + 1;
    const mot_shape bad[] = {{1, 1, 1, big, 1}, {1, 1, 1, 1, big},     {1, 1, big, 1, 1},
                             {1, big, 1, 1, 1}, {big / 4, 1, 1, 8, 1}, {SIZE_MAX, 1, 1, SIZE_MAX, 1}};
    const mot_shape good = {64, 32, 32, 512, 2048};
    (void)state;
    for (size_t i = 0; i < peer_count(); i++)
        for (size_t v = 0; v < peer_at(i)->variant_count; v++) {
            const mot_variant *variant = &peer_at(i)->variants[v];
            const mot_config config = mot_config_default(variant);
            assert_true(variant->supports(&good, &config));
            for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) assert_false(variant->supports(&bad[k], &config));
        }
}

/* What a library has for bf16, it has under the same names, with its tag. */
static void bf16_is_named(void **state) {
    size_t found = 0;
    (void)state;
    for (size_t i = 0; i < peer_count(); i++)
        for (size_t v = 0; v < peer_at(i)->variant_count; v++) {
            const mot_variant *variant = &peer_at(i)->variants[v];
            assert_int_equal(strstr(variant->name, "_bf16") != NULL, variant->dtype == MOT_BF16);
            found += variant->dtype == MOT_BF16;
        }
    print_message("%zu variants of peers are bf16\n", found);
}

/* BLIS and OpenBLAS export the same names; whoever is linked first is called. */
static void each_calls_its_own_library(void **state) {
    static const struct {
        const char *library, *function, *file;
    } owner[] = {{"openblas", "cblas_sgemm", "openblas"},
                 {"openblas", "cblas_sgemv", "openblas"},
                 {"blis", "bli_sgemm_ex", "libblis"},
                 {"blis", "bli_sgemv_ex", "libblis"},
                 {"onednn", "dnnl_sgemm", "libdnnl"}};
    (void)state;
    for (size_t k = 0; k < sizeof owner / sizeof *owner; k++)
        for (size_t i = 0; i < peer_count(); i++) {
            Dl_info info = {0};
            if (strcmp(peer_at(i)->library, owner[k].library)) continue;
            assert_true(dladdr(dlsym(RTLD_DEFAULT, owner[k].function), &info) != 0);
            if (!strstr(info.dli_fname, owner[k].file)) fail_msg("%s is of %s", owner[k].function, info.dli_fname);
        }
}

static int threads_of_the_process(void) {
    char text[4096];
    FILE *file = fopen("/proc/self/status", "r");
    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = 0;
    fclose(file);
    const char *line = strstr(text, "\nThreads:");
    assert_non_null(line);
    return atoi(line + strlen("\nThreads:"));
}

enum { FLOATS = 64 * 32 * 256 }; /* of x, the largest tensor here */

/* Big enough that a library which may use threads does. Bytes of mixed, and zeros elsewhere; the caller frees y. */
static float *run_alone(const mot_variant *v, int mixed) {
    const mot_shape s = {64, 32, 2, 256, 256};
    const mot_choice c = {v, mot_config_default(v)};
    const size_t floats = FLOATS;
    float *data = calloc(6 * floats, sizeof *data), *y = calloc(floats, sizeof *y);
    void *scratch = aligned_alloc(64, (mot_step_scratch_bytes(&c, &s, 1) + 127) / 64 * 64);
    assert_true(data && y && scratch);
    memset(data + 2 * floats, mixed, floats * sizeof *data);
    const mot_tensors t = {.x = data,
                           .controller = data,
                           .w1 = data,
                           .w2 = data,
                           .p = data + floats,
                           .mixed = data + 2 * floats,
                           .y = y,
                           .out = data + 4 * floats,
                           .strides = mot_strides_contiguous(&s),
                           .temperature = 1,
                           .scratch = scratch};
    mot_step_run(&c, &s, &t, 1);
    free(scratch);
    free(data);
    return y;
}

/* Also one with its sign set, as Inf - Inf makes it. */
static void relu_lets_every_nan_pass(void **state) {
    (void)state;
    for (size_t i = 0; i < peer_count(); i++)
        for (size_t v = 0; v < peer_at(i)->variant_count; v++) {
            const mot_variant *variant = &peer_at(i)->variants[v];
            if (variant->stage != MOT_STAGE_EXPERTS) continue;
            peer_at(i)->enter();
            float *y = run_alone(variant, 0xff);
            if (!isnan(numbers_get((numbers){y, variant->dtype}, 0))) fail_msg("%s lost a NaN", variant->name);
            free(y);
        }
}

/* Before each turn another library, or ours, has asked for many threads. */
static void they_compute_alone(void **state) {
    void (*set_threads)(int);
    (void)state;
    *(void **)&set_threads = dlsym(RTLD_DEFAULT, "omp_set_num_threads");
    for (size_t i = 0; i < peer_count(); i++)
        for (size_t v = 0; v < peer_at(i)->variant_count; v++) {
            if (set_threads) set_threads(16);
            peer_at(i)->enter();
            const int before = threads_of_the_process();
            free(run_alone(&peer_at(i)->variants[v], 0));
            if (threads_of_the_process() != before) fail_msg("%s starts threads", peer_at(i)->variants[v].name);
        }
}

/* Runs all that a peer has on shapes that nobody had before, then leaves it; the memory that is still in use. */
static size_t kept_after(size_t round) {
    for (size_t i = 0; i < peer_count(); i++)
        for (size_t v = 0; v < peer_at(i)->variant_count; v++)
            for (size_t k = 0; k < 8; k++) {
                const mot_choice c = {&peer_at(i)->variants[v], {{0}}};
                const mot_shape s = {2 + round, 3, 2, 16 * (1 + k) + round, 24 + round};
                const check_options o = {.seed = 1, .threads = 1, .quick = true, .enter = peer_at(i)->enter};
                assert_int_equal(check_choice(&c, &s, &o).verdict, VERDICT_PASS);
            }
    peers_leave();
    return mallinfo2().uordblks;
}

/* Code that a library makes for a shape is some 10 KiB. LIBXSMM's lies in memory of its own, and stays. */
static void who_is_left_keeps_nothing(void **state) {
    size_t before = 0;
    (void)state;
    for (size_t round = 0; round < 4; round++) {
        const size_t kept = kept_after(round);
        print_message("round %zu: %zu bytes in use\n", round, kept);
        if (round > 1) assert_true(kept < before + 20000);
        before = kept;
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(candidates_are_ours_and_theirs),
                                       cmocka_unit_test(what_cannot_run_has_a_reason),
                                       cmocka_unit_test(layers_of_peers_are_layers),
                                       cmocka_unit_test(their_numbers_agree),
                                       cmocka_unit_test(sizes_that_blas_cannot_hold_are_refused),
                                       cmocka_unit_test(bf16_is_named),
                                       cmocka_unit_test(each_calls_its_own_library),
                                       cmocka_unit_test(relu_lets_every_nan_pass),
                                       cmocka_unit_test(they_compute_alone),
                                       cmocka_unit_test(who_is_left_keeps_nothing)};
    if (peer_count() == 0) puts("built without any peer library: only our own candidates are looked at");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
