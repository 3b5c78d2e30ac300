/* The bound holds for every order of a sum, and not for much more; the z test knows right from nearly right. */
#include "bound.h"
#include "data_random.h"
#include "oracle.h"
#include "plain_kernels.h"
#include "variance.h"
#include "workspace.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- bound ---- */

static void gamma_is_hu(void **state) {
    (void)state;
    assert_true(bound_gamma(0) == 0);
    assert_true(bound_gamma(1) > 0x1p-24 && bound_gamma(1) < 0x1.00001p-24);
    assert_true(isinf(bound_gamma((size_t)1 << 24)));
}

static void integers_have_no_error(void **state) {
    (void)state;
    assert_true(bound_dot(1e-6, 1e-40, 0x1p24 - 1, 0, 0x1p24) == 0);
    assert_true(bound_dot(1e-6, 1e-40, 0x1p24, 0, 0x1p24) > 0);
    assert_true(bound_dot(1e-6, 1e-40, 5, 1e-3, 0x1p24) > 1e-3); /* an error carried in stays */
    assert_true(bound_dot(1e-6, 1e-40, 5, 0, 0) > 0);
    assert_true(bound_dot(1e-6, 1e-40, 0, 0, 0) == 1e-40);
}

/* bf16 kernels may take denormals for 0, on the way in and out; f32 ones may only round them. */
static void underflow_depends_on_flushing(void **state) {
    (void)state;
    assert_true(bound_underflow(10, 4, 0) == 10 * 0x1p-150);
    assert_true(bound_underflow(10, 4, 0x1p-126) == 28 * 0x1p-126);
}

static float term(const uint32_t *word, size_t i) { return (float)(int32_t)word[i] * 0x1p-31F; }

/* f32 sums of random products from either end, with and without FMA, in 1 and 8 lanes: all within the bound of a plain
 * loop. */
static void every_order_is_within_the_bound(void **state) {
    enum { N = 500 };
    uint32_t word[2 * N];
    double worst = 0;
    (void)state;
    for (uint64_t seed = 0; seed < 200; seed++) {
        random_words(seed, 99, 0, 2 * N, word);
        const size_t k = 1 + word[0] % (seed % 2 ? N : 5);
        double exact = 0, absolute = 0;
        float lanes[8] = {0}, forward = 0, backward = 0, fused = 0, tree;
        for (size_t i = 0; i < k; i++) {
            const float a = term(word, i), b = term(word, N + i);
            exact += (double)a * b, absolute += fabs((double)a * b);
            forward += a * b, lanes[i % 8] += a * b, fused = fmaf(a, b, fused);
            backward += term(word, k - 1 - i) * term(word, N + k - 1 - i);
        }
        tree = (lanes[0] + lanes[1] + (lanes[2] + lanes[3])) + (lanes[4] + lanes[5] + (lanes[6] + lanes[7]));
        const double bound = bound_dot(bound_gamma(k), bound_underflow(k, 0, 0), absolute, 0, 0);
        const float results[] = {forward, backward, fused, k >= 8 ? tree : forward};
        for (int i = 0; i < 4; i++) {
            assert_true(fabs(results[i] - exact) <= bound);
            worst = fmax(worst, fabs(results[i] - exact) / bound);
        }
    }
    assert_true(worst > 0.2); /* short sums come near it: it isn't just large */
}

/* ---- z ---- */

static void z_decides(void **state) {
    z_tally t = {.independent = Z_RMS_COUNT};
    (void)state;
    for (int i = 0; i < 100; i++) z_add(&t, 1.4, 1);
    assert_true(z_passes(&t));
    for (int i = 0; i < 100; i++) z_add(&t, 1.7, 1);
    assert_false(z_passes(&t)); /* the rms */
    t.independent--;
    assert_true(z_passes(&t)); /* too few to have one */
    z_add(&t, 8.1, 1);
    assert_false(z_passes(&t)); /* the maximum */
}

/* Many of the same number, rounded at its worst to a narrow type, are right; cut, they are not. */
static void one_rounding_passes(void **state) {
    z_tally worst = {.independent = Z_RMS_COUNT, .stored = true}, cut = worst;
    (void)state;
    for (int i = 0; i < 100; i++) z_add(&worst, 1, variance_stored(1)), z_add(&cut, 2 * i / 99.0, variance_stored(1));
    assert_true(z_passes(&worst));
    assert_false(z_passes(&cut));
    worst.stored = false;
    assert_false(z_passes(&worst));
}

