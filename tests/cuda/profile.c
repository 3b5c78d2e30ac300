/* profile.c: tuned choices of a GPU in mot/cuda.h: which files are read, and what of them is used. The device is host
 * memory; the profiles are written here. */
#define _GNU_SOURCE
#include "cuda_table.h"

#include "mot/cuda.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define MACHINE "host-memory-fake-sm90-1"
#define NAIVE "\"route_cuda_naive\",\"mix_cuda_naive\",\"experts_cuda_naive\",\"redistribute_cuda_naive\""
#define TF32 "\"route_cuda_naive\",\"mix_cuda_naive\",\"experts_cuda_tf32_mma_128x128x32\",\"redistribute_cuda_naive\""
#define CUBLAS "\"route_cuda_naive\",\"mix_cuda_naive\",\"experts_cuda_cublas\",\"redistribute_cuda_naive\""

static const mot_shape shape = {8, 5, 4, 16, 12};

/* ---- files ---- */

static void write_profile(const char *path, const char *machine, uint64_t kernels, const char *entries) {
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fprintf(f,
            "{\"format\":\"mot-profile\",\"schema\":1,\"library\":\"%s\",\"kernels\":\"%016" PRIx64
            "\",\"machine\":\"%s\",\"entries\":[%s]}",
            mot_version_string(), kernels, machine, entries);
    assert_int_equal(fclose(f), 0);
}

static const char *entry(const char *stage, const char *where, const char *choices) {
    static char text[1024];
    snprintf(text, sizeof text,
             "{\"stage\":\"%s\",\"dtype\":\"f32\",%s,\"cache\":\"cold-weights\",\"dims\":{\"d\":16,\"e\":4,\"g\":8,"
             "\"h\":12,\"t\":5},\"choices\":[%s]}",
             stage, where, choices);
    return text;
}
#define ON_GPU "\"isa\":\"cuda\",\"threads\":0"

static mot_cuda_profile *profile_with(const char *entries) {
    mot_cuda_profile *p;
    write_profile("gpu.json", MACHINE, mot_cuda_table_hash(), entries);
    assert_int_equal(mot_cuda_profile_load(&p, "gpu.json", -1), MOT_OK);
    return p;
}

static int set_up(void **state) {
    (void)state;
    return unsetenv("MOT_FAKE_CUDA");
}

static void expect(mot_status status, const char *path, int device) {
    mot_cuda_profile *p = (mot_cuda_profile *)1;
    assert_int_equal(mot_cuda_profile_load(&p, path, device), status);
    assert_int_equal(p == NULL, status != MOT_OK);
    mot_cuda_profile_destroy(p);
}

static void only_this_gpus_are_read(void **state) {
    const uint64_t kernels = mot_cuda_table_hash();
    (void)state;
    write_profile("mine.json", MACHINE, kernels, "");
    write_profile("others.json", "nvidia-h100-80gb-hbm3-sm90-132", kernels, "");
    write_profile("old.json", MACHINE, kernels + 1, "");
    expect(MOT_OK, "mine.json", -1);
    expect(MOT_OK, "mine.json", 0);
    expect(MOT_ERROR_PROFILE_MACHINE, "others.json", 0);
    expect(MOT_ERROR_PROFILE_VERSION, "old.json", 0);
    expect(MOT_ERROR_PROFILE_NOT_FOUND, "none.json", 0);
    expect(MOT_ERROR_PROFILE_IO, ".", 0);
    expect(MOT_ERROR_NULL, NULL, 0);
    expect(MOT_ERROR_OPTIONS, "mine.json", -2);
    expect(MOT_ERROR_DEVICE, "mine.json", 1);
    assert_int_equal(mot_cuda_profile_load(NULL, "mine.json", 0), MOT_ERROR_NULL);
    assert_int_equal(setenv("MOT_FAKE_CUDA", "sm75", 1), 0);
    expect(MOT_ERROR_DEVICE, "mine.json", 0);
    mot_profile *p; /* and not as a processor's */
    assert_int_equal(mot_profile_load(&p, "mine.json"), MOT_ERROR_PROFILE_VERSION);
}

