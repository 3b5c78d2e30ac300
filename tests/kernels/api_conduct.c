/* How the library behaves: silent, the environment and the floating-point modes left alone, NaN kept in its group. */
#include "api.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xmmintrin.h>

static const mot_shape shape = {7, 4, 3, 21, 18};

/* ---- NaN and Inf ---- */
static void a_bad_token_spoils_its_group_only(void **state) {
    mot_options options = options_of(isa_or_skip(state), 2);
    problem p = problem_new(shape, 1);
    size_t group = shape.group_size * shape.d_model, count = x_count(&shape);
    const float bad[] = {NAN, INFINITY, -INFINITY};
    float *clean = random_floats(count, 1, 1);
    mot_layer *layer = layer_of(&p, &options);
    assert_int_equal(mot_layer_run(layer, p.x, clean), MOT_OK);
    for (size_t n = 0; n < shape.groups; n++)
        for (size_t b = 0; b < 3; b++) {
            float *spoiled = &p.x[n * group + (n * 7 + b) % group], kept = *spoiled;
            *spoiled = bad[b];
            fill_nan(p.out, count);
            assert_int_equal(mot_layer_run(layer, p.x, p.out), MOT_OK);
            for (size_t i = 0; i < group && b == 0; i++) assert_true(isnan(p.out[n * group + i]));
            memcpy(p.out + n * group, clean + n * group, group * sizeof *clean);
            assert_memory_equal(p.out, clean, count * sizeof *clean);
            *spoiled = kept;
        }
    mot_free(clean);
    mot_layer_destroy(layer);
    problem_free(&p);
}

/* Logits of some hundreds: exp of them overflows unless the largest is subtracted first. */
static void large_logits_are_no_trouble(void **state) {
    mot_options options = options_of(isa_or_skip(state), 1);
    problem p = problem_new(shape, 2);
    for (size_t i = 0; i < controller_count(&shape); i++) p.controller[i] *= 200;
    approx *want = naive_layer(&p, 1);
    mot_layer *layer = layer_of(&p, &options);
    assert_int_equal(mot_layer_run(layer, p.x, p.out), MOT_OK);
    assert_near(p.out, want, x_count(&shape));
    free(want);
    mot_layer_destroy(layer);
    problem_free(&p);
}

/* ---- the floating-point modes: all but the sticky exception flags ---- */
static void modes_are_as_before(void **state) {
    mot_options options = options_of(isa_or_skip(state), 2);
    problem p = problem_new(shape, 3);
    mot_layer *layer = layer_of(&p, &options);
    const unsigned modes[] = {0x1F80, 0x7F80, 0x9FC0, 0x3F80}; /* default, to zero, FTZ and DAZ, down */
    const unsigned before = _mm_getcsr();
    for (size_t i = 0; i < 4; i++) {
        _mm_setcsr(modes[i]);
        mot_status status = mot_layer_run(layer, p.x, p.out);
        unsigned after = _mm_getcsr();
        _mm_setcsr(before);
        assert_int_equal(status, MOT_OK);
        assert_int_equal(after & ~0x3Fu, modes[i] & ~0x3Fu);
    }
    mot_layer_destroy(layer);
    problem_free(&p);
}

/* ---- silence ---- */
static void use_and_misuse_everything(void) {
    problem p = problem_new(shape, 4);
    mot_layer *layer = layer_of(&p, NULL), *none;
    mot_profile *profile;
    mot_options options = options_of(MOT_ISA_BEST, 2);
    mot_shape bad = {1, 0, 1, 1, 1};
    char text[4];
    assert_int_equal(mot_layer_run(layer, p.x, p.out), MOT_OK);
    assert_int_equal(mot_layer_run(layer, p.x, p.x), MOT_ERROR_OVERLAP);
    assert_int_equal(mot_layer_describe(layer, text, sizeof text), MOT_ERROR_BUFFER);
    assert_int_equal(mot_layer_create(&none, &bad, &options, NULL), MOT_ERROR_SHAPE);
    options.dtype = (mot_dtype)9;
    assert_int_equal(mot_layer_create(&none, &shape, &options, NULL), MOT_ERROR_DTYPE);
    assert_int_equal(mot_profile_load(&profile, "no/such/file"), MOT_ERROR_PROFILE_NOT_FOUND);
    assert_int_equal(mot_profile_load_memory(&profile, "{\"a\":", 5), MOT_ERROR_PROFILE_FORMAT);
    mot_status found = mot_profile_find(&profile);
    assert_true(found == MOT_OK || !profile);
    mot_profile_destroy(profile);
    mot_layer_destroy(layer);
    problem_free(&p);
}

