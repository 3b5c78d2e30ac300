/* Wrong tensors: NULL, misaligned, overlapping, a bad workspace, no weights; and the texts of describe. */
#include "api.h"

#include <string.h>

static const mot_shape shape = {3, 4, 2, 5, 6};
static problem data;
static mot_layer *layer;

static int setup(void **state) {
    (void)state;
    mot_options options = options_of(MOT_ISA_BEST, 2);
    data = problem_new(shape, 1);
    layer = layer_of(&data, &options);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    mot_layer_destroy(layer);
    problem_free(&data);
    return 0;
}

static void *off(const void *p, size_t bytes) { return (char *)(uintptr_t)p + bytes; }

static void set_weights(void **state) {
    (void)state;
    const float *c = data.controller, *w1 = data.w1, *w2 = data.w2;
    assert_int_equal(mot_layer_set_weights(NULL, c, w1, w2), MOT_ERROR_NULL);
    assert_int_equal(mot_layer_set_weights(layer, NULL, w1, w2), MOT_ERROR_NULL);
    assert_int_equal(mot_layer_set_weights(layer, c, NULL, w2), MOT_ERROR_NULL);
    assert_int_equal(mot_layer_set_weights(layer, c, w1, NULL), MOT_ERROR_NULL);
    assert_int_equal(mot_layer_set_weights(layer, off(c, 1), w1, w2), MOT_ERROR_ALIGNMENT);
    assert_int_equal(mot_layer_set_weights(layer, c, off(w1, 2), w2), MOT_ERROR_ALIGNMENT);
    assert_int_equal(mot_layer_set_weights(layer, c, w1, off(w2, 3)), MOT_ERROR_ALIGNMENT);
    assert_int_equal(mot_layer_run(layer, data.x, data.out), MOT_OK); /* the old weights are still there */
}

static void run(void **state) {
    (void)state;
    mot_strides strides;
    mot_shape batch = shape;
    assert_int_equal(mot_strides_batch(&strides, &batch, shape.group_size, shape.groups), MOT_OK);
    assert_int_equal(mot_layer_run(NULL, data.x, data.out), MOT_ERROR_NULL);
    assert_int_equal(mot_layer_run(layer, NULL, data.out), MOT_ERROR_NULL);
    assert_int_equal(mot_layer_run(layer, data.x, NULL), MOT_ERROR_NULL);
    assert_int_equal(mot_layer_run(layer, off(data.x, 2), data.out), MOT_ERROR_ALIGNMENT);
    assert_int_equal(mot_layer_run(layer, data.x, off(data.out, 1)), MOT_ERROR_ALIGNMENT);
    assert_int_equal(mot_layer_run_strided(NULL, data.x, data.out, &strides), MOT_ERROR_NULL);
    assert_int_equal(mot_layer_run_strided(layer, NULL, data.out, &strides), MOT_ERROR_NULL);
    assert_int_equal(mot_layer_run_strided(layer, data.x, NULL, &strides), MOT_ERROR_NULL);
    assert_int_equal(mot_layer_run_strided(layer, data.x, data.out, NULL), MOT_ERROR_NULL);
    assert_int_equal(mot_layer_run_strided(layer, data.x, data.x, &strides), MOT_ERROR_OVERLAP);
    assert_int_equal(mot_layer_run_strided(layer, off(data.x, 3), data.out, &strides), MOT_ERROR_ALIGNMENT);
}

static void overlap(void **state) {
    (void)state;
    size_t n = x_count(&shape);
    float *both = random_floats(3 * n, 1, 7), *middle = both + n;
    const size_t overlapping[] = {0, 1, n / 2, n - 1};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(mot_layer_run(layer, middle, middle + overlapping[i]), MOT_ERROR_OVERLAP);
        assert_int_equal(mot_layer_run(layer, middle, middle - overlapping[i]), MOT_ERROR_OVERLAP);
    }
    assert_int_equal(mot_layer_run(layer, middle, middle + n), MOT_OK);
    assert_int_equal(mot_layer_run(layer, middle, middle - n), MOT_OK);
    mot_free(both);
}

