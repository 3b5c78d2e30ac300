/* What the writers print: complete, escaped, small enough, and the same as last time. */
#include "fixture.h"
#include "helper.h"
#include "report.h"

#include <ctype.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char path[] = "test_write.jsonl";

/* JSON text: a script, quotes, an entity, control and bidi characters, and bytes that are no UTF-8. */
#define HOSTILE                                                                                                        \
    "<script>alert(1)</script>\\\"'&amp;\\u0001\\u0007\\u202e|`*\xff\xc3("                                             \
    "]]>--><!--"

static char *write_report(const fixture *f, const char *format, size_t *length) {
    char error[512] = "", *samples, *text = NULL;
    size_t n = 0;
    report *r = NULL;
    const char *const paths[] = {path};
    samples = fixture_text(f, &n);
    assert_non_null(samples);
    save(path, samples, n);
    free(samples);
    if (!report_load(&r, paths, 1, NULL, error, sizeof error)) fail_msg("%s", error);
    FILE *out = open_memstream(&text, length);
    assert_non_null(out);
    assert_true(report_write(r, format, out));
    assert_int_equal(fclose(out), 0);
    report_free(r);
    remove(path);
    return text;
}

static size_t count(const char *text, const char *what) {
    size_t n = 0;
    for (const char *at = text; (at = strstr(at, what)) != NULL; at += strlen(what)) n++;
    return n;
}

static void is_utf8(const char *text) {
    json_t *s = json_string(text); /* NULL if it is not */
    assert_non_null(s);
    json_decref(s);
}

static void no_control_bytes(const char *text) {
    for (const char *c = text; *c; c++)
        if (((unsigned char)*c < 0x20 && *c != '\n') || *c == 0x7F) fail_msg("byte %d", *c);
    assert_null(strstr(text, "\xE2\x80\xAE")); /* U+202E turns the text around */
}

static void hostile_text_is_inert(void **state) {
    (void)state;
    fixture f = fixture_full();
    f.text = HOSTILE;
    for (size_t i = 0; report_format_name(i); i++) {
        size_t n = 0;
        char *text = write_report(&f, report_format_name(i), &n);
        assert_int_equal(n, strlen(text));
        is_utf8(text);
        no_control_bytes(text);
        if (strcmp(report_format_name(i), "html") == 0) {
            assert_int_equal(count(text, "<script"), 2); /* the page's own: the data and the comfort */
            assert_int_equal(count(text, "</script"), 2);
            assert_int_equal(count(text, "<!--"), 0);
            assert_int_equal(count(text, "]]>"), 0);
            assert_true(count(text, "&lt;script&gt;alert(1)") > 100);
        }
        if (strcmp(report_format_name(i), "md") == 0) assert_int_equal(count(text, "<script"), 0);
        if (strcmp(report_format_name(i), "json") == 0) assert_null(strpbrk(text, "<>&"));
        free(text);
    }
}

static void a_nul_in_a_line_spoils_only_that_line(void **state) {
    (void)state;
    fixture f = fixture_full();
    size_t n = 0;
    char *text = fixture_text(&f, &n);
    char *second = strchr(text, '\n') + 1;
    second[20] = 0;
    save(path, text, n);
    char error[512] = "";
    report *r = NULL;
    const char *const paths[] = {path};
    assert_true(report_load(&r, paths, 1, NULL, error, sizeof error));
    report_free(r);
    free(text);
    remove(path);
}

static void page_needs_nothing_from_outside(void **state) {
    (void)state;
    fixture f = fixture_full();
    size_t n = 0;
    char *page = write_report(&f, "html", &n);
    static const char *const never[] = {" src=",   "url(",    "@import",   "<link",      "<img",
                                        "<iframe", " style=", " onclick=", "href=\"http"};
    for (size_t i = 0; i < sizeof never / sizeof *never; i++)
        if (strstr(page, never[i])) fail_msg("the page has %s", never[i]);
    assert_non_null(strstr(page, "default-src 'none'"));
    assert_null(strstr(page, "unsafe-inline"));
    assert_null(strstr(page, "{{"));
    static const char *const ids[] = {"verdict",     "glance",  "machine",   "roofline", "variants",
                                      "granularity", "sweeps",  "breakdown", "scaling",  "tuning",
                                      "accuracy",    "samples", "skipped"};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        char section[64], link[64];
        snprintf(section, sizeof section, "<section id=\"%s\"", ids[i]);
        snprintf(link, sizeof link, "<a href=\"#%s\">", ids[i]);
        assert_int_equal(count(page, section), 1);
        assert_true(count(page, link) >= 1);
    }
    free(page);
}

