/* Inputs are the same on any machine and in any layout, and each mode keeps what it promises. */
#include "data.h"
#include "data_random.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const mot_shape usual = {6, 5, 4, 12, 10};

static float *filled(const problem *pb, enum mot_tensor tensor) {
    float *v = malloc((problem_elements(pb, tensor) + 1) * sizeof *v);
    assert_non_null(v);
    data_fill(pb, tensor, v);
    return v;
}

/* Philox 4x32-10 of counter 0 and key 0, from the Random123 paper's known answers. */
static void words_are_philox(void **state) {
    static const uint32_t known[4] = {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8};
    uint32_t word[4], part[2];
    (void)state;
    random_words(0, 0, 0, 4, word);
    assert_memory_equal(word, known, sizeof known);
    random_words(0, 0, 2, 2, part);
    assert_memory_equal(part, known + 2, sizeof part);
}

/* Those of f32, rounded: also what is mirrored, special, or between the rows. */
static void bf16_values_are_f32_values_rounded(void **state) {
    static const mot_stage stages[] = {MOT_STAGE_ROUTE, MOT_STAGE_MIX, MOT_STAGE_EXPERTS, MOT_STAGE_REDISTRIBUTE};
    static const mot_shape wide = {4, 7, 300, 520, 3}; /* rows of several pieces */
    (void)state;
    for (size_t k = 0; k < 4; k++)
        for (data_mode mode = 0; mode < DATA_MODE_COUNT; mode++)
            for (int bit = 0; bit < 7; bit++) {
                problem pb = problem_make(k % 2 ? &usual : &wide, stages[k], mode, k > 1, 7);
                const size_t n = problem_elements(&pb, 1 << bit);
                float *single = filled(&pb, 1 << bit);
                mot_bf16 *narrow = malloc(n * sizeof *narrow), *expected = malloc(n * sizeof *expected);
                pb.dtype = MOT_BF16;
                data_fill(&pb, 1 << bit, narrow);
                mot_bf16_from_f32(expected, single, n);
                assert_memory_equal(narrow, expected, n * sizeof *narrow);
                free(single), free(narrow), free(expected);
            }
}

/* Sums of integers pass 256, where bf16 has no more room for all of them, or no tie would ever be met. */
static void integers_meet_ties(void **state) {
    const mot_shape s = {2, 6, 5, 19, 21};
    const problem pb = problem_make(&s, MOT_STAGE_MIX, DATA_INTEGERS, false, 42);
    float *x = filled(&pb, MOT_X), *p = filled(&pb, MOT_P);
    size_t ties = 0;
    (void)state;
    for (size_t i = 0; i < s.experts * s.d_model; i++) {
        float sum = 0;
        for (size_t t = 0; t < s.group_size; t++)
            sum += p[t * s.experts + i / s.d_model] * x[t * s.d_model + i % s.d_model];
        ties += fabsf(sum) > 256 && fabsf(sum) < 512 && fmodf(sum, 2) != 0;
    }
    assert_true(ties > 3);
    free(x), free(p);
}

static void values_depend_on_seed_and_tensor_only(void **state) {
    const problem a = problem_make(&usual, MOT_STAGE_LAYER, DATA_ZERO_MEAN, false, 7);
    const problem b = problem_make(&usual, MOT_STAGE_LAYER, DATA_ZERO_MEAN, false, 8);
    float *one = filled(&a, MOT_W1), *same = filled(&a, MOT_W1), *other = filled(&b, MOT_W1), *w2 = filled(&a, MOT_W2);
    const size_t n = problem_elements(&a, MOT_W1);
    (void)state;
    assert_memory_equal(one, same, n * sizeof *one);
    assert_memory_not_equal(one, other, n * sizeof *one);
    assert_memory_not_equal(one, w2, n * sizeof *one);
    free(one), free(same), free(other), free(w2);
}

/* A strided x holds the same tokens, and NaN wherever no token is. */
static void layout_changes_no_value(void **state) {
    const problem flat = problem_make(&usual, MOT_STAGE_LAYER, DATA_ZERO_MEAN, false, 7);
    const problem batch = problem_make(&usual, MOT_STAGE_LAYER, DATA_ZERO_MEAN, true, 7);
    float *x = filled(&flat, MOT_X), *strided = filled(&batch, MOT_X);
    const size_t n = problem_elements(&batch, MOT_X);
    size_t tokens = 0, gaps = 0;
    (void)state;
    assert_true(batch.strides.last_tokens < usual.group_size);
    for (size_t g = 0; g < usual.groups; g++)
        for (size_t t = 0; t < mot_group_tokens(&usual, &batch.strides, g); t++, tokens++)
            assert_memory_equal(strided + mot_group_offset(&batch.strides, g) + t * batch.strides.token_stride,
                                x + (g * usual.group_size + t) * usual.d_model, usual.d_model * sizeof *x);
    for (size_t i = 0; i < n; i++) gaps += isnan(strided[i]);
    assert_true(tokens < usual.groups * usual.group_size);
    assert_int_equal(gaps, n - tokens * usual.d_model);
    free(x), free(strided);
}

