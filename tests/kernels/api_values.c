/* What is computed, against plain f64, for every ISA of this machine: odd shapes, dirty outputs, any alignment. */
#include "api.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const mot_shape shapes[] = {
    {1, 1, 1, 1, 1},   {3, 2, 5, 7, 3},    {2, 17, 3, 33, 15}, {9, 5, 16, 31, 65},  {1, 32, 4, 64, 128},
    {5, 8, 8, 63, 17}, {33, 3, 2, 15, 31}, {1, 65, 1, 9, 2},   {17, 16, 7, 16, 16}, {4, 31, 33, 48, 96},
    {65, 1, 1, 3, 5},  {2, 9, 65, 17, 1},  {1, 4, 6, 129, 67}, {7, 7, 15, 97, 33},
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static void layer_agrees(void **state) {
    mot_options options = options_of(isa_or_skip(state), 0);
    for (size_t i = 0; i < SHAPES; i++) {
        options.temperature = i % 3 ? 1 : 0.5f;
        options.threads = (int)(i % 4);
        problem p = problem_new(shapes[i], i);
        approx *want = naive_layer(&p, (double)options.temperature);
        mot_layer *layer = layer_of(&p, &options);
        assert_int_equal(mot_layer_run(layer, p.x, p.out), MOT_OK);
        assert_near(p.out, want, x_count(&shapes[i]));
        mot_layer_destroy(layer);
        free(want);
        problem_free(&p);
    }
}

static void stages_agree_on(const mot_shape *s, const mot_options *o, uint64_t seed) {
    problem d = problem_new(*s, seed);
    float *p = random_floats(p_count(s), 1, 1), *mixed = random_floats(mixed_count(s), 1, 2);
    float *y = random_floats(mixed_count(s), 1, 3);
    approx *x = approx_of(d.x, x_count(s)), *c = approx_of(d.controller, controller_count(s));
    approx *w1 = approx_of(d.w1, weights_count(s)), *w2 = approx_of(d.w2, weights_count(s));

    fill_nan(p, p_count(s));
    assert_int_equal(mot_route(s, o, d.x, d.controller, p), MOT_OK);
    approx *want_p = naive_route(s, (double)o->temperature, x, c), *p_in = approx_of(p, p_count(s));
    assert_near(p, want_p, p_count(s));

    fill_nan(mixed, mixed_count(s));
    assert_int_equal(mot_mix(s, o, d.x, p, mixed), MOT_OK);
    approx *want_mixed = naive_mix(s, x, p_in), *mixed_in = approx_of(mixed, mixed_count(s));
    assert_near(mixed, want_mixed, mixed_count(s));

    fill_nan(y, mixed_count(s));
    assert_int_equal(mot_experts(s, o, mixed, d.w1, d.w2, y), MOT_OK);
    approx *want_y = naive_experts(s, mixed_in, w1, w2), *y_in = approx_of(y, mixed_count(s));
    assert_near(y, want_y, mixed_count(s));

    assert_int_equal(mot_redistribute(s, o, y, p, d.out), MOT_OK);
    approx *want_out = naive_redistribute(s, y_in, p_in);
    assert_near(d.out, want_out, x_count(s));

    approx *temporary[] = {x, c, w1, w2, want_p, p_in, want_mixed, mixed_in, want_y, y_in, want_out};
    for (size_t i = 0; i < sizeof temporary / sizeof *temporary; i++) free(temporary[i]);
    float *floats[] = {p, mixed, y};
    for (size_t i = 0; i < 3; i++) mot_free(floats[i]);
    problem_free(&d);
}

static void stages_agree(void **state) {
    mot_options options = options_of(isa_or_skip(state), 2);
    for (size_t i = 0; i < SHAPES; i++) {
        options.temperature = i % 3 ? 1 : 2.5f;
        stages_agree_on(&shapes[i], &options, i);
    }
}

/* Same inputs, same layer: the same bits, wherever tensors lie and whatever was in the output and the workspace. */
static void any_alignment(void **state) {
    mot_options options = options_of(isa_or_skip(state), 1);
    problem p = problem_new((mot_shape){3, 5, 4, 37, 21}, 4);
    size_t n = x_count(&p.shape), bytes = n * sizeof(float);
    mot_layer *layer = layer_of(&p, &options);
    assert_int_equal(mot_layer_run(layer, p.x, p.out), MOT_OK);
    float *x = random_floats(n + 16, 1, 5), *out = random_floats(n + 16, 1, 6);
    for (size_t offset = 0; offset < 16; offset++) {
        float *weights[] = {random_floats(controller_count(&p.shape) + 16, 1, 1),
                            random_floats(weights_count(&p.shape) + 16, 1, 2),
                            random_floats(weights_count(&p.shape) + 16, 1, 3)};
        memcpy(weights[0] + offset, p.controller, controller_count(&p.shape) * sizeof(float));
        memcpy(weights[1] + offset, p.w1, weights_count(&p.shape) * sizeof(float));
        memcpy(weights[2] + offset, p.w2, weights_count(&p.shape) * sizeof(float));
        assert_int_equal(mot_layer_set_weights(layer, weights[0] + offset, weights[1] + offset, weights[2] + offset),
                         MOT_OK);
        for (size_t i = 0; i < 3; i++) mot_free(weights[i]);
        memcpy(x + offset, p.x, bytes);
        fill_nan(out, n + 16);
        assert_int_equal(mot_layer_run(layer, x + offset, out + 15 - offset), MOT_OK);
        assert_memory_equal(out + 15 - offset, p.out, bytes);
        for (size_t i = 0; i < n + 16; i++)
            if (i < 15 - offset || i >= 15 - offset + n) assert_true(isnan(out[i]));
    }
    mot_free(x);
    mot_free(out);
    mot_layer_destroy(layer);
    problem_free(&p);
}

