/* Numbers of the model against numbers worked out by hand. */
#include "helper.h"
#include "summary.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define TWELVE "1,2,3,4,5,6,7,8,9,10,11,12"

static void near(double got, double expected) {
    if (!(fabs(got - expected) <= 1e-9 * fabs(expected))) fail_msg("%.17g instead of %.17g", got, expected);
}

static char text[1 << 16];

static const char *file(const char *body) {
    snprintf(text, sizeof text, RUN_LINE "%s" END_LINE, body);
    return text;
}

static void median_of_twelve(void **state) {
    (void)state;
    const double v[12] = {12, 1, 11, 2, 10, 3, 9, 4, 8, 5, 7, 6};
    bool taint[12] = {false};
    interval m = summary_median(v, taint, 12);
    near(m.value, 6.5); /* 95 % sign-test interval of 12: 3rd to 10th */
    near(m.low, 3);
    near(m.high, 10);
    taint[0] = taint[2] = true; /* 12 and 11 go: 10 left, 2nd to 9th */
    m = summary_median(v, taint, 12);
    near(m.value, 5.5);
    near(m.low, 2);
    near(m.high, 9);
}

static void few_samples_have_no_interval(void **state) {
    (void)state;
    const double v[5] = {5, 4, 3, 2, 1};
    const bool taint[5] = {false};
    interval m = summary_median(v, taint, 5);
    near(m.value, 3);
    assert_true(isnan(m.low) && isnan(m.high));
    assert_true(isnan(summary_median(v, taint, 0).value));
}

static void ratio_is_paired_by_round(void **state) {
    (void)state;
    /* The base doubles half way, and so does the other: paired ratios are all 2, the ratio of medians isn't told. */
    double base[8] = {2, 4, 6, 8, 20, 40, 60, 80}, other[8] = {1, 2, 3, 4, 10, 20, 30, 40};
    bool clean[8] = {false}, one[8] = {[7] = true};
    bench_record a = {.ns = base, .taint = clean, .samples = 8, .time = {14, 0, 0}, .pooled = 1};
    bench_record b = {.ns = other, .taint = clean, .samples = 8, .time = {10, 0, 0}, .pooled = 1};
    interval r = summary_ratio(&a, &b);
    near(r.value, 2);
    near(r.low, 2);
    near(r.high, 2);
    b.taint = one; /* 7 pairs: no interval, and the ratio of the medians */
    r = summary_ratio(&a, &b);
    near(r.value, 1.4);
    assert_true(isnan(r.low));
    b.taint = clean;
    b.run = 1; /* not the same rounds */
    assert_true(isnan(summary_ratio(&a, &b).low));
}

static void bases_and_best(void **state) {
    (void)state;
    char body[8192];
    snprintf(body, sizeof body, "%s%s%s%s",
             bench_line("experts", "experts_scalar_4x4", "scalar", "mot", "80,80,80,80,80,80,80,80,80", ""),
             bench_line("experts", "experts_avx512_a", "avx512", "mot", "10,10,10,10,10,10,10,10,10", ""),
             bench_line("experts", "experts_avx2_a", "avx2", "mot", "16,16,16,16,16,16,16,16,16", ""),
             bench_line("experts", "experts_blas_openblas", "scalar", "openblas", "8,8,8,8,8,8,8,8,8", ""));
    loaded *l = load_text(file(body));
    assert_true(l->good);
    const row *ours = find_row(l, "experts_avx512_a");
    near(ours->over_scalar.value, 8); /* the peer's isa is "scalar" too, but it is no portable code of ours */
    near(ours->over_blas.value, 0.8);
    near(ours->over_blas.low, 0.8);
    assert_true(ours->best); /* the peer is faster, but not ours */
    assert_false(find_row(l, "experts_blas_openblas")->best);
    near(find_row(l, "experts_avx2_a")->over_scalar.value, 5);
    assert_string_equal(l->model.tables[0].blocks[0].rows[0].bench->variant, "experts_blas_openblas");
    assert_non_null(strstr(l->model.findings[0], "OpenBLAS takes 8.00 ns"));
    assert_non_null(strstr(l->model.findings[0], "is faster"));
    unload(l);
}

