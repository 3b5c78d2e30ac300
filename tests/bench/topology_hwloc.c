/* topology_hwloc.c: machines that are not here: two nodes, SMT, hybrid cores, a cpuset (faults 4, 6, 19). */
#define _GNU_SOURCE
#include "topology_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void expect_cpus(const topology *t, const int *cpu, int count) {
    assert_int_equal(t->cpu_count, count);
    for (int i = 0; i < count; i++) assert_int_equal(t->cpu[i], cpu[i]);
}

static void test_two_nodes(void **state) {
    (void)state;
    topology t;
    const int order[] = {0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15};
    assert_true(topology_from_description(&t, "package:2 l3:1(size=16777216) core:4 pu:2", NULL));
    assert_int_equal(t.packages, 2);
    assert_int_equal(t.cores, 8);
    assert_int_equal(t.pus, 16);
    assert_int_equal(t.smt, 2);
    assert_int_equal(t.l3_count, 2);
    assert_int_equal(t.l3, 16 << 20);
    expect_cpus(&t, order, 16); /* one PU per core, a package before the next, then the siblings */
    assert_true(topology_from_description(&t, "node:2 core:4 pu:1", NULL));
    assert_int_equal(t.numa_nodes, 2);
    assert_int_equal(t.cores, 4 * 2);
    assert_int_equal(t.smt, 1);
}

static void test_cpuset(void **state) {
    (void)state;
    topology t;
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    const int cpus[] = {2, 3, 9}; /* both PUs of core 1, one of core 4, which is on the other node */
    for (int i = 0; i < 3; i++) CPU_SET(cpus[i], &allowed);
    assert_true(topology_from_description(&t, "node:2 core:4 pu:2", &allowed));
    assert_int_equal(t.cores, 2);
    assert_int_equal(t.numa_nodes, 2);
    expect_cpus(&t, (const int[]){2, 9, 3}, 3);
    CPU_ZERO(&allowed);
    CPU_SET(900, &allowed);
    assert_false(topology_from_description(&t, "node:2 core:4 pu:2", &allowed));
}

static void test_hybrid(void **state) {
    (void)state;
    topology t;
    cpu_set_t allowed;
    assert_true(topology_from_description(&t, TEST_DATA "/hybrid.xml", NULL));
    assert_int_equal(t.core_kinds, 2);
    assert_int_equal(t.cores, 2); /* of the fast kind; the four slow ones are left out */
    assert_int_equal(t.smt, 2);
    expect_cpus(&t, (const int[]){0, 2, 1, 3}, 4);
    CPU_ZERO(&allowed);
    CPU_SET(4, &allowed), CPU_SET(8, &allowed); /* only slow ones may be used */
    assert_true(topology_from_description(&t, TEST_DATA "/hybrid.xml", &allowed));
    assert_int_equal(t.core_kinds, 1);
    expect_cpus(&t, (const int[]){4, 8}, 2);
}

static void test_garbage(void **state) {
    (void)state;
    topology t;
    assert_false(topology_from_description(&t, "garbage", NULL));
    assert_false(topology_from_description(&t, "no_such_file.xml", NULL));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_two_nodes), cmocka_unit_test(test_cpuset),
                                       cmocka_unit_test(test_hybrid), cmocka_unit_test(test_garbage)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