static void overlap_is_found_before_any_work(void **state) {
    (void)state;
    size_t n = x_count(&shape);
    float *both = random_floats(2 * n, 1, 8), *copy = random_floats(2 * n, 1, 8);
    assert_int_equal(mot_layer_run(layer, both, both + 1), MOT_ERROR_OVERLAP);
    assert_memory_equal(both, copy, 2 * n * sizeof *both);
    mot_free(both);
    mot_free(copy);
}

static void overlap_of_stages(void **state) {
    (void)state;
    mot_options o = options_of(MOT_ISA_BEST, 1);
    float *m = random_floats(4096, 1, 9), *far = m + 2048;
    assert_int_equal(mot_route(&shape, &o, m, far, m), MOT_ERROR_OVERLAP);
    assert_int_equal(mot_route(&shape, &o, far, m, m + controller_count(&shape) - 1), MOT_ERROR_OVERLAP);
    assert_int_equal(mot_mix(&shape, &o, m, far, m + x_count(&shape) - 1), MOT_ERROR_OVERLAP);
    assert_int_equal(mot_mix(&shape, &o, far, m, m + p_count(&shape) - 1), MOT_ERROR_OVERLAP);
    assert_int_equal(mot_experts(&shape, &o, m, far, far, m + mixed_count(&shape) - 1), MOT_ERROR_OVERLAP);
    assert_int_equal(mot_experts(&shape, &o, far, m, far, m + weights_count(&shape) - 1), MOT_ERROR_OVERLAP);
    assert_int_equal(mot_experts(&shape, &o, far, far, m, m + weights_count(&shape) - 1), MOT_ERROR_OVERLAP);
    assert_int_equal(mot_redistribute(&shape, &o, m, far, m + mixed_count(&shape) - 1), MOT_ERROR_OVERLAP);
    assert_int_equal(mot_redistribute(&shape, &o, far, m, m + p_count(&shape) - 1), MOT_ERROR_OVERLAP);
    mot_free(m);
}