static void dirty_workspace(void **state) {
    mot_options options = options_of(isa_or_skip(state), 2);
    problem p = problem_new((mot_shape){5, 3, 6, 19, 23}, 5);
    size_t n = x_count(&p.shape);
    mot_layer *layer = layer_of(&p, &options);
    assert_int_equal(mot_layer_run(layer, p.x, p.out), MOT_OK);
    size_t bytes = mot_layer_workspace_bytes(layer);
    unsigned char *workspace = mot_alloc(bytes);
    float *out = random_floats(n, 1, 1);
    for (int byte = 0; byte <= 0xFF; byte += 0xFF) { /* zeros, then NaN in every float */
        memset(workspace, byte, bytes);
        assert_int_equal(mot_layer_run_ws(layer, p.x, out, workspace, bytes), MOT_OK);
        assert_memory_equal(out, p.out, n * sizeof *out);
    }
    mot_free(out);
    mot_free(workspace);
    mot_layer_destroy(layer);
    problem_free(&p);
}

/* Square in every size, so that one array may serve as every input. */
static void inputs_may_alias(void **state) {
    mot_options options = options_of(isa_or_skip(state), 2);
    mot_shape s = {6, 6, 6, 6, 6};
    float *in = random_floats(216, 1, 6), *out = random_floats(216, 1, 7);
    approx *a = approx_of(in, 216), *want;
    const problem aliased = {s, in, in, in, in, out};
    mot_layer *layer = layer_of(&aliased, &options);
    assert_int_equal(mot_layer_run(layer, in, out), MOT_OK);
    assert_near(out, want = naive_layer(&aliased, 1), 216);
    free(want);
    assert_int_equal(mot_mix(&s, &options, in, in, out), MOT_OK);
    assert_near(out, want = naive_mix(&s, a, a), 216);
    free(want);
    assert_int_equal(mot_experts(&s, &options, in, in, in, out), MOT_OK);
    assert_near(out, want = naive_experts(&s, a, a, a), 216);
    free(want);
    assert_int_equal(mot_redistribute(&s, &options, in, in, out), MOT_OK);
    assert_near(out, want = naive_redistribute(&s, a, a), 216);
    free(want);
    free(a);
    mot_layer_destroy(layer);
    mot_free(in);
    mot_free(out);
}

static void no_groups_is_no_work(void **state) {
    mot_options options = options_of(isa_or_skip(state), 2);
    problem p = problem_new((mot_shape){0, 4, 3, 5, 7}, 8);
    const mot_strides strides = {1, 5, 20, 5, 0};
    float out[4] = {1, 2, 3, 4};
    mot_layer *layer = layer_of(&p, &options);
    size_t bytes = mot_layer_workspace_bytes(layer);
    void *workspace = mot_alloc(bytes + 64);
    assert_int_equal(mot_layer_run(layer, p.x, out), MOT_OK);
    assert_int_equal(mot_layer_run_strided(layer, p.x, out, &strides), MOT_OK);
    assert_int_equal(mot_layer_run_ws(layer, p.x, out, workspace, bytes), MOT_OK);
    assert_int_equal(mot_route(&p.shape, &options, p.x, p.controller, out), MOT_OK);
    assert_int_equal(mot_mix(&p.shape, &options, p.x, p.x, out), MOT_OK);
    assert_int_equal(mot_experts(&p.shape, &options, p.x, p.w1, p.w2, out), MOT_OK);
    assert_int_equal(mot_redistribute(&p.shape, &options, p.x, p.x, out), MOT_OK);
    for (int i = 0; i < 4; i++) assert_true(out[i] == (float)(i + 1));
    mot_free(workspace);
    mot_layer_destroy(layer);
    problem_free(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        EACH_ISA(layer_agrees),    EACH_ISA(stages_agree),     EACH_ISA(any_alignment),
        EACH_ISA(dirty_workspace), EACH_ISA(inputs_may_alias), EACH_ISA(no_groups_is_no_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