/* Whatever the order: the absolute values of all products add up to less than 2^24. */
static void integers_stay_exact(void **state) {
    const mot_shape shapes[] = {{2, 5, 4, 12, 10}, {1, 3, 2, 512, 64}, {1, 300, 2, 3, 3}, {1, 2, 700, 8, 5}};
    (void)state;
    for (size_t k = 0; k < 4; k++) {
        const mot_shape *s = &shapes[k];
        const problem pb = problem_make(s, MOT_STAGE_EXPERTS, DATA_INTEGERS, false, k);
        float *m = filled(&pb, MOT_MIXED), *w1 = filled(&pb, MOT_W1), *w2 = filled(&pb, MOT_W2);
        double largest = 0;
        for (size_t i = 0; i < problem_elements(&pb, MOT_W1); i++) {
            assert_true(w1[i] != 0 && w1[i] == rintf(w1[i]) && w2[i] != 0 && w2[i] == rintf(w2[i]));
            largest = fmax(largest, fmax(fabs(w1[i]), fabs(w2[i])));
        }
        for (size_t i = 0; i < problem_elements(&pb, MOT_MIXED); i++) largest = fmax(largest, fabs(m[i]));
        assert_true(largest <= 16);
        assert_true((double)s->d_model * (double)s->d_expert * pow(largest, 3) <= data_exact_below(&pb));
        free(m), free(w1), free(w2);
    }
}

static double sum_of_products(const problem *pb, double *absolute) {
    const mot_shape *s = &pb->shape;
    float *x = filled(pb, MOT_X), *c = filled(pb, MOT_CONTROLLER);
    double sum = *absolute = 0;
    for (size_t d = 0; d < s->d_model; d++) {
        const double product = (double)x[d] * c[d * s->experts];
        sum += product, *absolute += fabs(product);
    }
    free(x), free(c);
    return fabs(sum);
}

static void cancelling_sums_cancel(void **state) {
    const mot_shape s = {1, 1, 3, 400, 1};
    const problem cancelling = problem_make(&s, MOT_STAGE_ROUTE, DATA_CANCELLING, false, 1);
    const problem plain = problem_make(&s, MOT_STAGE_ROUTE, DATA_POSITIVE, false, 1);
    double absolute;
    (void)state;
    assert_true(sum_of_products(&cancelling, &absolute) < 1e-2 * absolute);
    assert_true(absolute > 1);
    assert_true(sum_of_products(&plain, &absolute) > 0.999 * absolute);
}

static void wide_values_are_wide(void **state) {
    const problem pb = problem_make(&usual, MOT_STAGE_MIX, DATA_WIDE, false, 1);
    float *x = filled(&pb, MOT_X), smallest = INFINITY, largest = 0;
    (void)state;
    for (size_t i = 0; i < problem_elements(&pb, MOT_X); i++) {
        smallest = fminf(smallest, fabsf(x[i]));
        largest = fmaxf(largest, fabsf(x[i]));
    }
    assert_true(smallest > 0 && largest / smallest > 1e4F);
    free(x);
}

/* Exactly one NaN in its group and one Inf in another; denormals somewhere; every other value is finite. */
static void special_values_are_where_they_belong(void **state) {
    const problem pb = problem_make(&usual, MOT_STAGE_MIX, DATA_SPECIAL, false, 3);
    float *x = filled(&pb, MOT_X);
    const size_t group = usual.group_size * usual.d_model;
    size_t denormal_groups = 0;
    (void)state;
    for (size_t g = 0; g < usual.groups; g++) {
        size_t nans = 0, infs = 0, denormals = 0;
        for (size_t i = g * group; i < (g + 1) * group; i++) {
            nans += isnan(x[i]), infs += isinf(x[i]) != 0;
            denormals += fpclassify(x[i]) == FP_SUBNORMAL || x[i] == 0;
        }
        assert_int_equal(nans, data_role(&pb, g) == ROLE_NAN);
        assert_int_equal(infs, data_role(&pb, g) == ROLE_INF);
        assert_true((denormals == group) == (data_role(&pb, g) == ROLE_DENORMAL));
        denormal_groups += denormals == group;
    }
    assert_int_equal(denormal_groups, 1);
    free(x);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(words_are_philox),
                                       cmocka_unit_test(values_depend_on_seed_and_tensor_only),
                                       cmocka_unit_test(layout_changes_no_value),
                                       cmocka_unit_test(integers_stay_exact),
                                       cmocka_unit_test(integers_meet_ties),
                                       cmocka_unit_test(bf16_values_are_f32_values_rounded),
                                       cmocka_unit_test(cancelling_sums_cancel),
                                       cmocka_unit_test(wide_values_are_wide),
                                       cmocka_unit_test(special_values_are_where_they_belong)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
