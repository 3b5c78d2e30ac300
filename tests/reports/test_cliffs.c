/* Cliffs of a sweep: found where there is one, with what may explain it, and nowhere else. */
#include "fixture.h"
#include "helper.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One row of a sweep; what is not set is the same for all. */
typedef struct spot {
    int d, ns;           /* model width; time, of which 100 is the floor, unless floor says else */
    int spread;          /* half the interval */
    int floor;           /* -1: unknown */
    double bytes;        /* 0: unknown */
    const char *mix;     /* the layer's mix step */
    const char *tainted; /* "0,1" */
    const char *library, *variant;
} spot;

#define AT(D, NS, ...)                                                                                                 \
    { .d = D, .ns = NS, __VA_ARGS__ }

static char body[1 << 16];
static size_t used;

static void begin(void) {
    used = (size_t)snprintf(body, sizeof body,
                            "{\"type\":\"run\",\"schema\":1,\"host\":{\"name\":\"example\",\"fingerprint\":\"one\","
                            "\"l1d\":32768,\"l2\":1048576,\"l3\":16777216}}\n");
}

static void put(const spot *p) {
    const int floor = p->floor ? p->floor : 100, s = p->spread ? p->spread : 1;
    const char *variant = p->variant ? p->variant : "layer_avx512";
    used += (size_t)snprintf(body + used, sizeof body - used,
                             "{\"type\":\"bench\",\"name\":\"%s/g4t4e4d%dh48/t2/hot\",\"status\":\"ok\",\"shape\":"
                             "\"g4t4e4d%dh48\",\"stage\":\"layer\",\"variant\":\"%s\",\"config\":[\"%s\","
                             "\"redistribute_avx512_24x16\"],\"isa\":\"avx512\",\"library\":\"%s\",\"dtype\":\"f32\","
                             "\"threads\":2,\"cache\":\"hot\",\"group\":\"sweep-width\",\"flops\":1000",
                             variant, p->d, p->d, variant, p->mix ? p->mix : "mix_avx512_24x16",
                             p->library ? p->library : "mot");
    if (floor > 0) used += (size_t)snprintf(body + used, sizeof body - used, ",\"floor_ns\":%d", floor);
    if (p->bytes > 0) used += (size_t)snprintf(body + used, sizeof body - used, ",\"bytes\":%.0f", p->bytes);
    used += (size_t)snprintf(body + used, sizeof body - used, ",\"tainted\":[%s],\"samples_ns\":[",
                             p->tainted ? p->tainted : "");
    for (int i = 0; i < 12; i++)
        used += (size_t)snprintf(body + used, sizeof body - used, "%s%d", i ? "," : "",
                                 i < 4   ? p->ns - s
                                 : i < 8 ? p->ns
                                         : p->ns + s);
    used += (size_t)snprintf(body + used, sizeof body - used, "]}\n");
}

static loaded *load(const spot *spots, size_t count) {
    begin();
    for (size_t i = 0; i < count; i++) put(&spots[i]);
    snprintf(body + used, sizeof body - used, END_LINE);
    loaded *l = load_text(body);
    if (!l->good) fail_msg("%s", l->error);
    assert_int_equal(l->model.sweep_count, 1);
    return l;
}
#define LOAD(...) load((const spot[]){__VA_ARGS__}, sizeof((const spot[]){__VA_ARGS__}) / sizeof(spot))

static const point *only_cliff(const loaded *l) {
    const sweep *w = &l->model.sweeps[0];
    const point *found = NULL;
    assert_int_equal(w->cliffs, 1);
    for (size_t n = 0; n < w->series[0].count; n++)
        if (w->series[0].points[n].cliff) found = &w->series[0].points[n];
    assert_non_null(found);
    assert_non_null(strstr(l->model.findings[l->model.finding_count - 1], found->cliff));
    return found;
}

static void expect_why(const loaded *l, const char *why) {
    const point *p = only_cliff(l);
    if (!strstr(p->cliff, why)) fail_msg("'%s' does not say '%s'", p->cliff, why);
}

static void a_cliff_is_named(void **state) {
    (void)state;
    loaded *l = LOAD(AT(384, 110), AT(400, 112), AT(416, 150), AT(432, 120), AT(448, 121));
    const point *p = only_cliff(l);
    assert_true(p->x == 416 && fabs(p->cliff_factor - 1.25) < 1e-9);
    assert_int_equal(l->model.sweeps[0].judged, 3);
    assert_string_equal(p->cliff, "layer_avx512 at D = 416: 1.50× its floor, but 1.12× its floor at 400 and 1.20× its "
                                  "floor at 432; nothing in the samples explains it");
    assert_non_null(strstr(l->model.findings[l->model.finding_count - 1], "A cliff in sweep-width (layer): "));
    unload(l);
}