static void z_fails_closed(void **state) {
    z_tally nan = {0}, zero = {0}, exact = {0};
    (void)state;
    z_add(&nan, NAN, 1), z_add(&nan, 0, 1);
    assert_false(z_passes(&nan));
    z_add(&zero, 1e-30, 0); /* an error where none can be */
    assert_false(z_passes(&zero));
    z_add(&exact, 0, 0);
    assert_true(z_passes(&exact));
}

/* ---- the whole layer, as the design measured it: T=16, D=256, H=1024, E=4 ---- */

enum fault { NONE, TF32, WEIGHT, HIDDEN };

static void cut(float *v, size_t n) {
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, &v[i], sizeof bits);
        bits = (bits + 0x1000) & ~0x1fffU;
        memcpy(&v[i], &bits, sizeof bits);
    }
}

/* z of a plain f32 layer with a fault in it. */
static z_tally layer_z(enum fault fault) {
    const mot_shape s = {1, 16, 4, 256, 1024};
    const problem pb = problem_make(&s, MOT_STAGE_LAYER, DATA_ZERO_MEAN, false, 5);
    const size_t experts = 4 * 256 * 1024, slots = 4 * 256, tokens = 16 * 256;
    const mot_range all = {0, 1};
    float *m = malloc((2 * experts + 3 * slots + 2 * tokens + 64 + 1024) * sizeof *m);
    float *w2 = m + experts, *x = w2 + experts, *out = x + tokens, *controller = out + tokens,
          *mixed = controller + slots;
    float *y = mixed + slots, *p = y + slots, *scratch = p + 64;
    mot_tensors t = {.x = x, .controller = controller, .w1 = m, .w2 = w2, .p = p, .mixed = mixed, .y = y, .out = out};
    t.strides = pb.strides, t.temperature = 1, t.scratch = scratch;
    data_fill(&pb, MOT_X, x), data_fill(&pb, MOT_CONTROLLER, controller);
    data_fill(&pb, MOT_W1, m), data_fill(&pb, MOT_W2, w2);

    oracle *o = oracle_create(&pb, NULL);
    const block *b = oracle_unit(o, &t, MOT_OUT, 0);
    if (fault == TF32) cut(x, tokens), cut(controller, slots), cut(m, experts), cut(w2, experts);
    if (fault == HIDDEN)
        for (size_t e = 0; e < 4; e++) memset(w2 + (e * 1024 + 77) * 256, 0, 256 * sizeof *w2);
    plain_route(&s, &t, NULL, all);
    if (fault == WEIGHT) p[5] *= 1.00001F;
    plain_mix(&s, &t, NULL, all);
    plain_experts(&s, &t, NULL, (mot_range){0, 4});
    plain_redistribute(&s, &t, NULL, all);

    z_tally z = {.independent = Z_RMS_COUNT};
    for (size_t i = 0; i < tokens; i++) z_add(&z, out[i] - b->value[i], b->variance[i]);
    oracle_destroy(o);
    free(m);
    return z;
}

static void correct_layer_has_small_z(void **state) {
    const z_tally z = layer_z(NONE);
    (void)state;
    print_message("correct: rms %.2f, max %.2f\n", z_rms(&z), z.max);
    assert_true(z_passes(&z));
    assert_true(z_rms(&z) > 0.2); /* a variance far too large would see nothing */
}

static void secret_tf32_has_huge_z(void **state) {
    const z_tally z = layer_z(TF32);
    (void)state;
    print_message("TF32: rms %.0f\n", z_rms(&z));
    assert_true(z_rms(&z) > 100);
}

static void one_wrong_weight_shows(void **state) {
    const z_tally z = layer_z(WEIGHT);
    (void)state;
    print_message("one weight off by 1e-5: max %.1f\n", z.max);
    assert_false(z_passes(&z));
}

static void one_dropped_hidden_unit_shows(void **state) {
    const z_tally z = layer_z(HIDDEN);
    (void)state;
    print_message("one of 1024 hidden units dropped: rms %.0f\n", z_rms(&z));
    assert_true(z_rms(&z) > 1000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gamma_is_hu),
        cmocka_unit_test(integers_have_no_error),
        cmocka_unit_test(underflow_depends_on_flushing),
        cmocka_unit_test(every_order_is_within_the_bound),
        cmocka_unit_test(z_decides),
        cmocka_unit_test(one_rounding_passes),
        cmocka_unit_test(z_fails_closed),
        cmocka_unit_test(correct_layer_has_small_z),
        cmocka_unit_test(secret_tf32_has_huge_z),
        cmocka_unit_test(one_wrong_weight_shows),
        cmocka_unit_test(one_dropped_hidden_unit_shows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