static void folders_are_searched(void **state) {
    mot_cuda_profile *p;
    char folder[] = "/tmp/mot-profile-XXXXXX", path[128];
    (void)state;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(setenv("XDG_CONFIG_HOME", folder, 1) | setenv("XDG_CACHE_HOME", folder, 1), 0);
    assert_int_equal(setenv("MOT_PROFILE", "a/processors.json", 1), 0);
    assert_int_equal(mot_cuda_profile_find(&p, -1), MOT_ERROR_PROFILE_NOT_FOUND);
    assert_null(p);
    snprintf(path, sizeof path, "%s/mot", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    strcat(path, "/" MACHINE ".json");
    write_profile(path, MACHINE, mot_cuda_table_hash(), "");
    assert_int_equal(mot_cuda_profile_find(&p, 0), MOT_OK);
    mot_cuda_profile_destroy(p);
    assert_int_equal(mot_cuda_profile_find(NULL, 0), MOT_ERROR_NULL);
    remove(path);
    *strrchr(path, '/') = 0;
    assert_int_equal(rmdir(path) | rmdir(folder), 0);
}

/* ---- what is used ---- */

static mot_cuda_options with(const mot_cuda_profile *p) {
    mot_cuda_options o;
    mot_cuda_options_default(&o);
    o.unverified = 1;
    o.profile = p;
    return o;
}

/* The kernels of a layer, which outlives its profile. */
static void describe(char *text, size_t size, mot_shape s, mot_cuda_options o) {
    mot_cuda_layer *l;
    assert_int_equal(mot_cuda_layer_create(&l, &s, &o), MOT_OK);
    assert_int_equal(mot_cuda_layer_describe(l, text, size), MOT_OK);
    mot_cuda_layer_destroy(l);
}

static void expect_layer(const char *entries, size_t groups, int tf32, bool tuned) {
    char text[400];
    mot_shape s = shape;
    s.groups = groups;
    mot_cuda_profile *p = profile_with(entries);
    mot_cuda_options o = with(p);
    o.tf32 = tf32;
    describe(text, sizeof text, s, o);
    mot_cuda_profile_destroy(p);
    const bool is = strstr(text, "route_cuda_naive (unverified, profile)") != NULL;
    if (is != tuned) fail_msg("G = %zu, tf32 %d: %s", groups, tf32, text);
    assert_int_equal(strstr(text, ", default)") == NULL, tuned);
}

static void a_layer_is_looked_up(void **state) {
    char text[400];
    (void)state;
    describe(text, sizeof text, shape, with(NULL));
    assert_null(strstr(text, ", profile)"));
    expect_layer(entry("layer", ON_GPU, NAIVE), 8, 0, true);
    expect_layer(entry("layer", ON_GPU, NAIVE), 4, 0, true);
    expect_layer(entry("layer", ON_GPU, NAIVE), 3, 0, false);
    expect_layer(entry("layer", ON_GPU, NAIVE), 17, 0, false);
    expect_layer(entry("layer", "\"isa\":\"avx2\",\"threads\":2", NAIVE), 8, 0, false);
    expect_layer(entry("layer", "\"isa\":\"cuda\",\"threads\":1", NAIVE), 8, 0, false);
    expect_layer(entry("layer", ON_GPU, "\"mix_cuda_naive\""), 8, 0, false);
}

/* A profile chooses among what the options allow, no more. */
static void options_go_before_it(void **state) {
    mot_cuda_layer *l;
    mot_cuda_profile *p = profile_with(entry("layer", ON_GPU, NAIVE));
    mot_cuda_options o = with(p);
    (void)state;
    o.unverified = 0;
    if (!mot_cuda_verified(mot_cuda_of(mot_cuda_profile_owner(&(mot_cuda_device){.sm = 90}).find("mix_cuda_naive"))))
        assert_int_equal(mot_cuda_layer_create(&l, &shape, &o), MOT_ERROR_UNVERIFIED);
    mot_cuda_profile_destroy(p);
    expect_layer(entry("layer", ON_GPU, TF32), 8, 0, false);
    expect_layer(entry("layer", ON_GPU, TF32), 8, 1, true);
    expect_layer(entry("layer", ON_GPU, CUBLAS), 8, 1, false);
}

/* With "hasty" mix_cuda_naive does nothing, so that it shows which kernel a stage alone has used. */
static void a_stage_is_looked_up(void **state) {
    enum { X = 8 * 5 * 16, P = 8 * 5 * 4, M = 4 * 8 * 16 };
    float *x = mot_alloc(X * sizeof *x), *w = mot_alloc(P * sizeof *w), *mixed = mot_alloc(M * sizeof *mixed);
    mot_cuda_profile *p = profile_with(entry("mix", ON_GPU, "\"mix_cuda_naive\""));
    (void)state;
    assert_int_equal(setenv("MOT_FAKE_CUDA", "hasty", 1), 0);
    for (int tuned = 0; tuned < 2; tuned++) {
        const mot_cuda_options o = with(tuned ? p : NULL);
        for (int i = 0; i < X; i++) x[i] = 1;
        for (int i = 0; i < P; i++) w[i] = 1;
        for (int i = 0; i < M; i++) mixed[i] = -7;
        assert_int_equal(mot_cuda_mix(&shape, &o, x, w, mixed, NULL), MOT_OK);
        for (int i = 0; i < M; i++) assert_true(mixed[i] == (tuned ? -7 : 5));
    }
    mot_cuda_profile_destroy(p);
    mot_free(x), mot_free(w), mot_free(mixed);
}

#define CASE(name) cmocka_unit_test_setup(name, set_up)
int main(void) {
    const struct CMUnitTest tests[] = {CASE(only_this_gpus_are_read), CASE(folders_are_searched),
                                       CASE(a_layer_is_looked_up), CASE(options_go_before_it),
                                       CASE(a_stage_is_looked_up)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
