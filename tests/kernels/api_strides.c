/* Strided tensors: a (B,S,D) batch with a short last group, rows with gaps, and strides that cannot be. */
#include "api.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void batch_fills_in_the_documented_values(void **state) {
    (void)state;
    mot_shape shape = {0, 4, 2, 8, 3};
    mot_strides st;
    assert_int_equal(mot_strides_batch(&st, &shape, 10, 6), MOT_OK);
    assert_int_equal(shape.groups, 18);
    assert_int_equal(st.inner_groups, 6);
    assert_int_equal(st.inner_stride, 8);
    assert_int_equal(st.outer_stride, 4 * 6 * 8);
    assert_int_equal(st.token_stride, 6 * 8);
    assert_int_equal(st.last_tokens, 2);
    assert_int_equal(mot_strides_batch(&st, &shape, 8, 6), MOT_OK);
    assert_int_equal(shape.groups, 12);
    assert_int_equal(st.last_tokens, 0);
    assert_int_equal(mot_strides_batch(&st, &shape, 0, 6), MOT_OK);
    assert_int_equal(shape.groups, 0);
}

static void batch_refuses(void **state) {
    (void)state;
    const mot_shape good = {0, 4, 2, 8, 3};
    mot_shape shape = good;
    mot_strides st;
    assert_int_equal(mot_strides_batch(NULL, &shape, 8, 6), MOT_ERROR_NULL);
    assert_int_equal(mot_strides_batch(&st, NULL, 8, 6), MOT_ERROR_NULL);
    assert_int_equal(mot_strides_batch(&st, &shape, 8, 0), MOT_ERROR_SHAPE);
    shape.group_size = 0;
    assert_int_equal(mot_strides_batch(&st, &shape, 8, 6), MOT_ERROR_SHAPE);
    shape = good;
    shape.d_model = 0;
    assert_int_equal(mot_strides_batch(&st, &shape, 8, 6), MOT_ERROR_SHAPE);
    shape = good;
    assert_int_equal(mot_strides_batch(&st, &shape, SIZE_MAX, 2), MOT_ERROR_OVERFLOW);
    shape = good;
    assert_int_equal(mot_strides_batch(&st, &shape, 4, SIZE_MAX / 4), MOT_ERROR_OVERFLOW);
    shape = good;
    shape.d_model = SIZE_MAX / 2;
    assert_int_equal(mot_strides_batch(&st, &shape, 4, 4), MOT_ERROR_OVERFLOW);
}

/* Element offset of token t of group n. */
static size_t token_at(const mot_strides *st, size_t n, size_t t) {
    return n / st->inner_groups * st->outer_stride + n % st->inner_groups * st->inner_stride + t * st->token_stride;
}

/* Copies group n between its place in a strided tensor and a contiguous one. */
static void copy_group(float *strided, float *packed, const mot_strides *st, size_t n, size_t tokens, size_t D,
                       bool in) {
    for (size_t t = 0; t < tokens; t++) {
        float *there = strided + token_at(st, n, t), *here = packed + t * D;
        memcpy(in ? here : there, in ? there : here, D * sizeof *here);
    }
}

/* Group n of the strided problem, alone, against the naive layer over its own tokens. */
static void assert_group(const problem *whole, const mot_strides *st, float *x, float *out, size_t n, size_t tokens) {
    problem one = *whole;
    one.shape.groups = 1;
    one.shape.group_size = tokens;
    one.x = random_floats(x_count(&one.shape), 0, 0);
    one.out = random_floats(x_count(&one.shape), 0, 0);
    copy_group(x, one.x, st, n, tokens, one.shape.d_model, true);
    copy_group(out, one.out, st, n, tokens, one.shape.d_model, true);
    approx *want = naive_layer(&one, 1);
    assert_near(one.out, want, x_count(&one.shape));
    free(want);
    mot_free(one.x);
    mot_free(one.out);
}

