/* The shapes of a check: every small odd size of every dimension, no groups, and the same ones for the same seed. */
#include "check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { CAPACITY = 512 };

static size_t dimension(const mot_shape *s, int i) {
    const size_t d[] = {s->groups, s->group_size, s->experts, s->d_model, s->d_expert};
    return d[i];
}

static bool has(const mot_shape *s, size_t n, int which, size_t value) {
    for (size_t i = 0; i < n; i++)
        if (dimension(&s[i], which) == value) return true;
    return false;
}

static void ci_has_every_odd_size(void **state) {
    static const size_t size[] = {1, 2, 3, 5, 7, 9, 15, 16, 17, 31, 33, 63, 65};
    mot_shape s[CAPACITY];
    const size_t n = check_shapes(s, CAPACITY, "ci", 1);
    (void)state;
    for (int which = 0; which < 5; which++)
        for (size_t i = 0; i < sizeof size / sizeof size[0]; i++) assert_true(has(s, n, which, size[i]));
    assert_true(has(s, n, 0, 0));
    for (int which = 1; which < 5; which++) assert_false(has(s, n, which, 0));
}

static void sets_grow_and_repeat(void **state) {
    mot_shape a[CAPACITY], b[CAPACITY];
    const size_t smoke = check_shapes(a, CAPACITY, "smoke", 1), ci = check_shapes(a, CAPACITY, "ci", 1);
    const size_t full = check_shapes(a, CAPACITY, "full", 1), again = check_shapes(b, CAPACITY, "full", 1);
    (void)state;
    assert_true(0 < smoke && smoke < ci && ci < full && full < CAPACITY);
    assert_int_equal(full, again);
    assert_memory_equal(a, b, full * sizeof *a);
    assert_int_equal(check_shapes(b, CAPACITY, "full", 2), full);
    assert_memory_not_equal(a, b, full * sizeof *a);
}

static void capacity_is_kept(void **state) {
    mot_shape s[4] = {{0}};
    (void)state;
    assert_int_equal(check_shapes(s, 3, "ci", 1), 3);
    assert_int_equal(s[3].d_model, 0);
    assert_int_equal(check_shapes(s, 3, "no such set", 1), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(ci_has_every_odd_size), cmocka_unit_test(sets_grow_and_repeat),
                                       cmocka_unit_test(capacity_is_kept)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
