/* Elements of any type, exactly read and rightly rounded: all numbers of bf16, against the nearest by search. */
#include "numbers.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { LARGEST = 0x7f7f, COUNT = 0x7f80 }; /* finite numbers that are not negative, in rising order */

static double value_of(uint16_t bits) { return numbers_get((numbers){&bits, MOT_BF16}, 0); }

/* Significand and exponent as the format has them. */
static double by_definition(uint16_t bits) {
    const int exponent = bits >> 7 & 0xff, fraction = bits & 0x7f;
    return exponent ? ldexp(128 + fraction, exponent - 134) : ldexp(fraction, -133);
}

static void elements_are_read(void **state) {
    static const uint16_t bf16[] = {0x3f80, 0xc049, 0x0001, 0x7f80};
    static const float f32[] = {1, 2, 3.5F, -4};
    double to[3];
    (void)state;
    for (unsigned i = 0; i < COUNT; i++) {
        assert_true(value_of((uint16_t)i) == by_definition((uint16_t)i));
        assert_true(value_of((uint16_t)(i | 0x8000)) == -by_definition((uint16_t)i));
    }
    assert_true(isinf(value_of(0x7f80)) && isnan(value_of(0x7fc5)));
    numbers_read(numbers_at((numbers){bf16, MOT_BF16}, 1), 3, to);
    assert_true(to[0] == -3.140625 && to[1] == 0x1p-133 && isinf(to[2]));
    numbers_read(numbers_at((numbers){f32, MOT_F32}, 1), 3, to);
    assert_true(to[0] == 2 && to[1] == 3.5 && to[2] == -4);
}

static void elements_are_counted(void **state) {
    static const uint32_t f32[] = {0x7fc57fc5, 0x7fc57fc4, 0x7fc47fc5, 0x7f800000,
                                   0xff800001, 0x7f7fffff, 0,          0x7fc57fc5};
    static const uint16_t bf16[] = {0x7fc5, 0x7fc4, 0x7f80, 0xff81, 0x7f7f, 0, 0x7fc5};
    const numbers single = {f32, MOT_F32}, half = {bf16, MOT_BF16};
    (void)state;
    assert_int_equal(numbers_count(single, 8, 0xffff, 0x7fc5), 2);
    assert_int_equal(numbers_count(single, 7, 0xffff, 0x7fc5), 1);
    assert_int_equal(numbers_count(half, 7, 0xffff, 0x7fc5), 2);
    assert_int_equal(numbers_count(half, 0, 0xffff, 0x7fc5), 0);
    assert_int_equal(numbers_count_unfinite(single, 8), 6);
    assert_int_equal(numbers_count_unfinite(half, 7), 5);
}

static uint16_t written(float v) {
    uint16_t to[3] = {1, 2, 3};
    numbers_write(MOT_BF16, to, 1, &v, 1);
    assert_true(to[0] == 1 && to[2] == 3);
    return to[1];
}

/* Between each number and the next one: below the middle, on it and above. */
static void writing_rounds_to_nearest_even(void **state) {
    (void)state;
    for (unsigned i = 0; i < LARGEST; i++) {
        const uint16_t low = (uint16_t)i, high = (uint16_t)(i + 1), even = i % 2 ? high : low;
        const float middle = (float)(value_of(low) / 2 + value_of(high) / 2);
        assert_int_equal(written((float)value_of(low)), low);
        assert_int_equal(written(nextafterf(middle, 0)), low);
        assert_int_equal(written(middle), even);
        assert_int_equal(written(-middle), even | 0x8000);
        assert_int_equal(written(nextafterf(middle, INFINITY)), high);
        assert_true(stored(MOT_BF16, middle) == value_of(even) && stored(MOT_BF16, -middle) == -value_of(even));
        assert_true(stored(MOT_BF16, nextafter(middle, 0)) == value_of(low));
        assert_true(stored(MOT_BF16, nextafter(middle, INFINITY)) == value_of(high));
    }
}

