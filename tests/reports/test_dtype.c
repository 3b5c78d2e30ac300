/* Samples of several data types: nothing of one is compared with another, but where a finding says so. */
#include "ceilings_plot.h"
#include "helper.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define TEN "10,10,10,10,10,10,10,10,10"
#define FOUR "4,4,4,4,4,4,4,4,4"

static char text[1 << 16];

static loaded *load(const char *body) {
    snprintf(text, sizeof text, RUN_LINE "%s" END_LINE, body);
    loaded *l = load_text(text);
    if (!l->good) fail_msg("%s", l->error);
    return l;
}

/* The same line of bf16. */
static const char *in_bf16(const char *line) {
    static char lines[16][2048];
    static unsigned turn;
    char *to = lines[turn++ % 16];
    const char *type = strstr(line, "\"f32\"");
    assert_non_null(type);
    snprintf(to, sizeof lines[0], "%.*s\"bf16\"%s", (int)(type - line), line, type + 5);
    return to;
}

static void a_table_for_each(void **state) {
    char body[8192];
    (void)state;
    snprintf(body, sizeof body, "%s%s%s%s",
             in_bf16(bench_line("layer", "layer_bf16_scalar", "scalar", "mot", "80,80,80,80,80,80,80,80,80", "")),
             in_bf16(bench_line("layer", "layer_bf16_avx512bf16", "avx512bf16", "mot", FOUR, "")),
             bench_line("layer", "layer_scalar", "scalar", "mot", "70,70,70,70,70,70,70,70,70", ""),
             bench_line("layer", "layer_avx512", "avx512", "mot", TEN, ""));
    loaded *l = load(body);
    assert_int_equal(l->model.table_count, 2);
    assert_true(find_row(l, "layer_avx512")->over_scalar.value == 7);
    assert_true(find_row(l, "layer_bf16_avx512bf16")->over_scalar.value == 20);
    assert_true(find_row(l, "layer_avx512")->best && find_row(l, "layer_bf16_avx512bf16")->best);
    assert_string_equal(l->model.headline->dtype, "f32"); /* the one that a reader expects */
    assert_non_null(strstr(l->model.findings[0], "layer_avx512;"));
    assert_non_null(strstr(l->model.findings[0], "; in bf16 it takes 4.00 ns"));
    assert_non_null(strstr(l->model.findings[0], "with layer_bf16_avx512bf16"));
    unload(l);
    l = load(in_bf16(bench_line("layer", "layer_bf16_avx2", "avx2", "mot", TEN, "")));
    assert_non_null(strstr(l->model.findings[0], "2 threads, hot, bf16 takes"));
    unload(l);
}

static void the_dense_ffn_is_of_the_same_type(void **state) {
    const char *dense = "{\"type\":\"bench\",\"name\":\"d%s\",\"status\":\"ok\",\"shape\":\"g16t1e1d8h16\","
                        "\"stage\":\"experts\",\"variant\":\"dense_ffn_%s\",\"isa\":\"%s\",\"library\":\"mot\","
                        "\"dtype\":\"%s\",\"threads\":2,\"cache\":\"hot\",\"flops\":50,\"samples_ns\":[5,5,5,5,5,5]}\n";
    char body[8192], ffn[1024], ffn16[1024];
    (void)state;
    snprintf(ffn, sizeof ffn, dense, "1", "avx512", "avx512", "f32");
    snprintf(ffn16, sizeof ffn16, dense, "2", "bf16_avx512bf16", "avx512bf16", "bf16");
    snprintf(body, sizeof body, "%s%s%s%s%s", bench_line("layer", "layer_avx512", "avx512", "mot", TEN, ""),
             in_bf16(bench_line("layer", "layer_bf16_avx512bf16", "avx512bf16", "mot", FOUR, "")),
             in_bf16(bench_line("layer", "layer_bf16_tuned", "avx512bf16", "mot", FOUR, "")), ffn, ffn16);
    loaded *l = load(body);
    assert_int_equal(l->model.table_count, 2);
    const table *first = &l->model.tables[0], *second = &l->model.tables[1];
    assert_int_equal(first->dense_count, 1);
    assert_true(first->dense[0].ratio.value == 2);
    assert_int_equal(second->dense_count, 2); /* the default and the tuned layer */
    for (size_t i = 0; i < 2; i++) {
        assert_string_equal(second->dense[i].dense->dtype, "bf16");
        assert_true(second->dense[i].ratio.value == 0.8);
    }
    unload(l);
}