static void no_cliff_where_there_is_none(void **state) {
    (void)state;
    const struct {
        spot at[3];
        const char *what;
    } none[] = {
        {{AT(384, 110), AT(400, 120), AT(416, 110)}, "8 percent"},
        {{AT(384, 110), AT(400, 150), AT(416, 150)}, "a step that stays"},
        {{AT(384, 150), AT(400, 150), AT(416, 110)}, "an end"},
        {{AT(384, 110, .spread = 60), AT(400, 150, .spread = 60), AT(416, 110, .spread = 60)},
         "intervals that overlap"},
        {{AT(384, 110), AT(400, 300, .floor = 280), AT(416, 110)}, "work that takes longer by its floor"},
        {{AT(384, 110, .library = "openblas", .variant = "layer_openblas"),
          AT(400, 150, .library = "openblas", .variant = "layer_openblas"),
          AT(416, 110, .library = "openblas", .variant = "layer_openblas")},
         "a peer's"},
    };
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        loaded *l = load(none[i].at, 3);
        if (l->model.sweeps[0].cliffs) fail_msg("%s is no cliff", none[i].what);
        for (size_t k = 0; k < l->model.finding_count; k++) assert_null(strstr(l->model.findings[k], "cliff"));
        unload(l);
    }
}

static void without_a_floor_flops_count(void **state) {
    (void)state;
    loaded *l = LOAD(AT(384, 110, .floor = -1), AT(400, 150), AT(416, 110));
    assert_non_null(strstr(only_cliff(l)->cliff, "at D = 400: 6.67 GFLOP/s, but 9.09 GFLOP/s at 384"));
    unload(l);
}

static void reasons_are_facts_of_the_samples(void **state) {
    (void)state;
    loaded *l = LOAD(AT(496, 110), AT(512, 150), AT(528, 110));
    expect_why(l, "likely because rows of x (D = 512) are a power of two, 2 KiB, apart");
    unload(l);
    l = LOAD(AT(256, 110), AT(512, 150), AT(1024, 110)); /* 1024 is one, too */
    expect_why(l, "nothing in the samples");
    unload(l);
    for (int i = 0; i < 2; i++) { /* so is one of the neighbours */
        l = i ? LOAD(AT(256, 110), AT(512, 150), AT(528, 110)) : LOAD(AT(496, 110), AT(512, 150), AT(1024, 110));
        expect_why(l, "nothing in the samples");
        unload(l);
    }
    l = LOAD(AT(480, 110), AT(500, 150), AT(528, 110));
    expect_why(l, "D is no multiple of the 16 columns of a panel of mix_avx512_24x16");
    unload(l);
    l = LOAD(AT(384, 110, .mix = "mix_avx512_12x32{dc=64}"), AT(400, 150), AT(416, 110, .mix = "mix_avx512_12x32"));
    expect_why(l, "it runs mix_avx512_24x16, which its neighbours do not");
    unload(l);
    l = LOAD(AT(384, 110, .bytes = 15e6), AT(400, 150, .bytes = 17e6), AT(416, 110, .bytes = 19e6));
    expect_why(l, "its working set (16 MiB) is the first that does not fit the L3 (16 MiB)");
    unload(l);
    l = LOAD(AT(384, 110, .bytes = 1.9e6), AT(400, 150, .bytes = 2.2e6), AT(416, 110, .bytes = 2.3e6));
    expect_why(l, "does not fit the L2 (2 MiB)"); /* of two cores */
    unload(l);
    l = LOAD(AT(384, 110), AT(400, 150, .tainted = "0,5"), AT(416, 110, .tainted = "1"));
    expect_why(l, "2 of its 12 samples were disturbed");
    unload(l);
}

/* The example's sweeps are smooth, and the page says so. */
static void the_fixture_has_none(void **state) {
    (void)state;
    fixture f = fixture_full();
    size_t n = 0;
    char *samples = fixture_text(&f, &n);
    loaded *l = load_text(samples);
    assert_true(l->model.sweep_count >= 3);
    for (size_t i = 0; i < l->model.sweep_count; i++) {
        assert_int_equal(l->model.sweeps[i].cliffs, 0);
        assert_true(l->model.sweeps[i].judged > 0);
    }
    unload(l);
    free(samples);
}

/* Its shapes have no tokens: there is no time per token to draw. */
static void a_sweep_without_points_is_none(void **state) {
    (void)state;
    static const char empty[] = "\"shape\":\"g0t4e4d8h16\",\"dims\":{\"G\":0,\"T\":4,\"E\":4,\"D\":8,\"H\":16},"
                                "\"group\":\"sweep-group\"";
    begin();
    snprintf(body + used, sizeof body - used, "%s", bench_line("mix", "mix_avx2_a", "avx2", "mot", "9,9,9", empty));
    loaded *l = load_text(body);
    assert_true(l->good);
    assert_int_equal(l->records.bench_count, 1);
    assert_int_equal(l->model.sweep_count, 0);
    unload(l);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sweep_without_points_is_none),   cmocka_unit_test(a_cliff_is_named),
        cmocka_unit_test(no_cliff_where_there_is_none),     cmocka_unit_test(without_a_floor_flops_count),
        cmocka_unit_test(reasons_are_facts_of_the_samples), cmocka_unit_test(the_fixture_has_none),
    };
    return cmocka_run_group_tests_name("report cliffs", tests, NULL, NULL);
}
