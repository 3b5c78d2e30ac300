/* topology_sched.c: the build without hwloc, on fake trees of the same machines (faults 4, 6, 19). */
#include "topology_internal.h"

#include "../fake_tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void write_cpu(const fake_tree *tree, int cpu, const char *name, int value) {
    char path[128], text[32];
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/%s", cpu, name);
    snprintf(text, sizeof text, "%d\n", value);
    fake_tree_write(tree, path, text);
}

static void all_of(cpu_set_t *set, int count) {
    CPU_ZERO(set);
    for (int cpu = 0; cpu < count; cpu++) CPU_SET(cpu, set);
}

static void expect_cpus(const topology *t, const int *cpu, int count) {
    assert_int_equal(t->cpu_count, count);
    for (int i = 0; i < count; i++) assert_int_equal(t->cpu[i], cpu[i]);
}

/* Two packages of two cores of two PUs, numbered as Linux does: siblings in the second half. */
static void test_two_nodes(void **state) {
    (void)state;
    fake_tree tree;
    topology t;
    cpu_set_t set;
    fake_tree_create(&tree);
    for (int cpu = 0; cpu < 8; cpu++) {
        write_cpu(&tree, cpu, "topology/core_id", cpu % 2); /* unique within a package only */
        write_cpu(&tree, cpu, "topology/physical_package_id", cpu / 2 % 2);
        write_cpu(&tree, cpu, cpu / 2 % 2 ? "node1/meminfo" : "node0/meminfo", 0);
        write_cpu(&tree, cpu, "cache/index3/shared_cpu_list", cpu / 2 % 2 * 2);
    }
    all_of(&set, 8);
    assert_true(topology_from_sysfs(&t, tree.root, &set));
    assert_int_equal(t.cores, 4);
    assert_int_equal(t.packages, 2);
    assert_int_equal(t.numa_nodes, 2);
    assert_int_equal(t.l3_count, 2);
    assert_int_equal(t.smt, 2);
    assert_int_equal(t.threads, 4);
    expect_cpus(&t, (const int[]){0, 1, 2, 3, 4, 5, 6, 7}, 8);
    CPU_CLR(0, &set), CPU_CLR(1, &set), CPU_CLR(3, &set);
    assert_true(topology_from_sysfs(&t, tree.root, &set));
    expect_cpus(&t, (const int[]){4, 5, 2, 7, 6}, 5);
    assert_int_equal(t.cores, 4);
    fake_tree_destroy(&tree);
}

static void test_hybrid(void **state) {
    (void)state;
    fake_tree tree;
    topology t;
    cpu_set_t set;
    fake_tree_create(&tree);
    const int speed[] = {5600000, 5600000, 5800000, 5800000, 4300000, 4300000, 4300000, 4300000};
    for (int cpu = 0; cpu < 8; cpu++) {
        write_cpu(&tree, cpu, "topology/core_id", cpu < 4 ? cpu / 2 : cpu);
        write_cpu(&tree, cpu, "cpufreq/cpuinfo_max_freq", speed[cpu]);
    }
    all_of(&set, 8);
    assert_true(topology_from_sysfs(&t, tree.root, &set));
    assert_int_equal(t.core_kinds, 2);
    assert_int_equal(t.cores, 2); /* the boosted core is of the same kind as its slower neighbour */
    expect_cpus(&t, (const int[]){0, 2, 1, 3}, 4);
    fake_tree_destroy(&tree);
}

static void test_quota(void **state) {
    (void)state;
    fake_tree tree;
    topology t;
    cpu_set_t set;
    fake_tree_create(&tree);
    fake_tree_write(&tree, "/proc/self/cgroup", "0::/box\n");
    fake_tree_write(&tree, "/sys/fs/cgroup/box/cpu.max", "150000 100000\n");
    all_of(&set, 4);
    assert_true(topology_from_sysfs(&t, tree.root, &set));
    assert_int_equal(t.cores, 4); /* a tree that says nothing of cores: each CPU is one */
    assert_int_equal(t.threads, 2);
    fake_tree_destroy(&tree);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_two_nodes), cmocka_unit_test(test_hybrid),
                                       cmocka_unit_test(test_quota)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