/* OpenBLAS has no bf16: its column stands in tables of f32 only, and the best peer is who it is. */
static void peers_stand_where_they_were_timed(void **state) {
    (void)state;
    fixture f = fixture_full();
    size_t n = 0;
    char *page = write_report(&f, "html", &n);
    assert_int_equal(count(page, "× OpenBLAS</th>"), 4); /* three shapes, and one of them on one thread */
    assert_int_equal(count(page, "× oneDNN</th>"), 1);
    assert_int_equal(count(page, "<small>OpenBLAS</small></td>"), 4);
    assert_int_equal(count(page, "<small>LIBXSMM packed</small></td>"), 1);
    assert_non_null(strstr(page, "LIBXSMM base 27.1 ms <code>layer_bf16_libxsmm_packed</code>"));
    free(page);
}

/* The paper's headline is a training cost; and no ratio may stand without its base. */
static void no_claim_beyond_the_measurement(void **state) {
    (void)state;
    fixture f = fixture_full();
    for (size_t i = 0; report_format_name(i); i++) {
        size_t n = 0;
        char *text = write_report(&f, report_format_name(i), &n);
        assert_null(strstr(text, "3x faster"));
        assert_null(strstr(text, "3× faster"));
        assert_null(strstr(text, "third of the"));
        free(text);
    }
    size_t n = 0;
    char *page = write_report(&f, "html", &n);
    assert_non_null(strstr(page, "scalar base 997 ms <code>layer_scalar</code>"));
    assert_non_null(strstr(page, "OpenBLAS base 57.5 ms <code>layer_openblas</code>"));
    free(page);
}

static void two_hundred_benchmarks_fit_a_megabyte(void **state) {
    (void)state;
    fixture f = fixture_full();
    f.shapes = 7;
    f.samples = 32;
    f.sweeps = f.grains = f.threads1 = f.bf16 = false;
    size_t n = 0, rows = 0;
    char *samples = fixture_text(&f, &n);
    rows = count(samples, "\"type\":\"bench\"");
    free(samples);
    assert_in_range(rows, 195, 205);
    char *page = write_report(&f, "html", &n);
    free(page);
    print_message("%zu benchmarks: %zu bytes\n", rows, n);
    assert_true(n < 1000000);
}

static void json_says_what_the_model_says(void **state) {
    (void)state;
    fixture f = fixture_full();
    size_t n = 0, rows = 0;
    char *text = write_report(&f, "json", &n);
    json_t *root = json_loads(text, 0, NULL);
    assert_non_null(root);
    char *samples = fixture_text(&f, &n);
    rows = count(samples, "\"type\":\"bench\"");
    assert_int_equal(json_array_size(json_object_get(root, "benchmarks")), rows);
    assert_int_equal(
        json_array_size(json_object_get(json_array_get(json_object_get(root, "benchmarks"), 0), "samples_ns")), 12);
    assert_string_equal(json_string_value(json_object_get(root, "verdict")), "pass");
    assert_int_equal(json_array_size(json_object_get(root, "findings")), 3);
    const json_t *curve = json_array_get(json_object_get(root, "over_dense_by_granularity"), 0);
    const json_t *points = json_object_get(curve, "points"), *last = json_array_get(points, 5);
    assert_int_equal(json_array_size(points), 6);
    assert_int_equal(json_array_size(json_object_get(json_array_get(points, 0), "ratio")), 3);
    static const char *const numbers[] = {"flops_ratio", "floor_ratio"}, *const names[] = {"layer", "dense"};
    for (int i = 0; i < 2; i++) {
        assert_true(json_is_number(json_object_get(json_array_get(points, 0), numbers[i])));
        assert_true(json_is_string(json_object_get(json_array_get(points, 0), names[i])));
    }
    assert_non_null(strstr(json_string_value(json_object_get(last, "absent")), "one call takes 4.1 s"));
    /* The page carries the same. */
    char *page = write_report(&f, "html", &n);
    char *data = strstr(page, "id=\"data\">");
    assert_non_null(data);
    data += strlen("id=\"data\">");
    *strstr(data, "</script>") = 0;
    json_t *inside = json_loads(data, 0, NULL);
    assert_non_null(inside);
    assert_true(json_equal(root, inside));
    json_decref(inside);
    json_decref(root);
    free(samples);
    free(page);
    free(text);
}

/* Fields of one line of CSV, quotes understood; *line moves past it. */
static size_t csv_fields(const char **line) {
    size_t n = 1;
    bool quoted = false;
    for (; **line && (quoted || **line != '\n'); (*line)++) {
        if (**line == '"') quoted = !quoted;
        if (**line == ',' && !quoted) n++;
    }
    if (**line) (*line)++;
    return n;
}

static void csv_is_rectangular(void **state) {
    (void)state;
    fixture f = fixture_full();
    f.text = HOSTILE ",=1+1";
    size_t n = 0, rows = 0;
    char *text = write_report(&f, "csv", &n);
    const char *line = text;
    size_t columns = csv_fields(&line);
    assert_int_equal(columns, 40);
    for (; *line; rows++) assert_int_equal(csv_fields(&line), columns);
    assert_true(rows > 100);
    free(text);
}

