/* bf16: the conversions, and every stage and the layer against the formulas in f64, rounded where mot.h says so. */
#include "api.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- conversions ---- */

static float widened(uint16_t bits) {
    float x;
    mot_f32_from_bf16(&x, &bits, 1);
    return x;
}

static uint16_t rounded(float x) {
    mot_bf16 bits;
    mot_bf16_from_f32(&bits, &x, 1);
    return bits;
}

static void every_bf16_comes_back(void **state) {
    (void)state;
    for (unsigned bits = 0; bits < 0x10000; bits++) {
        const float x = widened((uint16_t)bits);
        assert_int_equal(rounded(x), isnan(x) ? bits | 0x40 : bits);
    }
}

/* Between two neighbours: below the middle down, above it up, the middle to the even one. */
static void rounding_is_to_nearest_even(void **state) {
    (void)state;
    for (unsigned low = 0; low < 0x7f80; low++) {
        const uint32_t words[] = {low << 16 | 0x7fff, low << 16 | 0x8000, low << 16 | 0x8001};
        const unsigned want[] = {low, low + (low & 1), low + 1};
        for (int i = 0; i < 3; i++) {
            float x;
            memcpy(&x, &words[i], sizeof x);
            assert_int_equal(rounded(x), want[i]);
            assert_int_equal(rounded(-x), want[i] | 0x8000);
        }
    }
    const uint32_t quiet_nan = 0x7f800001; /* its upper half alone would be Inf */
    float x;
    memcpy(&x, &quiet_nan, sizeof x);
    assert_true(isnan(widened(rounded(x))));
    mot_bf16_from_f32(NULL, NULL, 0);
}

/* ---- the layer ---- */

static mot_bf16 *narrow(const float *from, size_t n) {
    mot_bf16 *to = mot_alloc((n ? n : 1) * sizeof *to);
    assert_non_null(to);
    mot_bf16_from_f32(to, from, n);
    return to;
}

static approx *approx_of_bf16(const mot_bf16 *data, size_t n) {
    float *wide = malloc((n ? n : 1) * sizeof *wide);
    assert_non_null(wide);
    mot_f32_from_bf16(wide, data, n);
    approx *a = approx_of(wide, n);
    free(wide);
    return a;
}

static void expect(const mot_bf16 *got, approx *want, size_t n) {
    float *wide = malloc((n ? n : 1) * sizeof *wide);
    assert_non_null(wide);
    mot_f32_from_bf16(wide, got, n);
    assert_near(wide, want, n);
    free(wide);
    free(want);
}

typedef struct tensors {
    mot_bf16 *x, *controller, *w1, *w2, *p, *mixed, *y, *out;
} tensors;

static tensors tensors_of(const problem *p) {
    const mot_shape *s = &p->shape;
    return (tensors){.x = narrow(p->x, x_count(s)),
                     .controller = narrow(p->controller, controller_count(s)),
                     .w1 = narrow(p->w1, weights_count(s)),
                     .w2 = narrow(p->w2, weights_count(s)),
                     .p = mot_alloc(p_count(s) * 2),
                     .mixed = mot_alloc(mixed_count(s) * 2),
                     .y = mot_alloc(mixed_count(s) * 2),
                     .out = narrow(p->out, x_count(s))};
}

static void tensors_free(tensors *t) {
    mot_bf16 *all[] = {t->x, t->controller, t->w1, t->w2, t->p, t->mixed, t->y, t->out};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) mot_free(all[i]);
}