static void every_peer_is_a_base(void **state) {
    (void)state;
    char body[8192];
    snprintf(body, sizeof body, "%s%s%s%s",
             bench_line("layer", "layer_avx512", "avx512", "mot", "10,10,10,10,10,10,10,10,10", ""),
             bench_line("layer", "layer_openblas", "auto", "openblas", "20,20,20,20,20,20,20,20,20", ""),
             bench_line("layer", "layer_onednn", "auto", "onednn", "15,15,15,15,15,15,15,15,15", ""),
             bench_line("layer", "layer_onednn_packed", "auto", "onednn", "12,12,12,12,12,12,12,12,12", ""));
    loaded *l = load_text(file(body));
    assert_true(l->good);
    const table *t = &l->model.tables[0];
    assert_int_equal(t->peer_count, 1);
    assert_string_equal(t->peers[0], "onednn");
    const row *base = model_fastest(&t->blocks[0], "onednn");
    assert_string_equal(base->bench->variant, "layer_onednn_packed");
    near(model_over_peer(base, find_row(l, "layer_avx512")).value, 1.2);
    assert_true(isnan(model_over_peer(NULL, base).value));
    assert_ptr_equal(model_best_peer(&t->blocks[0]), base);
    assert_non_null(strstr(l->model.findings[0], "the best peer layer_onednn_packed takes 12.0 ns"));
    unload(l);
}

static void fused_stage_against_the_sum(void **state) {
    (void)state;
    char body[8192];
    snprintf(body, sizeof body, "%s%s%s",
             bench_line("route", "route_scalar_4x4", "scalar", "mot", "30,30,30,30,30,30,30,30", ""),
             bench_line("mix", "mix_scalar_4x4", "scalar", "mot", "50,50,50,50,50,50,50,50", ""),
             bench_line("front", "front_avx512_a", "avx512", "mot", "20,20,20,20,20,20,20,20", ""));
    loaded *l = load_text(file(body));
    near(find_row(l, "front_avx512_a")->over_scalar.value, 4);
    assert_true(isnan(find_row(l, "front_avx512_a")->over_blas.value));
    unload(l);
}

/* Conditions under which everything was skipped, as on a machine without a GPU, are in the list of what was skipped. */
static void skipped_conditions_have_no_table(void **state) {
    static const char skip[] = "\"cache\":\"cold-all\",\"status\":\"skipped\",\"reason\":\"no GPU\"",
                      fail[] = "\"cache\":\"cold-all\",\"status\":\"failed\",\"reason\":\"check: FAIL: wrong\"";
    char body[8192];
    (void)state;
    const char *timed = bench_line("mix", "mix_avx2_a", "avx2", "mot", "9,9,9", ""),
               *skipped = bench_line("mix", "mix_cuda_a", "cuda", "mot_cuda", "", skip),
               *failed = bench_line("mix", "mix_cuda_b", "cuda", "mot_cuda", "", fail);
    snprintf(body, sizeof body, "%s%s", timed, skipped);
    loaded *l = load_text(file(body));
    assert_true(l->good);
    assert_int_equal(l->model.table_count, 1);
    assert_int_equal(l->model.skipped_count, 1);
    assert_string_equal(l->model.skipped[0].reason, "no GPU");
    unload(l);
    snprintf(body, sizeof body, "%s%s%s", timed, skipped, failed);
    l = load_text(file(body)); /* what is wrong is shown */
    assert_int_equal(l->model.table_count, 2);
    unload(l);
    l = load_text(file(skipped)); /* there is nothing else to show */
    assert_int_equal(l->model.table_count, 1);
    unload(l);
}

static void processes_are_pooled(void **state) {
    (void)state;
    const char *line = bench_line("mix", "mix_avx2_a", "avx2", "mot", "1,2,3,4,5,6", "\"tainted\":[5],\"median_ns\":3");
    char one[4096], two[4096];
    snprintf(one, sizeof one, RUN_LINE "%s" END_LINE, line);
    snprintf(two, sizeof two, RUN_LINE "%s" END_LINE,
             bench_line("mix", "mix_avx2_a", "avx2", "mot", "7,8,9,10,11,12", "\"median_ns\":9.5"));
    const char *const files[] = {one, two};
    loaded *l = load_texts(files, 2);
    assert_true(l->good);
    assert_int_equal(l->records.bench_count, 1);
    const bench_record *b = find_bench(l, "mix_avx2_a");
    assert_int_equal(b->samples, 12);
    assert_int_equal(b->tainted, 1);
    assert_true(b->taint[5]);
    near(b->time.value, 7); /* of 1 2 3 4 5, 7 8 9 10 11 12 */
    unload(l);
}

