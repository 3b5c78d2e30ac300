/* The oracle and the library against the numbers of an independent implementation (tests/golden/make_golden.py). */
#include "cpu.h"
#include "oracle.h"
#include "plan.h"

#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

typedef struct golden {
    json_t *file;
    problem pb;
    size_t batch, sequence;
    float *x, *controller, *w1, *w2;
} golden;

static float *floats(const json_t *file, const char *key) {
    const json_t *array = json_object_get(file, key);
    const size_t n = json_array_size(array);
    float *v = malloc((n + 1) * sizeof *v);
    assert_non_null(v);
    assert_true(n > 0);
    for (size_t i = 0; i < n; i++) {
        const double exact = json_number_value(json_array_get(array, i));
        v[i] = (float)exact;
        assert_true((double)v[i] == exact); /* the golden inputs are exact in f32 */
    }
    return v;
}

static size_t size_of(const json_t *file, const char *key) {
    return (size_t)json_integer_value(json_object_get(file, key));
}

static golden load(const char *name) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s.json", GOLDEN_FOLDER, name);
    golden g = {.file = json_load_file(path, 0, NULL)};
    if (!g.file) fail_msg("cannot read %s", path);
    g.batch = size_of(g.file, "batch"), g.sequence = size_of(g.file, "sequence");
    mot_shape *s = &g.pb.shape;
    s->group_size = size_of(g.file, "group_size"), s->experts = size_of(g.file, "experts");
    s->d_model = size_of(g.file, "d_model"), s->d_expert = size_of(g.file, "d_expert");
    assert_int_equal(mot_strides_batch(&g.pb.strides, s, g.batch, g.sequence), MOT_OK);
    g.pb.temperature = (float)json_number_value(json_object_get(g.file, "temperature"));
    g.pb.mode = DATA_ZERO_MEAN;
    g.x = floats(g.file, "x"), g.controller = floats(g.file, "controller");
    g.w1 = floats(g.file, "w1"), g.w2 = floats(g.file, "w2");
    return g;
}

static void unload(golden *g) {
    json_decref(g->file);
    free(g->x), free(g->controller), free(g->w1), free(g->w2);
}

static mot_tensors tensors_of(const golden *g) {
    return (mot_tensors){
        .x = g->x, .controller = g->controller, .w1 = g->w1, .w2 = g->w2, .temperature = g->pb.temperature};
}

static double number(const json_t *array, size_t i) { return json_number_value(json_array_get(array, i)); }

/* Tight: two f64 computations of sums this short differ by a few units of 2^-53. */
static void assert_same(double got, double want) {
    if (!(fabs(got - want) <= 1e-14 * (1 + fabs(want)))) fail_msg("%.17g, golden %.17g", got, want);
}

/* mot_strides_batch leaves 0 for "all groups full"; inside, last_tokens is a number. */
static void normalise(golden *g) {
    if (g->pb.strides.last_tokens == 0) g->pb.strides.last_tokens = g->pb.shape.group_size;
}

static void oracle_agrees(void **state) {
    golden g = load(*state);
    normalise(&g);
    const mot_tensors t = tensors_of(&g);
    const json_t *out = json_object_get(g.file, "out"), *p = json_object_get(g.file, "p");
    size_t compared = 0;
    for (size_t n = 0; n < g.pb.shape.groups; n++) {
        g.pb.stage = MOT_STAGE_ROUTE;
        oracle *o = oracle_create(&g.pb, NULL);
        const block *b = oracle_unit(o, &t, MOT_P, n);
        const json_t *weights = json_array_get(p, n);
        assert_int_equal(b->rows * b->columns, json_array_size(weights));
        for (size_t i = 0; i < b->rows * b->columns; i++) assert_same(b->value[i], number(weights, i));
        oracle_destroy(o);

        g.pb.stage = MOT_STAGE_LAYER;
        o = oracle_create(&g.pb, NULL);
        b = oracle_unit(o, &t, MOT_OUT, n);
        for (size_t i = 0; i < b->rows * b->columns; i++, compared++) {
            const size_t at = oracle_row_offset(&g.pb, MOT_OUT, n, i / b->columns) + i % b->columns;
            assert_same(b->value[i], number(out, at));
        }
        oracle_destroy(o);
    }
    assert_int_equal(compared, json_array_size(out));
    unload(&g);
}