static void null_and_misaligned_tensors_of_stages(void **state) {
    (void)state;
    mot_options o = options_of(MOT_ISA_BEST, 1);
    float *m = random_floats(4096, 1, 9), *out = m + 2048;
    const struct {
        const float *a, *b, *c;
        float *out;
        mot_status want;
    } cases[] = {
        {NULL, m, m, out, MOT_ERROR_NULL},
        {m, NULL, m, out, MOT_ERROR_NULL},
        {m, m, m, NULL, MOT_ERROR_NULL},
        {off(m, 1), m, m, out, MOT_ERROR_ALIGNMENT},
        {m, off(m, 2), m, out, MOT_ERROR_ALIGNMENT},
        {m, m, m, off(out, 3), MOT_ERROR_ALIGNMENT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(mot_route(&shape, &o, cases[i].a, cases[i].b, cases[i].out), cases[i].want);
        assert_int_equal(mot_mix(&shape, &o, cases[i].a, cases[i].b, cases[i].out), cases[i].want);
        assert_int_equal(mot_redistribute(&shape, &o, cases[i].a, cases[i].b, cases[i].out), cases[i].want);
        assert_int_equal(mot_experts(&shape, &o, cases[i].a, cases[i].b, cases[i].c, cases[i].out), cases[i].want);
    }
    assert_int_equal(mot_experts(&shape, &o, m, m, NULL, out), MOT_ERROR_NULL);
    assert_int_equal(mot_experts(&shape, &o, m, m, off(m, 2), out), MOT_ERROR_ALIGNMENT);
    mot_free(m);
}

static void workspace(void **state) {
    (void)state;
    size_t bytes = mot_layer_workspace_bytes(layer);
    assert_int_equal(mot_layer_workspace_bytes(NULL), 0);
    assert_true(bytes > 0 && bytes % 64 == 0);
    char *ws = mot_alloc(bytes + 64);
    assert_non_null(ws);
    assert_int_equal(mot_layer_run_ws(NULL, data.x, data.out, ws, bytes), MOT_ERROR_NULL);
    assert_int_equal(mot_layer_run_ws(layer, NULL, data.out, ws, bytes), MOT_ERROR_NULL);
    assert_int_equal(mot_layer_run_ws(layer, data.x, NULL, ws, bytes), MOT_ERROR_NULL);
    assert_int_equal(mot_layer_run_ws(layer, data.x, data.out, NULL, bytes), MOT_ERROR_NULL);
    assert_int_equal(mot_layer_run_ws(layer, data.x, data.out, ws, bytes - 1), MOT_ERROR_WORKSPACE);
    assert_int_equal(mot_layer_run_ws(layer, data.x, data.out, ws, 0), MOT_ERROR_WORKSPACE);
    for (size_t shift = 4; shift < 64; shift *= 2)
        assert_int_equal(mot_layer_run_ws(layer, data.x, data.out, ws + shift, bytes), MOT_ERROR_WORKSPACE);
    assert_int_equal(mot_layer_run_ws(layer, data.x, (float *)ws, ws, bytes), MOT_ERROR_OVERLAP);
    assert_int_equal(mot_layer_run_ws(layer, (float *)(ws + bytes) - 1, data.out, ws, bytes), MOT_ERROR_OVERLAP);
    assert_int_equal(mot_layer_run_ws(layer, data.x, data.x, ws, bytes), MOT_ERROR_OVERLAP);
    assert_int_equal(mot_layer_run_ws(layer, data.x, data.out, ws + 64, bytes), MOT_OK);
    mot_free(ws);
}

static void run_before_weights(void **state) {
    (void)state;
    mot_layer *empty;
    mot_strides strides = {1, 5, 20, 5, 0};
    assert_int_equal(mot_layer_create(&empty, &shape, NULL, NULL), MOT_OK);
    size_t bytes = mot_layer_workspace_bytes(empty);
    void *ws = mot_alloc(bytes);
    assert_int_equal(mot_layer_run(empty, data.x, data.out), MOT_ERROR_WEIGHTS);
    assert_int_equal(mot_layer_run_strided(empty, data.x, data.out, &strides), MOT_ERROR_WEIGHTS);
    assert_int_equal(mot_layer_run_ws(empty, data.x, data.out, ws, bytes), MOT_ERROR_WEIGHTS);
    mot_free(ws);
    mot_layer_destroy(empty);
}

static void describe_names_every_choice(void **state) {
    (void)state;
    char text[2048], small[8], untouched = 'x';
    assert_int_equal(mot_layer_describe(layer, text, sizeof text), MOT_OK);
    assert_non_null(strstr(text, "default"));
    assert_non_null(strstr(text, "experts_"));
    assert_non_null(strstr(text, "redistribute_"));
    size_t named = 0;
    for (size_t i = 0; i < mot_variant_count(); i++) named += strstr(text, mot_variant_name(i)) != NULL;
    assert_true(named >= 3);
    assert_int_equal(mot_layer_describe(NULL, text, sizeof text), MOT_ERROR_NULL);
    assert_int_equal(mot_layer_describe(layer, NULL, 10), MOT_ERROR_NULL);
    assert_int_equal(mot_layer_describe(layer, &untouched, 0), MOT_ERROR_BUFFER);
    assert_int_equal(untouched, 'x');
    assert_int_equal(mot_layer_describe(layer, small, sizeof small), MOT_ERROR_BUFFER);
    assert_int_equal(strlen(small), sizeof small - 1);
    assert_memory_equal(small, text, sizeof small - 1);
    size_t length = strlen(text);
    assert_int_equal(mot_layer_describe(layer, text, length + 1), MOT_OK);
    assert_int_equal(mot_layer_describe(layer, text, length), MOT_ERROR_BUFFER);
    assert_int_equal(strlen(text), length - 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_weights),
        cmocka_unit_test(run),
        cmocka_unit_test(overlap),
        cmocka_unit_test(overlap_is_found_before_any_work),
        cmocka_unit_test(overlap_of_stages),
        cmocka_unit_test(null_and_misaligned_tensors_of_stages),
        cmocka_unit_test(workspace),
        cmocka_unit_test(run_before_weights),
        cmocka_unit_test(describe_names_every_choice),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