static void other_machine_is_refused(void **state) {
    (void)state;
    const char *const files[] = {RUN_LINE END_LINE,
                                 "{\"type\":\"run\",\"schema\":1,\"host\":{\"fingerprint\":\"two\"}}\n"};
    loaded *l = load_texts(files, 2);
    assert_false(l->good);
    assert_non_null(strstr(l->error, "another machine (two) than the first file's (one)"));
    unload(l);
    const char *const nameless[] = {RUN_LINE, "{\"type\":\"run\",\"schema\":1,\"host\":{}}\n"};
    l = load_texts(nameless, 2);
    assert_false(l->good);
    assert_non_null(strstr(l->error, "no host.fingerprint"));
    unload(l);
}

static void faster_than_the_floor_is_mistrusted(void **state) {
    (void)state;
    loaded *l = load_text(file(bench_line("mix", "mix_avx2_a", "avx2", "mot", TWELVE, "\"floor_ns\":11")));
    const bench_record *b = find_bench(l, "mix_avx2_a");
    assert_string_equal(b->status, "mistrusted");
    assert_false(b->usable);
    assert_int_equal(l->model.finding_count, 0);
    assert_int_equal(l->model.skipped_count, 0); /* it stands in its table, with its status */
    assert_non_null(strstr(l->model.warnings[0], "mistrusted"));
    unload(l);
    /* The floor lies inside the interval: noise explains it. */
    l = load_text(file(bench_line("mix", "mix_avx2_a", "avx2", "mot", TWELVE, "\"floor_ns\":9")));
    assert_true(find_bench(l, "mix_avx2_a")->usable);
    unload(l);
}

static void inconclusive_is_shown_but_no_base(void **state) {
    (void)state;
    char body[4096], noisy[2048];
    snprintf(noisy, sizeof noisy, "%s", bench_line("mix", "mix_scalar_4x4", "scalar", "mot", TWELVE, ""));
    memcpy(strstr(noisy, "\"ok\""), "\"no\"", 4); /* any status but ok */
    snprintf(body, sizeof body, "%s%s", noisy, bench_line("mix", "mix_avx2_a", "avx2", "mot", TWELVE, ""));
    loaded *l = load_text(file(body));
    near(find_row(l, "mix_scalar_4x4")->bench->time.value, 6.5);
    assert_true(isnan(find_row(l, "mix_avx2_a")->over_scalar.value));
    assert_true(find_row(l, "mix_avx2_a")->best);
    unload(l);
}

static void bad_clock_samples_are_never_used(void **state) {
    (void)state;
    loaded *l = load_text(file(bench_line("mix", "mix_avx2_a", "avx2", "mot", "0,-5,4,4,4,4,4,4", "")));
    const bench_record *b = find_bench(l, "mix_avx2_a");
    assert_int_equal(b->tainted, 2);
    near(b->time.value, 4);
    unload(l);
}

static void layer_is_the_sum_of_its_parts(void **state) {
    (void)state;
    char body[8192];
    snprintf(
        body, sizeof body, "%s%s%s%s",
        bench_line("front", "front_avx2_a", "avx2", "mot", "3,3,3,3,3,3,3,3", "\"floor_ns\":1"),
        bench_line("experts", "experts_avx2_a", "avx2", "mot", "9,9,9,9,9,9,9,9", "\"floor_ns\":8"),
        bench_line("redistribute", "redistribute_avx2_a", "avx2", "mot", "2,2,2,2,2,2,2,2", "\"floor_ns\":1"),
        bench_line("layer", "layer_avx2", "avx2", "mot", "13,13,13,13,13,13,13,13",
                   "\"floor_ns\":10,\"config\":[\"front_avx2_a\",\"experts_avx2_a{hb=512}\",\"redistribute_avx2_a\"]"));
    loaded *l = load_text(file(body));
    const table *t = l->model.headline;
    assert_int_equal(t->breakdown_count, 1);
    near(t->breakdowns[0].sum_ns, 14);
    assert_true(t->breakdowns[0].exact[0]);
    assert_false(t->breakdowns[0].exact[1]); /* the same variant with other knobs */
    assert_non_null(strstr(l->model.findings[1], "1.30×"));
    assert_non_null(strstr(l->model.findings[1], "Most of the room is in front"));
    unload(l);
}

