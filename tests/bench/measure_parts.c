/* measure_parts.c: what measure is made of: order, taint, rotating memory. */
#include "measure_order.h"
#include "measure_run.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* ---- order ---- */

static void everybody_takes_every_place(void **state) {
    (void)state;
    for (size_t n = 1; n <= 9; n++) {
        latin l;
        assert_true(latin_start(&l, n, n));
        for (int block = 0; block < 3; block++) {
            int seen[9][9] = {{0}}; /* contestant, place */
            for (size_t round = 0; round < n; round++) {
                size_t order[9];
                latin_round(&l, order);
                size_t turns = 0;
                for (size_t place = 0; place < n; place++) {
                    seen[order[place]][place]++;
                    turns |= (size_t)1 << order[place];
                }
                assert_int_equal(turns, ((size_t)1 << n) - 1); /* each once a round */
            }
            for (size_t i = 0; i < n; i++)
                for (size_t place = 0; place < n; place++) assert_int_equal(seen[i][place], 1);
        }
        latin_end(&l);
    }
}

static void order_is_random_but_repeatable(void **state) {
    size_t a[8], b[8], c[8];
    latin x, y, z;
    (void)state;
    assert_true(latin_start(&x, 8, 1) && latin_start(&y, 8, 1) && latin_start(&z, 8, 2));
    latin_round(&x, a);
    latin_round(&y, b);
    latin_round(&z, c);
    assert_memory_equal(a, b, sizeof a);
    assert_memory_not_equal(a, c, sizeof a);
    for (int i = 0; i < 8; i++) latin_round(&x, b); /* the first round of the next square */
    assert_memory_not_equal(a, b, sizeof a);
    latin_end(&x);
    latin_end(&y);
    latin_end(&z);
}

/* ---- taint ---- */

static void what_costs_a_hundredth_taints(void **state) {
    (void)state;
    static const struct {
        disturbance d;
        const char *reason;
    } row[] = {
        {{.wall_ns = 1e6}, NULL},
        {{.wall_ns = 1e6, .delay_ns = 9e3}, NULL},
        {{.wall_ns = 1e6, .delay_ns = 11e3}, "preempted"},
        {{.wall_ns = 1e9, .delay_ns = 11e3, .switches = 3}, NULL},
        {{.wall_ns = 1e6, .delay_ns = -1, .switches = 1}, "preempted"}, /* unknown: a switch counts as 50 us */
        {{.wall_ns = 1e7, .delay_ns = -1, .switches = 1}, NULL},
        {{.wall_ns = 5e8, .steal_ns = 1e7}, "steal"},
        {{.wall_ns = 5e9, .steal_ns = 1e7}, NULL},
        {{.wall_ns = 1e6, .off_cpu_ns = 2e4}, "off-cpu"},
        {{.wall_ns = 1e6, .off_cpu_ns = -1}, NULL},
        {{.wall_ns = 1e6, .minor_faults = 11}, "page faults"},
        {{.wall_ns = 1e6, .minor_faults = 9}, NULL},
        {{.wall_ns = 1e6, .major_faults = 1}, "page faults"},
        {{.wall_ns = 1e9, .moved = true}, "migrated"},
        {{.wall_ns = 0}, "clock"},
        {{.wall_ns = -5}, "clock"},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        const char *got = taint_reason(&row[i].d);
        if (!row[i].reason)
            assert_null(got);
        else
            assert_string_equal(got, row[i].reason);
    }
}

/* Memory touched for the first time shows as page faults, whatever else goes on. */
static void the_probe_sees_page_faults(void **state) {
    enum { PAGES = 200, PAGE = 4096 };
    static char memory[(PAGES + 1) * PAGE];
    const int cpu = 0;
    (void)state;
    taint_probe *p = taint_open(&cpu, 1, 1);
    assert_non_null(p);
    taint_begin(p);
    for (int i = 0; i < PAGES; i++) ((volatile char *)memory)[i * PAGE] = 1;
    const disturbance d = taint_end(p, 1e6);
    assert_true(d.minor_faults > 0); /* how many pages one fault brings is up to the kernel */
    assert_true(d.wall_ns == 1e6);
    assert_true(d.steal_ns >= 0);
    taint_close(p);
}

/* ---- rotating memory ---- */

static void copies_add_up_to_three_caches(void **state) {
    const size_t mib = 1 << 20;
    (void)state;
    assert_int_equal(rotation_copies(mib, 32 * mib), 96);
    assert_int_equal(rotation_copies(mib + 1, 32 * mib), 96);
    assert_int_equal(rotation_copies(96 * mib - 1, 32 * mib), 2);
    assert_int_equal(rotation_copies(96 * mib, 32 * mib), 1);
    assert_int_equal(rotation_copies(1000 * mib, 32 * mib), 1);
}

