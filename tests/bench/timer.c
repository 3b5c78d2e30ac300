/* timer.c: a good clock is believed, a bad one is named (fault 17). */
#include "timer.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

static int64_t fake_ns, fake_reads, fake_step, fake_every, fake_back_at;

/* Moves by fake_step at each fake_every-th read, once backwards if fake_back_at is reached. */
static int64_t fake_clock(void) {
    if (++fake_reads % fake_every == 0) fake_ns += fake_step;
    if (fake_reads == fake_back_at) fake_ns -= 5 * fake_step;
    return fake_ns;
}
static uint64_t even_tsc(void) { return (uint64_t)(3 * fake_ns); }
static uint64_t bent_tsc(void) { return (uint64_t)(fake_ns / 1000 * (fake_ns / 1000)); }
static uint64_t stopped_tsc(void) { return 7; }

static timer_facts look(int64_t step, int64_t every, int64_t back_at, uint64_t (*tsc)(void)) {
    fake_ns = fake_reads = 0;
    fake_step = step, fake_every = every, fake_back_at = back_at;
    timer_set_clock(fake_clock, tsc);
    const timer_facts facts = timer_validate();
    timer_set_clock(NULL, NULL);
    return facts;
}

static void test_good(void **state) {
    (void)state;
    const timer_facts facts = look(20, 1, 0, even_tsc);
    assert_true(facts.usable);
    assert_string_equal(facts.reason, "");
    assert_float_equal(facts.resolution_ns, 20, 0);
    assert_float_equal(facts.overhead_ns, 20, 1);
    assert_float_equal(facts.tsc_ghz, 3, 0.01);
    assert_int_equal(facts.backward_steps, 0);
}

static void test_frozen(void **state) {
    (void)state;
    const timer_facts facts = look(0, 1, 0, even_tsc);
    assert_false(facts.usable);
    assert_non_null(strstr(facts.reason, "does not move"));
}

static void test_backwards(void **state) {
    (void)state;
    const timer_facts facts = look(20, 1, 1001, even_tsc);
    assert_false(facts.usable);
    assert_int_equal(facts.backward_steps, 1);
    assert_non_null(strstr(facts.reason, "backwards"));
}

static void test_coarse(void **state) {
    (void)state;
    const timer_facts facts = look(4000000, 50, 0, even_tsc); /* a 250 Hz tick */
    assert_false(facts.usable);
    assert_float_equal(facts.resolution_ns, 4e6, 0);
    assert_non_null(strstr(facts.reason, "4000000 ns"));
    assert_true(look(100, 3, 0, even_tsc).usable);
}

static void test_tsc(void **state) {
    (void)state;
    const timer_facts bent = look(20000, 1, 0, bent_tsc), stopped = look(20, 1, 0, stopped_tsc);
    assert_float_equal(bent.tsc_ghz, 0, 0);
    assert_true(bent.tsc_drift > 0.01);
    assert_float_equal(stopped.tsc_ghz, 0, 0);
}

static void test_this_machine(void **state) {
    (void)state;
    int64_t last = timer_now();
    for (int i = 0; i < 100000; i++) {
        const int64_t now = timer_now();
        assert_true(now >= last);
        last = now;
    }
    const timer_facts facts = timer_validate();
    assert_int_equal(facts.backward_steps, 0);
    assert_true(facts.resolution_ns > 0 && facts.overhead_ns > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_good),      cmocka_unit_test(test_frozen),
                                       cmocka_unit_test(test_backwards), cmocka_unit_test(test_coarse),
                                       cmocka_unit_test(test_tsc),       cmocka_unit_test(test_this_machine)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