static void nothing_is_printed(void **state) {
    (void)state;
    FILE *file = tmpfile();
    assert_non_null(file);
    fflush(NULL);
    int out = dup(STDOUT_FILENO), err = dup(STDERR_FILENO);
    assert_true(dup2(fileno(file), STDOUT_FILENO) >= 0 && dup2(fileno(file), STDERR_FILENO) >= 0);
    use_and_misuse_everything();
    fflush(NULL);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    close(out);
    close(err);
    struct stat written;
    assert_int_equal(fstat(fileno(file), &written), 0);
    fclose(file);
    assert_int_equal(written.st_size, 0);
}

/* ---- the environment ---- */
static mot_options defaults_with(const char *name, const char *value) {
    mot_options options;
    assert_int_equal(setenv(name, value, 1), 0);
    mot_options_default(&options);
    assert_int_equal(unsetenv(name), 0);
    return options;
}

static void thread_count_from_the_environment(void **state) {
    (void)state;
    assert_int_equal(defaults_with("MOT_NUM_THREADS", "1").threads, 1);
    assert_int_equal(defaults_with("MOT_NUM_THREADS", "7").threads, 7);
    assert_int_equal(defaults_with("MOT_NUM_THREADS", "1024").threads, 1024);
    const char *nonsense[] = {"", "0", "-1", "1025", "two", "2x", "1e2", "99999999999999999999", " ", "2 3"};
    for (size_t i = 0; i < sizeof nonsense / sizeof *nonsense; i++)
        assert_int_equal(defaults_with("MOT_NUM_THREADS", nonsense[i]).threads, 0);
}

/* What the default layer is made of, given MOT_ISA. */
static void describe_with(const char *value, char *text, size_t size) {
    mot_layer *layer;
    mot_options options = defaults_with("MOT_ISA", value);
    assert_int_equal(mot_layer_create(&layer, &shape, &options, NULL), MOT_OK);
    assert_int_equal(mot_layer_describe(layer, text, size), MOT_OK);
    mot_layer_destroy(layer);
}

static void isa_from_the_environment_is_a_cap(void **state) {
    (void)state;
    char best[2048], text[2048];
    describe_with("", best, sizeof best);
    describe_with("scalar", text, sizeof text);
    assert_non_null(strstr(text, "_scalar_"));
    assert_null(strstr(text, "_avx"));
    describe_with("avx512", text, sizeof text);
    assert_string_equal(text, best); /* a cap, no demand: fine on any machine */
    const char *nonsense[] = {"AVX9000", "avx", "scalar ", "1"};
    for (size_t i = 0; i < sizeof nonsense / sizeof *nonsense; i++) {
        describe_with(nonsense[i], text, sizeof text);
        assert_string_equal(text, best);
    }
    describe_with("avx2", text, sizeof text);
    assert_null(strstr(text, "_avx512_"));
}

static void only_the_defaults_read_the_environment(void **state) {
    (void)state;
    mot_options options;
    mot_options_default(&options);
    options.isa = MOT_ISA_BEST;
    mot_layer *layer;
    char before[2048], after[2048];
    assert_int_equal(mot_layer_create(&layer, &shape, &options, NULL), MOT_OK);
    assert_int_equal(mot_layer_describe(layer, before, sizeof before), MOT_OK);
    mot_layer_destroy(layer);
    setenv("MOT_ISA", "scalar", 1);
    assert_int_equal(mot_layer_create(&layer, &shape, &options, NULL), MOT_OK);
    unsetenv("MOT_ISA");
    assert_int_equal(mot_layer_describe(layer, after, sizeof after), MOT_OK);
    assert_string_equal(before, after);
    mot_layer_destroy(layer);
}

int main(void) {
    unsetenv("MOT_ISA");
    unsetenv("MOT_NUM_THREADS");
    const struct CMUnitTest tests[] = {
        EACH_ISA(a_bad_token_spoils_its_group_only),
        EACH_ISA(large_logits_are_no_trouble),
        EACH_ISA(modes_are_as_before),
        cmocka_unit_test(nothing_is_printed),
        cmocka_unit_test(thread_count_from_the_environment),
        cmocka_unit_test(isa_from_the_environment_is_a_cap),
        cmocka_unit_test(only_the_defaults_read_the_environment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