static void the_ends_of_the_range_are_kept(void **state) {
    (void)state;
    assert_int_equal(written(INFINITY), 0x7f80);
    assert_int_equal(written(0x1.ffp127F), 0x7f80); /* the middle of the largest and 2^128 */
    assert_int_equal(written(nextafterf(0x1.ffp127F, 0)), LARGEST);
    assert_true(isinf(stored(MOT_BF16, 0x1.ffp127)) && stored(MOT_BF16, 0x1.fep127) == value_of(LARGEST));
    assert_int_equal(written(-0.0F), 0x8000);
    uint32_t bits = 0x7f800001; /* a NaN whose upper half is Inf */
    float nan;
    memcpy(&nan, &bits, sizeof nan);
    assert_true(isnan(value_of(written(nan))));
    assert_true(isnan(stored(MOT_BF16, NAN)));
}

/* f32 keeps the sum, whose last rounding is one of its own. */
static void f32_is_not_rounded_again(void **state) {
    float to[2] = {0, 0};
    const float from = 1.1F;
    (void)state;
    numbers_write(MOT_F32, to, 1, &from, 1);
    assert_true(to[0] == 0 && to[1] == from);
    assert_true(stored(MOT_F32, 1.1) == 1.1 && stored_half_step(MOT_F32, 1.1) == 0 && flushed_below(MOT_F32) == 0);
    assert_true(stored_error(MOT_F32, 1.25, 1) == 0.25 && stored_spread(MOT_F32, 1, 0.25) == 0.25);
}

/* Where the sums begin that are stored as a number, and what they are off by one step further. */
static void an_error_is_what_the_sum_lacks(void **state) {
    (void)state;
    for (unsigned i = 1; i < LARGEST; i++) {
        const double low = value_of((uint16_t)i), high = value_of((uint16_t)(i + 1)), middle = low / 2 + high / 2;
        const double even = i % 2 ? high : low, odd = i % 2 ? low : high;
        assert_true(stored_error(MOT_BF16, low, low) == 0 && stored_error(MOT_BF16, low, nextafter(middle, 0)) == 0);
        assert_true(stored_error(MOT_BF16, even, middle) == 0);
        assert_true(stored_error(MOT_BF16, odd, middle) > 0); /* a tie that went the wrong way */
        assert_true(stored_error(MOT_BF16, odd, middle) < 1e-300);
        assert_true(stored_error(MOT_BF16, low, high) == high - middle);
        assert_true(stored_error(MOT_BF16, high, low) == middle - low);
        assert_true(stored_error(MOT_BF16, -high, -low) == middle - low);
    }
    assert_true(stored_error(MOT_BF16, -1, 1) > 1.99); /* through all of them */
    assert_true(stored_error(MOT_BF16, 0, 0x1p-134) == 0 && stored_error(MOT_BF16, 0, 0x1p-133) == 0x1p-134);
}

static void a_spread_meets_the_ties(void **state) {
    (void)state;
    assert_true(stored_half_step(MOT_BF16, 1) == 0x1p-8 && stored_half_step(MOT_BF16, -1.99) == 0x1p-8);
    assert_true(stored_half_step(MOT_BF16, 0) == 0x1p-134);
    assert_true(stored_spread(MOT_BF16, 1 + 0x1p-9, 0x1p-10) == 0); /* 1 it is */
    assert_true(stored_spread(MOT_BF16, 1 + 0x1p-9, 0x1.1p-9) == 0x1p-7);
    assert_true(stored_spread(MOT_BF16, 1, 0x1p-6) == 0x1p-6);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elements_are_read),
        cmocka_unit_test(elements_are_counted),
        cmocka_unit_test(writing_rounds_to_nearest_even),
        cmocka_unit_test(the_ends_of_the_range_are_kept),
        cmocka_unit_test(f32_is_not_rounded_again),
        cmocka_unit_test(an_error_is_what_the_sum_lacks),
        cmocka_unit_test(a_spread_meets_the_ties),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
