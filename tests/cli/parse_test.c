/* parse_test.c: values of flags as text. */
#include "filter.h"
#include "parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static problem p;

static void whole_numbers(void **state) {
    (void)state;
    uint64_t n;
    assert_true(parse_whole(&n, "17", 0, 100, &p) && n == 17);
    assert_true(parse_whole(&n, "010", 0, 100, &p) && n == 10);
    assert_true(parse_whole(&n, "0x10", 0, 100, &p) && n == 16);
    assert_true(parse_whole(&n, "18446744073709551615", 0, UINT64_MAX, &p) && n == UINT64_MAX);
    static const char *const bad[] = {
        "", " 1", "1 ", "+1", "-1", "1.0", "1e3", "101", "0x", "x", "18446744073709551616"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (parse_whole(&n, bad[i], 0, 100, &p)) fail_msg("'%s' is taken", bad[i]);
    assert_string_equal(p.text, "'18446744073709551616': give a whole number from 0 to 100");
}

static void seconds(void **state) {
    (void)state;
    static const struct {
        const char *text;
        double s;
    } good[] = {{"2", 2}, {"0.5s", 0.5}, {"2ms", 2e-3}, {"10us", 1e-5}, {"3min", 180}, {".5", 0.5}, {"1e2", 100}};
    static const char *const bad[] = {"", "0", "-1", "nan", "inf", "1h", "0x10", "1 s", "1e999", "s", "2000000"};
    double s;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(parse_seconds(&s, good[i].text, &p));
        assert_float_equal(s, good[i].s, 1e-9);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (parse_seconds(&s, bad[i], &p)) fail_msg("'%s' is taken", bad[i]);
}

static void shares(void **state) {
    (void)state;
    double s;
    assert_true(parse_share(&s, "2%", &p));
    assert_float_equal(s, 0.02, 1e-12);
    assert_true(parse_share(&s, "0.5", &p));
    static const char *const bad[] = {"", "0", "1", "100%", "-2%", "2%%", "nan", "%"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (parse_share(&s, bad[i], &p)) fail_msg("'%s' is taken", bad[i]);
}

static bool take(void *data, const char *text, problem *problem) {
    (void)problem;
    strcat(strcat(data, text), ";");
    return true;
}

static void lists(void **state) {
    (void)state;
    char all[64] = "";
    assert_true(parse_list("a,bc,d", take, all, &p));
    assert_string_equal(all, "a;bc;d;");
    assert_false(parse_list("a,,b", take, all, &p));
    assert_false(parse_list("a,", take, all, &p));
    assert_false(parse_list("", take, all, &p));
}

static void filters(void **state) {
    (void)state;
    filter *f;
    assert_true(filter_keeps(NULL, "anything"));
    assert_true(filter_new(&f, "^(mix|route)_avx", &p));
    assert_true(filter_keeps(f, "mix_avx2_4x16"));
    assert_false(filter_keeps(f, "experts_avx2"));
    filter_free(f);
    assert_true(filter_new(&f, "-blas$", &p));
    assert_true(filter_keeps(f, "mix_avx2"));
    assert_false(filter_keeps(f, "mix_openblas"));
    filter_free(f);
    assert_false(filter_new(&f, "a{2,1}", &p));
}

static void problems_are_one_line(void **state) {
    (void)state;
    uint64_t n;
    assert_false(parse_whole(&n, "1\n2\033[31m", 0, 9, &p));
    assert_null(strpbrk(p.text, "\n\033"));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(whole_numbers), cmocka_unit_test(seconds),
                                       cmocka_unit_test(shares),        cmocka_unit_test(lists),
                                       cmocka_unit_test(filters),       cmocka_unit_test(problems_are_one_line)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
