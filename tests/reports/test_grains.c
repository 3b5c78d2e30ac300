/* The layer over the dense FFN over granularity: pairs, their ratios and what explains them, and why one is absent. */
#include "fixture.h"
#include "helper.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char body[1 << 16];
static size_t used;

static void begin(void) { used = (size_t)snprintf(body, sizeof body, RUN_LINE); }

static loaded *finish(void) {
    snprintf(body + used, sizeof body - used, END_LINE);
    loaded *l = load_text(body);
    if (!l->good) fail_msg("%s", l->error);
    return l;
}

/* A row of the curve T = 4, D = 8, G = 2 and 32 hidden units: 2 Y mixtures share them. */
static void put(const char *variant, int y, const char *status, const char *samples, const char *fields) {
    const bool dense = strncmp(variant, "dense", 5) == 0;
    char shape[64];
    if (dense)
        snprintf(shape, sizeof shape, "g8t1e1d8h32");
    else
        snprintf(shape, sizeof shape, "g2t4e%dd8h%d", 4 * y, 32 / y);
    used += (size_t)snprintf(
        body + used, sizeof body - used,
        "{\"type\":\"bench\",\"name\":\"%s/%s/t2/hot\",\"status\":\"%s\",\"reason\":\"%s\",\"shape\":\"%s\",\"stage\":"
        "\"%s\",\"variant\":\"%s\",\"config\":[],\"isa\":\"avx2\",\"library\":\"mot\",\"dtype\":\"f32\",\"threads\":2,"
        "\"cache\":\"hot\",\"group\":\"sweep-granularity\",\"samples_ns\":[%s]%s}\n",
        variant, shape, status, strcmp(status, "ok") ? "a reason" : "", shape, dense ? "experts" : "layer", variant,
        samples, fields);
}

#define EIGHT "10,20,30,40,50,60,70,80"
#define TENTH_MORE "11,22,33,44,55,66,77,88,99" /* one round more: a budget ended the last one */
#define IN(n) ",\"comparison\":" #n

static void near(double got, double expected) {
    if (!(fabs(got - expected) <= 1e-9 * fabs(expected))) fail_msg("%.17g instead of %.17g", got, expected);
}

static void each_layer_meets_the_ffn_of_its_rounds(void **state) {
    (void)state;
    begin();
    put("layer_avx2", 2, "ok", TENTH_MORE, IN(2) ",\"flops\":330,\"floor_ns\":15");
    put("dense_ffn_avx2", 2, "ok", EIGHT, IN(2) ",\"flops\":300,\"floor_ns\":10");
    put("layer_avx2", 1, "ok", "4,4,4,4,4,4,4,4", IN(1) ",\"flops\":310,\"floor_ns\":3");
    put("layer_scalar", 1, "ok", "9,9,9,9,9,9,9,9", IN(1));
    put("dense_ffn_scalar", 1, "ok", "7,7,7,7,7,7,7,7", IN(1));
    put("dense_ffn_avx2", 1, "ok", "2,2,2,2,2,2,2,2", IN(1) ",\"flops\":300,\"floor_ns\":2");
    put("layer_avx2", 4, "ok", "6,6,6,6,6,6,6,6", IN(3));
    put("dense_ffn_avx2", 4, "ok", "5,5,5,5,5,5,5,5", IN(3));
    loaded *l = finish();
    assert_int_equal(l->model.grain_count, 1);
    const grain_curve *c = &l->model.grains[0];
    assert_int_equal(c->count, 3);
    assert_int_equal(c->measured, 3);
    near(c->hidden, 32);
    assert_string_equal(c->points[0].name, "4E/1");
    assert_string_equal(c->points[2].name, "4E/4");
    near(c->points[0].pair.ratio.value, 2); /* our fastest of both, not the 5 of another comparison */
    assert_string_equal(c->points[0].pair.layer->variant, "layer_avx2");
    near(c->points[1].pair.ratio.value, 1.1); /* round by round, though the medians of 9 and 8 rounds differ */
    near(c->points[1].pair.ratio.low, 1.1);
    near(c->points[1].pair.ratio.high, 1.1);
    near(c->points[2].pair.ratio.value, 1.2);
    for (size_t i = 0; i < 3; i++) assert_true(c->points[i].pair.interleaved);
    near(c->points[1].pair.flops_ratio, 1.1);
    near(c->points[1].pair.floor_ratio, 1.5);
    assert_true(c->floor_differs);
    assert_non_null(strstr(l->model.findings[l->model.finding_count - 1],
                           "the layer takes 2.000× [2.000, 2.000] at 4E/1 and 1.200×"));
    unload(l);
}