static void formulas_are_disarmed(void **state) {
    (void)state;
    char samples[2048], error[256], *text = NULL;
    size_t n = 0;
    report *r = NULL;
    const char *const paths[] = {path};
    int length =
        snprintf(samples, sizeof samples, RUN_LINE "%s" END_LINE, bench_line("mix", "=cmd()", "avx2", "mot", "1", ""));
    save(path, samples, (size_t)length);
    assert_true(report_load(&r, paths, 1, NULL, error, sizeof error));
    FILE *out = open_memstream(&text, &n);
    assert_true(report_write(r, "csv", out));
    fclose(out);
    assert_null(strstr(text, ",=cmd()"));
    assert_non_null(strstr(text, ",\"'=cmd()\""));
    report_free(r);
    free(text);
    remove(path);
}

static void trouble_is_reported(void **state) {
    (void)state;
    char error[256] = "";
    report *r = NULL;
    const char *const paths[] = {path};
    assert_false(report_load(&r, paths, 0, NULL, error, sizeof error));
    assert_non_null(strstr(error, "no sample file"));
    save(path, RUN_LINE END_LINE, strlen(RUN_LINE END_LINE));
    assert_true(report_load(&r, paths, 1, NULL, error, sizeof error));
    FILE *full = fopen("/dev/full", "w");
    assert_non_null(full);
    assert_false(report_write(r, "html", full));
    fclose(full);
    FILE *nowhere = fopen("/dev/null", "w");
    assert_false(report_write(r, "pdf", nowhere));
    fclose(nowhere);
    report_free(r);
    report_free(NULL);
    remove(path);
}

/* ---- golden files: MOT_UPDATE_GOLDEN=1 writes them anew; look at the difference before committing it. */

static void same_as_golden(const char *name, const char *text, size_t length) {
    char file[1024], *old = NULL;
    snprintf(file, sizeof file, "%s/golden/%s", REPORTS_TEST_DIR, name);
    if (getenv("MOT_UPDATE_GOLDEN")) save(file, text, length);
    FILE *f = fopen(file, "rb");
    if (!f) fail_msg("%s is missing", file);
    old = calloc(1, length + 2);
    size_t n = fread(old, 1, length + 1, f);
    fclose(f);
    size_t at = 0;
    while (at < n && at < length && old[at] == text[at]) at++;
    if (n != length || at != length) {
        size_t from = at > 60 ? at - 60 : 0;
        fail_msg("%s differs at byte %zu: \"%.120s\" was \"%.120s\"", name, at, text + from, old + from);
    }
    free(old);
}

/* The piece of the page from one mark to the end of another after it. */
static void golden_piece(const char *page, const char *start, const char *end, const char *name) {
    const char *from = strstr(page, start), *to = from ? strstr(from, end) : NULL;
    assert_non_null(to);
    same_as_golden(name, from, (size_t)(to - from) + strlen(end));
}

static void golden(void **state) {
    (void)state;
    fixture f = fixture_full();
    f.shapes = 1;
    f.threads1 = false;
    size_t n = 0;
    char *text = write_report(&f, "md", &n);
    same_as_golden("report.md", text, n);
    free(text);
    text = write_report(&f, "text", &n);
    same_as_golden("report.txt", text, n);
    free(text);
    text = write_report(&f, "html", &n);
    golden_piece(text, "<section id=\"verdict\"", "</section>", "verdict.html");
    golden_piece(strstr(text, "<section id=\"roofline\""), "<svg class=\"plot\"", "</svg></div>", "roofline.svg");
    golden_piece(strstr(text, "<section id=\"granularity\""), "<svg", "</svg>", "granularity.svg");
    golden_piece(strstr(text, "<section id=\"sweeps\""), "<svg", "</svg>", "sweep.svg");
    golden_piece(strstr(text, "<section id=\"breakdown\""), "<svg", "</svg>", "breakdown.svg");
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hostile_text_is_inert),
        cmocka_unit_test(a_nul_in_a_line_spoils_only_that_line),
        cmocka_unit_test(page_needs_nothing_from_outside),
        cmocka_unit_test(peers_stand_where_they_were_timed),
        cmocka_unit_test(no_claim_beyond_the_measurement),
        cmocka_unit_test(two_hundred_benchmarks_fit_a_megabyte),
        cmocka_unit_test(json_says_what_the_model_says),
        cmocka_unit_test(csv_is_rectangular),
        cmocka_unit_test(formulas_are_disarmed),
        cmocka_unit_test(trouble_is_reported),
        cmocka_unit_test(golden),
    };
    return cmocka_run_group_tests_name("report writers", tests, NULL, NULL);
}
