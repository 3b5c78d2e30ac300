/* table_test.c: the same rows in every format, with names that try to break them. */
#include "table.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const column columns[] = {{"shape", "", COLUMN_HEADING},    {"name", "variant", COLUMN_PLAIN},
                                 {"ns", "ms", COLUMN_PLAIN},       {"seed", "seed", COLUMN_DETAIL},
                                 {"note", "note", COLUMN_DISPLAY}, {"ok", "ok", COLUMN_PLAIN}};

static void add(table *t, const char *shape, const char *name, double ns) {
    table_text(t, shape);
    table_text(t, name);
    table_number(t, ns, "%.1f", ns / 1e6);
    table_number(t, 7, "%.0f", 7);
    table_none(t);
    table_flag(t, ns > 0);
}

static char *written(format f, bool colours) {
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);
    table *t = table_new(columns, sizeof columns / sizeof *columns);
    add(t, "g1", "plain", 2.5e6);
    add(t, "g1", "quo\"te, pipe|\033[31m\n", 1234567890.25);
    add(t, "g2", "µs", NAN);
    assert_int_equal(table_rows(t), 3);
    assert_true(table_write(t, f, file, colours));
    table_free(t);
    fclose(file);
    return text;
}

static void expect(format f, const char *text) {
    char *found = written(f, false);
    assert_string_equal(found, text);
    free(found);
}

static void text_is_aligned_under_headings(void **state) {
    (void)state;
    expect(FORMAT_TEXT, "g1\n"
                        "variant                  ms  note  ok\n"
                        "plain                   2.5  -     yes\n"
                        "quo\"te, pipe| [31m   1234.6  -     yes\n"
                        "\n"
                        "g2\n"
                        "variant                  ms  note  ok\n"
                        "µs                        -  -     no\n");
}

static void csv_is_quoted_and_in_base_units(void **state) {
    (void)state;
    expect(FORMAT_CSV, "shape,name,ns,seed,ok\n"
                       "g1,plain,2500000,7,yes\n"
                       "g1,\"quo\"\"te, pipe| [31m \",1.23456789e+09,7,yes\n"
                       "g2,µs,,7,no\n");
}

static void json_lines(void **state) {
    (void)state;
    expect(FORMAT_JSONL,
           "{\"shape\":\"g1\",\"name\":\"plain\",\"ns\":2500000,\"seed\":7,\"ok\":true}\n"
           "{\"shape\":\"g1\",\"name\":\"quo\\\"te, pipe| [31m \",\"ns\":1.23456789e9,\"seed\":7,\"ok\":true}\n"
           "{\"shape\":\"g2\",\"name\":\"µs\",\"ns\":null,\"seed\":7,\"ok\":false}\n");
}

static void markdown(void **state) {
    (void)state;
    char *text = written(FORMAT_MD, false);
    assert_non_null(
        strstr(text, "### g1\n\n| variant | ms | note | ok |\n|---|---:|---|---|\n| plain | 2.5 | - | yes |\n"));
    assert_non_null(strstr(text, "pipe\\| [31m"));
    free(text);
}

static void colours(void **state) {
    (void)state;
    for (int on = 0; on < 2; on++) {
        char *text = NULL;
        size_t size;
        FILE *file = open_memstream(&text, &size);
        static const column one[] = {{"verdict", "verdict", COLUMN_PLAIN}};
        table *t = table_new(one, 1);
        table_coloured(t, COLOUR_RED, "FAIL");
        assert_true(table_write(t, FORMAT_TEXT, file, on));
        table_free(t);
        fclose(file);
        assert_string_equal(text, on ? "verdict\n\033[31mFAIL\033[0m\n" : "verdict\nFAIL\n");
        free(text);
    }
}

/* Whoever reads gets one line where whoever computes gets both; a hidden row has no say in headings and widths. */
static void some_rows_are_for_one_of_them(void **state) {
    (void)state;
    static const char *const expected[] = {
        [FORMAT_TEXT] = "g1\nvariant   ms  note  ok\nboth     0.0  -     yes\na and b  0.0  -     yes\n",
        [FORMAT_CSV] = "shape,name,ns,seed,ok\ng1,both,1,7,yes\ng0,one of a long name,2,7,yes\n",
        [FORMAT_JSONL] = "{\"shape\":\"g1\",\"name\":\"both\",\"ns\":1,\"seed\":7,\"ok\":true}\n"
                         "{\"shape\":\"g0\",\"name\":\"one of a long name\",\"ns\":2,\"seed\":7,\"ok\":true}\n",
        [FORMAT_MD] = "### g1\n\n| variant | ms | note | ok |\n|---|---:|---|---|\n| both | 0.0 | - | yes |\n"
                      "| a and b | 0.0 | - | yes |\n"};
    for (int f = 0; f < FORMAT_COUNT; f++) {
        char *text = NULL;
        size_t size;
        FILE *file = open_memstream(&text, &size);
        table *t = table_new(columns, sizeof columns / sizeof *columns);
        add(t, "g1", "both", 1);
        table_rows_are(t, ROW_DETAIL);
        add(t, "g0", "one of a long name", 2);
        table_rows_are(t, ROW_DISPLAY);
        add(t, "g1", "a and b", 3);
        assert_true(table_write(t, (format)f, file, false));
        table_free(t);
        fclose(file);
        if (expected[f]) assert_string_equal(text, expected[f]);
        free(text);
    }
}

static void a_full_disk_is_noticed(void **state) {
    (void)state;
    for (int f = 0; f < FORMAT_COUNT; f++) {
        FILE *file = fopen("/dev/full", "w");
        assert_non_null(file);
        table *t = table_new(columns, sizeof columns / sizeof *columns);
        add(t, "g1", "plain", 1);
        assert_false(table_write(t, (format)f, file, false));
        table_free(t);
        fclose(file);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(text_is_aligned_under_headings),
                                       cmocka_unit_test(csv_is_quoted_and_in_base_units),
                                       cmocka_unit_test(json_lines),
                                       cmocka_unit_test(markdown),
                                       cmocka_unit_test(colours),
                                       cmocka_unit_test(some_rows_are_for_one_of_them),
                                       cmocka_unit_test(a_full_disk_is_noticed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