static void dense_ffn_is_matched_by_tokens_and_width(void **state) {
    (void)state;
    const char *dense =
        "{\"type\":\"bench\",\"name\":\"d\",\"status\":\"ok\",\"shape\":\"g16t1e1d8h%d\",\"stage\":\"experts\","
        "\"variant\":\"dense_ffn_avx2\","
        "\"config\":\"experts_avx2_a\",\"isa\":\"avx2\",\"library\":\"mot\",\"dtype\":\"f32\",\"threads\":2,\"cache\":"
        "\"hot\",\"group\":\"\",\"flops\":50,\"samples_ns\":[5,5,5,5,5,5,5,5]}\n";
    char body[8192], right[1024], wrong[1024];
    snprintf(right, sizeof right, dense, 16); /* H*E/T = 16*4/4 */
    snprintf(wrong, sizeof wrong, dense, 32);
    const char *layer = bench_line("layer", "layer_avx2", "avx2", "mot", "6,6,6,6,6,6,6,6", "\"flops\":55");
    snprintf(body, sizeof body, "%s%s", layer, right);
    loaded *l = load_text(file(body));
    assert_int_equal(l->model.headline->dense_count, 1);
    near(l->model.headline->dense[0].ratio.value, 1.2);
    near(l->model.headline->dense[0].flops_ratio, 1.1);
    assert_int_equal(l->model.table_count, 1); /* the dense layer is no table of its own */
    unload(l);
    snprintf(body, sizeof body, "%s%s", layer, wrong);
    l = load_text(file(body));
    assert_int_equal(l->model.headline->dense_count, 0);
    unload(l);
}

static void put_sweep_row(char *body, size_t size, const char *variant, int t, int ns) {
    size_t used = strlen(body);
    snprintf(body + used, size - used,
             "{\"type\":\"bench\",\"name\":\"%s%d\",\"status\":\"ok\",\"shape\":\"g%dt%de8d8h16\",\"stage\":\"layer\","
             "\"variant\":\"%s\",\"config\":[],\"isa\":\"avx2\","
             "\"library\":\"mot\",\"dtype\":\"f32\",\"threads\":2,\"cache\":\"hot\",\"group\":\"sweep-group\","
             "\"samples_ns\":[%d]}\n",
             variant, t, 64 / t, t, variant, ns);
}

static void sweep_names_the_crossover(void **state) {
    (void)state;
    char body[8192] = "";
    for (int t = 2; t <= 16; t *= 2) {
        put_sweep_row(body, sizeof body, "layer_a", t, 10 + t);
        put_sweep_row(body, sizeof body, "layer_b", t, 18);
    }
    size_t used = strlen(body); /* as many FLOPs and tokens as T = 8: 16 * 8 / 8 hidden units, 64 tokens */
    snprintf(body + used, sizeof body - used,
             "{\"type\":\"bench\",\"name\":\"d\",\"status\":\"ok\",\"shape\":\"g64t1e1d8h16\",\"stage\":\"experts\","
             "\"variant\":\"dense_ffn_avx2\","
             "\"isa\":\"avx2\",\"library\":\"mot\",\"threads\":2,\"cache\":\"hot\",\"group\":\"sweep-group\",\"samples_"
             "ns\":[1]}\n");
    loaded *l = load_text(file(body));
    assert_int_equal(l->model.sweep_count, 1);
    const sweep *w = &l->model.sweeps[0];
    assert_string_equal(w->letter, "T");
    assert_int_equal(w->count, 3);
    assert_int_equal(w->series[0].count, 4);
    assert_string_equal(w->series[2].label, "dense_ffn");
    assert_int_equal(w->series[2].count, 1);
    near(w->series[2].points[0].x, 8);
    assert_int_equal(w->winner_count, 2);
    assert_string_equal(w->winners[0], "T = 2 to 8: layer_a");
    assert_string_equal(w->winners[1], "T = 16: layer_b");
    unload(l);
}

static const char *check(const char *verdict) {
    static char lines[4][512];
    static unsigned turn;
    char *line = lines[turn++ % 4];
    snprintf(line, sizeof lines[0],
             "{\"type\":\"check\",\"choice\":\"mix_avx2_a\",\"stage\":\"mix\",\"shape\":\"g1t2e3d4h5\",\"verdict\":\"%"
             "s\",\"reason\":\"r\",\"fraction\":0.5,\"z_rms\":1,\"z_max\":2,\"compared\":7}\n",
             verdict);
    return line;
}