static void what_was_timed_apart_has_a_wider_interval(void **state) {
    (void)state;
    begin();
    for (int y = 1; y <= 4; y *= 2) put("layer_avx2", y, "ok", "4,5,6,7,8,9,10,11", y == 1 ? IN(1) : "");
    put("dense_ffn_avx2", 1, "ok", "2,2,2,2,3,3,3,3", IN(2));
    loaded *l = finish();
    const grain_curve *c = &l->model.grains[0];
    for (size_t i = 0; i < 3; i++) {
        const dense_pair *p = &c->points[i].pair;
        assert_false(p->interleaved);
        near(p->ratio.value, 3); /* 7.5 / 2.5 */
        near(p->ratio.low, p->layer->time.low / 3);
        near(p->ratio.high, p->layer->time.high / 2);
    }
    unload(l);
}

static void what_is_absent_says_why(void **state) {
    (void)state;
    begin();
    put("layer_avx2", 1, "ok", EIGHT, IN(1));
    put("dense_ffn_avx2", 1, "inconclusive", EIGHT, IN(1));
    put("layer_avx2", 2, "skipped", "", "");
    put("layer_avx2", 4, "ok", EIGHT, "");
    loaded *l = finish();
    const grain_curve *c = &l->model.grains[0];
    assert_int_equal(c->measured, 0);
    assert_string_equal(c->points[0].absent, "dense_ffn_avx2 inconclusive: a reason");
    assert_string_equal(c->points[1].absent, "layer_avx2 skipped: a reason");
    assert_string_equal(c->points[2].absent, "dense_ffn_avx2 inconclusive: a reason");
    unload(l);
    begin();
    for (int y = 1; y <= 4; y *= 2) put("layer_avx2", y, "ok", EIGHT, "");
    l = finish();
    assert_string_equal(l->model.grains[0].points[0].absent, "no dense FFN was timed with it");
    unload(l);
}

static void two_points_are_no_curve(void **state) {
    (void)state;
    begin();
    put("layer_avx2", 1, "ok", EIGHT, "");
    put("layer_avx2", 2, "ok", EIGHT, "");
    loaded *l = finish();
    assert_int_equal(l->model.grain_count, 0);
    unload(l);
}

/* Rows of several processes are pooled comparison by comparison. */
static void processes_are_pooled_by_comparison(void **state) {
    (void)state;
    begin();
    for (int y = 1; y <= 4; y *= 2) {
        put("layer_avx2", y, "ok", EIGHT, y == 1 ? IN(1) : y == 2 ? IN(2) : IN(3));
        put("dense_ffn_avx2", y, "ok", EIGHT, y == 1 ? IN(1) : y == 2 ? IN(2) : IN(3));
    }
    snprintf(body + used, sizeof body - used, END_LINE);
    const char *const twice[] = {body, body};
    loaded *l = load_texts(twice, 2);
    assert_true(l->good);
    assert_int_equal(l->records.bench_count, 6); /* the dense FFN is one of each comparison */
    for (size_t i = 0; i < 3; i++) {
        const dense_pair *p = &l->model.grains[0].points[i].pair;
        assert_true(p->interleaved);
        assert_int_equal(p->dense->samples, 16);
        near(p->ratio.low, 1);
    }
    unload(l);
}

/* The rows' FLOPs, which are those of stages.def, against the formula that the caption gives. */
static void flops_are_the_formula(void **state) {
    (void)state;
    fixture f = fixture_full();
    size_t n = 0;
    char *samples = fixture_text(&f, &n);
    loaded *l = load_text(samples);
    assert_int_equal(l->model.grain_count, 1);
    const grain_curve *c = &l->model.grains[0];
    const double D = 512, F = 2048;
    assert_int_equal(c->count, 6);
    assert_int_equal(c->measured, 5);
    for (size_t i = 0; i < c->measured; i++) {
        const double E = 32 * c->points[i].y, ratio = c->points[i].pair.flops_ratio;
        near(ratio, 1 + E * (6 * D + 5) / (F * (4 * D + 1)));
        assert_true(fabs(ratio / (1 + 1.5 * E / F) - 1) < 1e-3);
        assert_true(c->points[i].pair.ratio.low > 1);
    }
    assert_string_equal(c->points[5].absent,
                        "layer_avx512 skipped: one call takes 4.1 s: more than the budget has left");
    unload(l);
    free(samples);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_layer_meets_the_ffn_of_its_rounds),
        cmocka_unit_test(what_was_timed_apart_has_a_wider_interval),
        cmocka_unit_test(what_is_absent_says_why),
        cmocka_unit_test(two_points_are_no_curve),
        cmocka_unit_test(processes_are_pooled_by_comparison),
        cmocka_unit_test(flops_are_the_formula),
    };
    return cmocka_run_group_tests_name("report grains", tests, NULL, NULL);
}