/* Each stage on the stage before's own output. */
static void check_stages(const mot_shape *s, const mot_options *o, tensors *t) {
    assert_int_equal(mot_route(s, o, t->x, t->controller, t->p), MOT_OK);
    assert_int_equal(mot_mix(s, o, t->x, t->p, t->mixed), MOT_OK);
    assert_int_equal(mot_experts(s, o, t->mixed, t->w1, t->w2, t->y), MOT_OK);
    assert_int_equal(mot_redistribute(s, o, t->y, t->p, t->out), MOT_OK);
    approx *x = approx_of_bf16(t->x, x_count(s)), *c = approx_of_bf16(t->controller, controller_count(s));
    approx *w1 = approx_of_bf16(t->w1, weights_count(s)), *w2 = approx_of_bf16(t->w2, weights_count(s));
    approx *p = approx_of_bf16(t->p, p_count(s)), *mixed = approx_of_bf16(t->mixed, mixed_count(s));
    approx *y = approx_of_bf16(t->y, mixed_count(s));
    expect(t->p, naive_route(s, (double)o->temperature, x, c), p_count(s));
    expect(t->mixed, naive_mix(s, x, p), mixed_count(s));
    expect(t->y, naive_experts(s, mixed, w1, w2), mixed_count(s));
    expect(t->out, naive_redistribute(s, y, p), x_count(s));
    approx *all[] = {x, c, w1, w2, p, mixed, y};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
}

/* The layer is its stages, and nothing but out is written. */
static void check_layer(const mot_shape *s, const mot_options *o, tensors *t) {
    const size_t bytes = x_count(s) * sizeof *t->out;
    mot_layer *layer;
    assert_int_equal(mot_layer_create(&layer, s, o, NULL), MOT_OK);
    assert_int_equal(mot_layer_set_weights(layer, t->controller, t->w1, t->w2), MOT_OK);
    mot_bf16 *out = mot_alloc(bytes);
    memset(out, 0xff, bytes);
    assert_int_equal(mot_layer_run(layer, t->x, out), MOT_OK);
    assert_memory_equal(out, t->out, bytes);
    mot_free(out);
    mot_layer_destroy(layer);
}

static void values(void **state) {
    static const mot_shape shapes[] = {
        {1, 1, 1, 1, 1},     {3, 4, 5, 6, 7},    {5, 7, 3, 33, 17},   {2, 9, 33, 65, 63},   {17, 5, 2, 31, 130},
        {1, 32, 8, 64, 256}, {40, 3, 2, 48, 97}, {4, 16, 16, 32, 32}, {130, 2, 1, 34, 600}, {2, 70, 40, 19, 21}};
    const mot_isa isa = isa_or_skip(state);
    naive_storage = 0x1p-8;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        mot_options options = options_of(isa, 1 + (int)i % 3);
        options.dtype = MOT_BF16;
        options.temperature = i % 2 ? 1.0f : 0.7f;
        problem p = problem_new(shapes[i], 77 + i);
        tensors t = tensors_of(&p);
        check_stages(&shapes[i], &options, &t);
        check_layer(&shapes[i], &options, &t);
        tensors_free(&t);
        problem_free(&p);
    }
}

static void alignment_is_that_of_an_element(void **state) {
    (void)state;
    const mot_shape s = {2, 3, 2, 5, 4};
    mot_options options = options_of(MOT_ISA_BEST, 1);
    options.dtype = MOT_BF16;
    mot_layer *layer;
    char *memory = mot_alloc(1024);
    memset(memory, 0, 1024);
    assert_int_equal(mot_layer_create(&layer, &s, &options, NULL), MOT_OK);
    assert_int_equal(mot_layer_set_weights(layer, memory + 2, memory + 2, memory + 2), MOT_OK);
    assert_int_equal(mot_layer_run(layer, memory + 2, memory + 514), MOT_OK);
    assert_int_equal(mot_layer_run(layer, memory + 1, memory + 514), MOT_ERROR_ALIGNMENT);
    assert_int_equal(mot_layer_run(layer, memory + 2, memory + 513), MOT_ERROR_ALIGNMENT);
    assert_int_equal(mot_layer_run(layer, memory + 2, memory + 60), MOT_ERROR_OVERLAP); /* of 60 bytes */
    assert_int_equal(mot_layer_run(layer, memory + 2, memory + 62), MOT_OK);
    mot_layer_destroy(layer);
    mot_free(memory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_bf16_comes_back),
        cmocka_unit_test(rounding_is_to_nearest_even),
        EACH_ISA_BF16(values),
        cmocka_unit_test(alignment_is_that_of_an_element),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