static void verdict_is_the_worst(void **state) {
    (void)state;
    static const struct {
        const char *first, *second, *verdict;
    } cases[] = {{"PASS", "PASS", "pass"},         {"PASS", "FAIL", "fail"},      {"CRASH", "PASS", "fail"},
                 {"PASS", "MARGINAL", "marginal"}, {"SKIP", "SKIP", "unchecked"}, {"PASS", "MISTRUSTED", "fail"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char body[2048];
        snprintf(body, sizeof body, "%s%s", check(cases[i].first), check(cases[i].second));
        loaded *l = load_text(file(body));
        assert_string_equal(l->model.verdict, cases[i].verdict);
        unload(l);
    }
    loaded *l = load_text(file(""));
    assert_string_equal(l->model.verdict, "unchecked");
    unload(l);
}

static void no_gain_is_said(void **state) {
    (void)state;
    loaded *l = load_text(file("{\"type\":\"tune\",\"stage\":\"mix\",\"shape\":\"g1t2e3d4h5\",\"default\":\"a\","
                               "\"winner\":\"a\",\"default_ns\":5,\"winner_ns\":5,\"speedup\":1.0,\"speedup_low\":0.9,"
                               "\"speedup_high\":1.1,\"evaluations\":12,\"kept\":false}\n"));
    assert_int_equal(l->model.finding_count, 1);
    assert_non_null(strstr(l->model.findings[0], "no gain"));
    unload(l);
}

static void an_early_end_is_a_warning(void **state) {
    (void)state;
    loaded *l = load_text(RUN_LINE "{\"type\":\"bench\",\"name\":\"torn");
    assert_true(l->good);
    assert_int_equal(l->model.warning_count, 1);
    assert_non_null(strstr(l->model.warnings[0], "ends early"));
    unload(l);
}

/* A library that the environment kept from AVX-512 is no fair base, and the verdict's readers are told. */
static void a_peer_held_back_is_a_warning(void **state) {
    (void)state;
    static const char *const versions[] = {"OpenBLAS 0.3.21 Haswell (held back by OPENBLAS_CORETYPE: unset it)",
                                           "OpenBLAS 0.3.21 SkylakeX, openmp"};
    for (size_t i = 0; i < 2; i++) {
        snprintf(text, sizeof text,
                 "{\"type\":\"run\",\"schema\":1,\"host\":{\"fingerprint\":\"one\"},\"argv\":[\"x\"],"
                 "\"libraries\":{\"openblas\":\"%s\"}}\n" END_LINE,
                 versions[i]);
        loaded *l = load_text(text);
        assert_true(l->good);
        assert_int_equal(l->model.warning_count, 1 - i);
        if (i == 0) assert_non_null(strstr(l->model.warnings[0], "not at its best: OpenBLAS 0.3.21 Haswell"));
        unload(l);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(median_of_twelve),
        cmocka_unit_test(few_samples_have_no_interval),
        cmocka_unit_test(ratio_is_paired_by_round),
        cmocka_unit_test(bases_and_best),
        cmocka_unit_test(every_peer_is_a_base),
        cmocka_unit_test(fused_stage_against_the_sum),
        cmocka_unit_test(skipped_conditions_have_no_table),
        cmocka_unit_test(processes_are_pooled),
        cmocka_unit_test(other_machine_is_refused),
        cmocka_unit_test(faster_than_the_floor_is_mistrusted),
        cmocka_unit_test(inconclusive_is_shown_but_no_base),
        cmocka_unit_test(bad_clock_samples_are_never_used),
        cmocka_unit_test(layer_is_the_sum_of_its_parts),
        cmocka_unit_test(dense_ffn_is_matched_by_tokens_and_width),
        cmocka_unit_test(sweep_names_the_crossover),
        cmocka_unit_test(verdict_is_the_worst),
        cmocka_unit_test(no_gain_is_said),
        cmocka_unit_test(an_early_end_is_a_warning),
        cmocka_unit_test(a_peer_held_back_is_a_warning),
    };
    return cmocka_run_group_tests_name("report model", tests, NULL, NULL);
}