static void put_rows(char *body, size_t size, const char *variant, const char *dtype, int threads, const char *group) {
    for (int t = 2; t <= 8; t *= 2) {
        size_t used = strlen(body);
        snprintf(body + used, size - used,
                 "{\"type\":\"bench\",\"name\":\"%s%d%d\",\"status\":\"ok\",\"shape\":\"g%dt%de8d8h16\",\"stage\":"
                 "\"layer\",\"variant\":\"%s\",\"config\":[],\"isa\":\"avx2\",\"library\":\"mot\",\"dtype\":\"%s\","
                 "\"threads\":%d,\"cache\":\"hot\",\"group\":\"%s\",\"samples_ns\":[%d]}\n",
                 variant, t, threads, 64 / t, t, variant, dtype, threads, group, 10 + t);
    }
}

static void sweeps_and_scalings_are_apart(void **state) {
    char body[16384] = "";
    (void)state;
    put_rows(body, sizeof body, "layer_avx2", "f32", 2, "sweep-group");
    put_rows(body, sizeof body, "layer_bf16_avx2", "bf16", 2, "sweep-group");
    for (int threads = 1; threads <= 2; threads++) {
        put_rows(body, sizeof body, "layer_avx2", "f32", threads, "");
        put_rows(body, sizeof body, "layer_bf16_avx2", "bf16", threads, "");
    }
    loaded *l = load(body);
    assert_int_equal(l->model.sweep_count, 2);
    assert_string_equal(l->model.sweeps[0].dtype, "f32");
    assert_string_equal(l->model.sweeps[1].dtype, "bf16");
    for (size_t i = 0; i < 2; i++) assert_int_equal(l->model.sweeps[i].count, 1);
    assert_int_equal(l->model.scaling_count, 6); /* three shapes, twice */
    for (size_t i = 0; i < 6; i++) assert_int_equal(l->model.scalings[i].count, 1);
    unload(l);
}

/* The fastest row is of a lesser ISA here: the machine's floor is that of the better one. */
static void the_floor_is_what_the_machine_can_do(void **state) {
    char body[8192];
    (void)state;
    snprintf(body, sizeof body, "%s%s",
             in_bf16(bench_line("layer", "layer_bf16_avx512", "avx512", "mot", FOUR, "\"floor_ns\":3")),
             in_bf16(bench_line("layer", "layer_bf16_avx512bf16", "avx512bf16", "mot", TEN, "\"floor_ns\":2")));
    loaded *l = load(body);
    const block *b = model_block(l->model.headline, "layer");
    assert_string_equal(b->best->bench->variant, "layer_bf16_avx512");
    assert_true(b->floor_ns == 2);
    assert_non_null(strstr(l->model.findings[1], "less than 2.00 ns: it is at 2.00× of that floor, or 50"));
    unload(l);
}

static void roofs_are_those_of_the_type(void **state) {
    static const char rates[] =
        "{\"type\":\"ceiling\",\"name\":\"fma_avx512_f32\",\"unit\":\"GFLOP/s\",\"threads\":2,\"median\":100}\n"
        "{\"type\":\"ceiling\",\"name\":\"fma_avx512bf16_bf16\",\"unit\":\"GFLOP/s\",\"threads\":2,\"median\":200}\n"
        "{\"type\":\"ceiling\",\"name\":\"read_L1\",\"unit\":\"GB/s\",\"threads\":2,\"median\":300}\n";
    (void)state;
    loaded *l = load(rates);
    assert_true(html_limits(&l->records, 2, "f32").peak == 100);
    assert_true(html_limits(&l->records, 2, "bf16").peak == 200);
    assert_true(html_limits(&l->records, 2, "bf16").fastest == 300);
    unload(l);
}

static void tuning_says_its_type(void **state) {
    static const char line[] =
        "{\"type\":\"tune\",\"stage\":\"mix\",%s\"shape\":\"g1t2e3d4h5\",\"default\":\"a\",\"winner\":\"b\","
        "\"default_ns\":5,\"winner_ns\":4,\"speedup\":1.25,\"speedup_low\":1.2,\"speedup_high\":1.3,"
        "\"evaluations\":12,\"kept\":true}\n";
    char body[2048];
    (void)state;
    snprintf(body, sizeof body, line, "\"dtype\":\"bf16\",");
    loaded *l = load(body);
    assert_string_equal(l->records.tunes[0].dtype, "bf16");
    assert_non_null(strstr(l->model.findings[0], "mix on g1t2e3d4h5, bf16, from"));
    unload(l);
    snprintf(body, sizeof body, line, ""); /* an old file */
    l = load(body);
    assert_string_equal(l->records.tunes[0].dtype, "f32");
    assert_non_null(strstr(l->model.findings[0], "mix on g1t2e3d4h5, from"));
    unload(l);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_for_each),
        cmocka_unit_test(the_dense_ffn_is_of_the_same_type),
        cmocka_unit_test(sweeps_and_scalings_are_apart),
        cmocka_unit_test(the_floor_is_what_the_machine_can_do),
        cmocka_unit_test(roofs_are_those_of_the_type),
        cmocka_unit_test(tuning_says_its_type),
    };
    return cmocka_run_group_tests_name("report dtype", tests, NULL, NULL);
}