static void batch_of(size_t batch, size_t sequence, mot_shape shape, const mot_options *options) {
    mot_strides st;
    assert_int_equal(mot_strides_batch(&st, &shape, batch, sequence), MOT_OK);
    size_t count = batch * sequence * shape.d_model;
    problem p = problem_new(shape, batch);
    float *x = random_floats(count, 2, 77), *out = random_floats(count, 1, 1);
    fill_nan(out, count);
    mot_layer *layer = layer_of(&p, options);
    assert_int_equal(mot_layer_run_strided(layer, x, out, &st), MOT_OK);
    for (size_t n = 0; n < shape.groups; n++) {
        bool last = n / sequence == (shape.groups - 1) / sequence;
        assert_group(&p, &st, x, out, n, last && st.last_tokens ? st.last_tokens : shape.group_size);
    }
    mot_layer_destroy(layer);
    mot_free(x);
    mot_free(out);
    problem_free(&p);
}

static void batches_are_exact_up_to_their_last_group(void **state) {
    mot_isa isa = isa_or_skip(state);
    for (size_t batch = 1; batch <= 13; batch++) {
        mot_options options = options_of(isa, (int)(batch % 3) + 1);
        batch_of(batch, batch % 4 + 1, (mot_shape){0, 4, 3, 17, 9}, &options);
        batch_of(batch, batch % 5 + 1, (mot_shape){0, 5, 18, 16, 33}, &options);
    }
}

/* Enough groups that each thread takes its own in parts: rows of a batch longer and shorter than a part, of one, and
 * parts whose end lies inside a row. */
static void batches_in_parts(void **state) {
    mot_isa isa = isa_or_skip(state);
    for (int threads = 1; threads <= 3; threads++) {
        mot_options options = options_of(isa, threads);
        const mot_shape shape = {0, 2, 16, 64, 3};
        batch_of(7, 130, shape, &options);
        batch_of(3, 311, shape, &options);
        batch_of(259, 4, shape, &options);
        batch_of(243, 5, shape, &options);
        batch_of(1039, 1, shape, &options);
    }
}

static void parts_need_less_room(void **state) {
    mot_options options = options_of(isa_or_skip(state), 2);
    problem p = problem_new((mot_shape){4096, 2, 16, 64, 3}, 1);
    mot_layer *layer = layer_of(&p, &options);
    assert_in_range(mot_layer_workspace_bytes(layer), 1, (size_t)4096 * 16 * 64 * sizeof(float) / 4);
    mot_layer_destroy(layer);
    problem_free(&p);
}

/* Parts would read more weights than they save: m and y are there as a whole. */
static void heavy_weights_are_read_once(void **state) {
    mot_options options = options_of(isa_or_skip(state), 2);
    problem p = problem_new((mot_shape){1024, 2, 16, 64, 1024}, 1);
    mot_layer *layer = layer_of(&p, &options);
    assert_in_range(mot_layer_workspace_bytes(layer), (size_t)2 * 1024 * 16 * 64 * sizeof(float), SIZE_MAX);
    mot_layer_destroy(layer);
    problem_free(&p);
}

/* The short groups of a strided run are bit for bit those of a contiguous run with the same tokens. */
static void contiguous_strides_change_nothing(void **state) {
    mot_options options = options_of(isa_or_skip(state), 2);
    problem p = problem_new((mot_shape){6, 4, 3, 17, 9}, 3);
    float *out = random_floats(x_count(&p.shape), 1, 1);
    const mot_strides one = {1, 0, 4 * 17, 17, 0}, two = {3, 4 * 17, 3 * 4 * 17, 17, 4};
    mot_layer *layer = layer_of(&p, &options);
    assert_int_equal(mot_layer_run(layer, p.x, p.out), MOT_OK);
    assert_int_equal(mot_layer_run_strided(layer, p.x, out, &one), MOT_OK);
    assert_memory_equal(out, p.out, x_count(&p.shape) * sizeof *out);
    fill_nan(out, x_count(&p.shape));
    assert_int_equal(mot_layer_run_strided(layer, p.x, out, &two), MOT_OK);
    assert_memory_equal(out, p.out, x_count(&p.shape) * sizeof *out);
    mot_free(out);
    mot_layer_destroy(layer);
    problem_free(&p);
}