/* The variance that the oracle carries says how far an f32 layer may be off. */
static void library_agrees(void **state) {
    golden g = load(*state);
    const size_t n = json_array_size(json_object_get(g.file, "out"));
    float *result = malloc(n * sizeof *result);
    mot_layer *layer;
    mot_options options;
    mot_options_default(&options);
    options.temperature = g.pb.temperature;
    assert_non_null(result);
    assert_int_equal(mot_layer_create(&layer, &g.pb.shape, &options, NULL), MOT_OK);
    assert_int_equal(mot_layer_set_weights(layer, g.controller, g.w1, g.w2), MOT_OK);
    assert_int_equal(mot_layer_run_strided(layer, g.x, result, &g.pb.strides), MOT_OK);
    mot_layer_destroy(layer);

    normalise(&g);
    g.pb.stage = MOT_STAGE_LAYER;
    const mot_tensors t = tensors_of(&g);
    oracle *o = oracle_create(&g.pb, NULL);
    for (size_t unit = 0; unit < g.pb.shape.groups; unit++) {
        const block *b = oracle_unit(o, &t, MOT_OUT, unit);
        for (size_t i = 0; i < b->rows * b->columns; i++) {
            const size_t at = oracle_row_offset(&g.pb, MOT_OUT, unit, i / b->columns) + i % b->columns;
            const double want = number(json_object_get(g.file, "out"), at), error = fabs(result[at] - want);
            if (!(error <= 8 * sqrt(b->variance[i]))) fail_msg("%.9g, golden %.17g", (double)result[at], want);
        }
    }
    oracle_destroy(o);
    free(result);
    unload(&g);
}

static mot_bf16 *narrowed(const float *from, size_t n) {
    mot_bf16 *v = malloc((n + 1) * sizeof *v);
    assert_non_null(v);
    mot_bf16_from_f32(v, from, n);
    return v;
}

static void run_bf16(const golden *g, mot_isa isa, mot_bf16 *out) {
    const mot_shape *s = &g->pb.shape;
    const size_t expert = s->experts * s->d_model * s->d_expert;
    mot_bf16 *x = narrowed(g->x, g->batch * g->sequence * s->d_model), *w1 = narrowed(g->w1, expert);
    mot_bf16 *controller = narrowed(g->controller, s->d_model * s->experts), *w2 = narrowed(g->w2, expert);
    mot_layer *layer;
    mot_options options;
    mot_options_default(&options);
    options.temperature = g->pb.temperature, options.isa = isa, options.dtype = MOT_BF16;
    assert_int_equal(mot_layer_create(&layer, s, &options, NULL), MOT_OK);
    assert_int_equal(mot_layer_set_weights(layer, controller, w1, w2), MOT_OK);
    assert_int_equal(mot_layer_run_strided(layer, x, out, &g->pb.strides), MOT_OK);
    mot_layer_destroy(layer);
    free(x), free(w1), free(controller), free(w2);
}

/* No sum is near a tie: whoever rounds where mot.h says so gets these very numbers, bit by bit. */
static void bf16_is_the_same(void **state) {
    golden g = load(*state);
    const size_t n = json_array_size(json_object_get(g.file, "out"));
    float *want = floats(g.file, "out");
    mot_bf16 *expected = narrowed(want, n), *out = malloc(n * sizeof *out);
    assert_non_null(out);
    for (mot_isa isa = MOT_ISA_SCALAR; isa <= mot_isa_for(mot_cpu_isa(), MOT_BF16); isa++) {
        run_bf16(&g, isa, out);
        assert_memory_equal(out, expected, n * sizeof *out);
    }
    free(want), free(expected), free(out);
    unload(&g);
}

#define CASE(test, name)                                                                                               \
    { #test " " name, test, NULL, NULL, (void *)(uintptr_t)name }

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(oracle_agrees, "plain"),        CASE(oracle_agrees, "temperature"),  CASE(oracle_agrees, "short_group"),
        CASE(oracle_agrees, "only_short"),   CASE(oracle_agrees, "one_token"),    CASE(library_agrees, "plain"),
        CASE(library_agrees, "temperature"), CASE(library_agrees, "short_group"), CASE(library_agrees, "only_short"),
        CASE(library_agrees, "one_token"),   CASE(bf16_is_the_same, "bf16"),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