static void copies_are_alike_and_apart(void **state) {
    rotor r;
    (void)state;
    assert_true(rotor_map(&r, 100, 5));
    assert_int_equal((uintptr_t)r.base % 64, 0);
    memset(r.base, 0x5a, 100);
    rotor_spread(&r);
    for (size_t i = 1; i < 5; i++) {
        assert_memory_equal(rotor_at(&r, i), r.base, 100);
        assert_true((char *)rotor_at(&r, i) >= (char *)rotor_at(&r, i - 1) + 100);
        assert_int_equal((uintptr_t)rotor_at(&r, i) % 64, 0);
    }
    rotor_unmap(&r);
    assert_true(rotor_map(&r, 100, 1));
    assert_ptr_equal(rotor_at(&r, 0), rotor_at(&r, 3)); /* does not rotate */
    rotor_unmap(&r);
    rotor_unmap(&r);
}

static void memory_is_used_again(void **state) {
    rotor a, b, small, big;
    (void)state;
    rotor_release();
    assert_true(rotor_map(&a, 9 << 20, 1));
    const char *was = a.base;
    rotor_unmap(&a);
    assert_true(rotor_map(&small, 1000, 2)); /* not worth 9 MiB */
    assert_ptr_not_equal(small.base, was);
    assert_true(rotor_map(&big, 20 << 20, 1)); /* does not fit */
    assert_ptr_not_equal(big.base, was);
    assert_true(rotor_map(&b, 4 << 20, 2));
    assert_ptr_equal(b.base, was);
    memset(b.base, 1, 4 << 20);
    rotor_spread(&b); /* stays within its two copies */
    assert_memory_equal(rotor_at(&b, 1), b.base, 4 << 20);
    rotor_unmap(&b);
    rotor_unmap(&small);
    rotor_unmap(&big);
    rotor_release();
    rotor_release();
}

static void impossible_sizes_are_refused(void **state) {
    rotor r;
    (void)state;
    assert_false(rotor_map(&r, SIZE_MAX / 2, 3));
    assert_null(r.base);
    assert_false(rotor_map(&r, SIZE_MAX - 3, 1));
    assert_true(rotor_map(&r, 0, 7));
    assert_null(r.base);
}

/* ---- witnesses ---- */

/* Outputs p (8 floats) and mixed (12): all `value`, but for the last of mixed. */
static void set_outputs(tensors *t, float value, float last) {
    float *p = (float *)t->at[2].base, *mixed = (float *)t->at[3].base;
    for (int i = 0; i < 8; i++) p[i] = value;
    for (int i = 0; i < 12; i++) mixed[i] = value;
    mixed[11] = last;
}

static bool second_differs(float value, float last, float value_2, float last_2) {
    tensors t = {.shape = {2, 2, 2, 3, 1}};
    const contestant name[2] = {{.name = "first"}, {.name = "second"}};
    side a = {.contestant = &name[0], .tensors = &t, .writes = MOT_P | MOT_MIXED}, b = a;
    arena shared = {0};
    b.contestant = &name[1];
    assert_true(rotor_map(&t.at[2], 32, 1) && rotor_map(&t.at[3], 48, 1));
    set_outputs(&t, value, last);
    assert_true(arena_witness(&shared, &a));
    assert_false(a.differs);
    set_outputs(&t, value_2, last_2);
    assert_true(arena_witness(&shared, &b));
    rotor_unmap(&shared.witness.copy);
    tensors_free(&t);
    return b.differs;
}

static void witnesses_see_what_differs(void **state) {
    (void)state;
    assert_false(second_differs(1, 1, 1.00001F, 1));
    assert_true(second_differs(1, 1, 1, 1.01F));
    assert_true(second_differs(1, 5, 1, 4));
    assert_true(second_differs(1, 1, 1, NAN));
    assert_false(second_differs(0, 0, 0, 0));
    assert_true(second_differs(0, 0, 0, 1));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everybody_takes_every_place),   cmocka_unit_test(order_is_random_but_repeatable),
        cmocka_unit_test(what_costs_a_hundredth_taints), cmocka_unit_test(the_probe_sees_page_faults),
        cmocka_unit_test(copies_add_up_to_three_caches), cmocka_unit_test(copies_are_alike_and_apart),
        cmocka_unit_test(witnesses_see_what_differs),    cmocka_unit_test(memory_is_used_again),
        cmocka_unit_test(impossible_sizes_are_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