static void gaps_are_neither_read_nor_written(void **state) {
    mot_options options = options_of(isa_or_skip(state), 2);
    problem p = problem_new((mot_shape){6, 4, 3, 17, 9}, 3);
    const size_t D = 17, row = D + 5;
    const mot_strides st = {2, 4 * row, 2 * 4 * row + 3, row, 3};
    size_t count = 3 * st.outer_stride;
    float *x = random_floats(count, 0, 0), *out = random_floats(count, 0, 0);
    fill_nan(x, count);
    fill_nan(out, count);
    for (size_t n = 0; n < 6; n++) copy_group(x, p.x + n * 4 * D, &st, n, n / 2 == 2 ? 3 : 4, D, false);
    mot_layer *layer = layer_of(&p, &options);
    assert_int_equal(mot_layer_run_strided(layer, x, out, &st), MOT_OK);
    for (size_t n = 0; n < 6; n++) assert_group(&p, &st, x, out, n, n / 2 == 2 ? 3 : 4);
    for (size_t n = 0; n < 6; n++)
        for (size_t t = 0; t < (n / 2 == 2 ? 3u : 4u); t++) fill_nan(out + token_at(&st, n, t), D);
    for (size_t i = 0; i < count; i++) assert_true(isnan(out[i]));
    mot_free(x);
    mot_free(out);
    mot_layer_destroy(layer);
    problem_free(&p);
}

static void impossible_strides(void **state) {
    (void)state;
    problem p = problem_new((mot_shape){6, 4, 3, 17, 9}, 3);
    mot_layer *layer = layer_of(&p, NULL);
    const size_t huge = (size_t)1 << 63;
    const struct {
        mot_strides strides;
        mot_status want;
    } cases[] = {
        {{0, 17, 68, 17, 0}, MOT_ERROR_STRIDES},
        {{1, 17, 68, 16, 0}, MOT_ERROR_STRIDES},
        {{1, 17, 68, 0, 0}, MOT_ERROR_STRIDES},
        {{1, 17, 67, 17, 0}, MOT_ERROR_STRIDES},
        {{1, 17, 0, 17, 0}, MOT_ERROR_STRIDES},
        {{1, 17, 68, 17, 5}, MOT_ERROR_STRIDES},
        {{4, 17, 272, 68, 0}, MOT_ERROR_STRIDES},
        {{6, 16, 68, 102, 0}, MOT_ERROR_STRIDES},
        {{6, 0, 68, 102, 0}, MOT_ERROR_STRIDES},
        {{1, 17, huge, 17, 0}, MOT_ERROR_OVERFLOW},
        {{1, 17, 68, huge, 0}, MOT_ERROR_OVERFLOW},
        {{6, huge, 68, 17, 0}, MOT_ERROR_OVERFLOW},
        {{1, 17, SIZE_MAX / 5, 17, 0}, MOT_ERROR_OVERFLOW},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mot_status got = mot_layer_run_strided(layer, p.x, p.out, &cases[i].strides);
        if (got != cases[i].want) fail_msg("case %zu: %s", i, mot_status_string(got));
    }
    for (size_t i = 0; i < x_count(&p.shape); i++) assert_true(isnan(p.out[i])); /* refused before any work */
    mot_layer_destroy(layer);
    problem_free(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batch_fills_in_the_documented_values),
        cmocka_unit_test(batch_refuses),
        cmocka_unit_test(impossible_strides),
        EACH_ISA(batches_are_exact_up_to_their_last_group),
        EACH_ISA(batches_in_parts),
        EACH_ISA(parts_need_less_room),
        EACH_ISA(heavy_weights_are_read_once),
        EACH_ISA(contiguous_strides_change_nothing),
        EACH_ISA(gaps_are_neither_read_nor_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
