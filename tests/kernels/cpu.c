/* cpu.c: the ISA that CPUID and XCR0 allow together, and the cgroup's quota on fake trees. */
#define _GNU_SOURCE
#include "cpu.h"

#include "../fake_tree.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* Everything there and enabled. */
enum { AMX_BF16 = 1 << 22, AMX_TILE = 1 << 24 };
enum { AVX = 1 << 28, OSXSAVE = 1 << 27, FMA = 1 << 12, AVX2 = 1 << 5, BF16 = 1 << 5 };
static const mot_cpuid full = {
    AVX | OSXSAVE | FMA, AVX2 | 1u << 16 | 1u << 17 | 1u << 30 | 1u << 31, BF16, 0x600e7, AMX_TILE | AMX_BF16, 1};

static void test_best(void **state) {
    (void)state;
    assert_int_equal(mot_cpu_best(&full), MOT_ISA_AMX);
    assert_null(mot_cpu_why_not_on(&full, MOT_ISA_AMX));
    assert_null(mot_cpu_why_not_on(&full, MOT_ISA_BEST));
    assert_non_null(mot_cpu_why_not_on(&full, (mot_isa)6));
    assert_non_null(mot_cpu_why_not_on(&full, (mot_isa)-1));
    const mot_cpuid nothing = {0};
    assert_int_equal(mot_cpu_best(&nothing), MOT_ISA_SCALAR);
    assert_null(mot_cpu_why_not_on(&nothing, MOT_ISA_SCALAR));
}

static void test_os_masks(void **state) {
    (void)state;
    mot_cpuid id = full;
    id.xcr0 = 0x7; /* fault 2: AVX-512 masked by the OS */
    assert_int_equal(mot_cpu_best(&id), MOT_ISA_AVX2);
    assert_non_null(strstr(mot_cpu_why_not_on(&id, MOT_ISA_AVX512), "the OS has not enabled"));
    for (unsigned bit = 5; bit <= 7; bit++) {
        id.xcr0 = full.xcr0 & ~(1u << bit);
        assert_int_equal(mot_cpu_best(&id), MOT_ISA_AVX2);
    }
    for (unsigned bit = 1; bit <= 2; bit++) {
        id.xcr0 = full.xcr0 & ~(1u << bit);
        assert_int_equal(mot_cpu_best(&id), MOT_ISA_SCALAR);
    }
    id = full;
    for (unsigned bit = 17; bit <= 18; bit++) {
        id.xcr0 = full.xcr0 & ~(1u << bit);
        assert_int_equal(mot_cpu_best(&id), MOT_ISA_AVX512BF16);
    }
    id = full;
    id.tiles = 0;
    assert_int_equal(mot_cpu_best(&id), MOT_ISA_AVX512BF16);
    assert_non_null(strstr(mot_cpu_why_not_on(&id, MOT_ISA_AMX), "refuses"));
    id = full;
    id.leaf1_ecx &= ~(uint32_t)OSXSAVE;
    assert_int_equal(mot_cpu_best(&id), MOT_ISA_SCALAR);
    assert_non_null(strstr(mot_cpu_why_not_on(&id, MOT_ISA_AVX2), "xsave"));
}

static void test_each_bit(void **state) {
    (void)state;
    static const struct {
        uint32_t leaf1, leaf7, leaf7_1, leaf7_edx;
        mot_isa best;
        const char *why;
    } rows[] = {{AVX, 0, 0, 0, MOT_ISA_SCALAR, "no avx in CPUID"},
                {FMA, 0, 0, 0, MOT_ISA_SCALAR, "no fma in CPUID"},
                {0, AVX2, 0, 0, MOT_ISA_SCALAR, "no avx2 in CPUID"},
                {0, 1 << 16, 0, 0, MOT_ISA_AVX2, "no avx512f in CPUID"},
                {0, 1 << 17, 0, 0, MOT_ISA_AVX2, "no avx512dq in CPUID"},
                {0, 1 << 30, 0, 0, MOT_ISA_AVX2, "no avx512bw in CPUID"},
                {0, 1u << 31, 0, 0, MOT_ISA_AVX2, "no avx512vl in CPUID"},
                {0, 0, BF16, 0, MOT_ISA_AVX512, "no avx512_bf16 in CPUID"},
                {0, 0, 0, AMX_TILE, MOT_ISA_AVX512BF16, "no amx_tile in CPUID"},
                {0, 0, 0, AMX_BF16, MOT_ISA_AVX512BF16, "no amx_bf16 in CPUID"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const mot_cpuid id = {full.leaf1_ecx & ~rows[i].leaf1,     full.leaf7_ebx & ~rows[i].leaf7,
                              full.leaf7_1_eax & ~rows[i].leaf7_1, full.xcr0,
                              full.leaf7_edx & ~rows[i].leaf7_edx, 1};
        assert_int_equal(mot_cpu_best(&id), rows[i].best);
        assert_string_equal(mot_cpu_why_not_on(&id, MOT_ISA_AMX), rows[i].why);
    }
}

/* The compiler's own view, where it has one, is an independent witness. */
static void test_this_machine(void **state) {
    (void)state;
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    assert_int_equal(mot_cpu_isa() >= MOT_ISA_AVX2, avx2);
    assert_int_equal(mot_cpu_isa() >= MOT_ISA_AVX512, avx2 && __builtin_cpu_supports("avx512vl") &&
                                                          __builtin_cpu_supports("avx512bw") &&
                                                          __builtin_cpu_supports("avx512dq"));
    mot_cpu_facts facts;
    mot_cpu_describe(&facts);
    assert_true(strlen(facts.vendor) > 0);
    assert_true(facts.family > 0);
    assert_int_equal(facts.cores, mot_cpu_threads());
    char text[160], again[160];
    mot_cpu_fingerprint(text, sizeof text);
    mot_cpu_fingerprint(again, sizeof again);
    assert_string_equal(text, again);
    assert_int_equal(strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"), strlen(text));
}

static void test_affinity(void **state) {
    (void)state;
    cpu_set_t all, one;
    assert_int_equal(sched_getaffinity(0, sizeof all, &all), 0);
    assert_int_equal(mot_cpu_allowed(), CPU_COUNT(&all));
    CPU_ZERO(&one);
    for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; cpu++)
        if (CPU_ISSET(cpu, &all)) CPU_SET(cpu, &one);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    assert_int_equal(mot_cpu_allowed(), 1);
    assert_int_equal(mot_cpu_threads(), 1);
    assert_int_equal(sched_setaffinity(0, sizeof all, &all), 0);
}

static double quota_v2(const char *group, const char *path, const char *text) {
    fake_tree tree;
    fake_tree_create(&tree);
    fake_tree_write(&tree, "/proc/self/cgroup", group);
    fake_tree_write(&tree, path, text);
    const double quota = mot_cpu_quota(tree.root);
    fake_tree_destroy(&tree);
    return quota;
}

static void test_quota_v2(void **state) {
    (void)state;
    const char *own = "/sys/fs/cgroup/a/b/cpu.max";
    assert_float_equal(quota_v2("0::/a/b\n", own, "50000 100000\n"), 0.5, 1e-9);
    assert_float_equal(quota_v2("0::/a/b\n", own, "250000 100000\n"), 2.5, 1e-9);
    assert_float_equal(quota_v2("0::/a/b\n", own, "max 100000\n"), 0, 0);
    assert_float_equal(quota_v2("0::/a/b\n", "/sys/fs/cgroup/a/cpu.max", "150000 100000\n"), 1.5, 1e-9);
    assert_float_equal(quota_v2("0::/\n", "/sys/fs/cgroup/cpu.max", "50000 100000\n"), 0.5, 1e-9);
    assert_float_equal(quota_v2("0::/host/path\n", "/sys/fs/cgroup/cpu.max", "50000 100000\n"), 0.5, 1e-9);
    assert_float_equal(quota_v2("0::/a\n", "/sys/fs/cgroup/unified/a/cpu.max", "50000 100000\n"), 0.5, 1e-9);
    assert_float_equal(quota_v2("0::/a\n", "/sys/fs/cgroup/b/cpu.max", "50000 100000\n"), 0, 0);
}

static void test_quota_garbage(void **state) {
    (void)state;
    const char *texts[] = {"",        "garbage\n", "max\n",    "-1 100000\n",    "0 100000\n",
                           "50000\n", "50000 0\n", "50000 -1", "50000 garbage ", "\xff\xfe"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_float_equal(quota_v2("0::/a\n", "/sys/fs/cgroup/a/cpu.max", texts[i]), 0, 0);
    const char *groups[] = {"", "\n\n", "0", "0:", "0::", "0::a", "x:y", ":::::", "3:cpuset:/a\n"};
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
        assert_float_equal(quota_v2(groups[i], "/sys/fs/cgroup/a/cpu.max", "50000 100000"), 0, 0);
    assert_float_equal(mot_cpu_quota("no_such_root"), 0, 0);
}

static double quota_v1(const char *mount, const char *group, const char *quota, const char *period) {
    fake_tree tree;
    char path[256];
    fake_tree_create(&tree);
    fake_tree_write(&tree, "/proc/self/cgroup", "5:cpuset:/other\n4:cpu,cpuacct:/a/b\n1:name=systemd:/x\n");
    snprintf(path, sizeof path, "/sys/fs/cgroup/%s%s/cpu.cfs_quota_us", mount, group);
    fake_tree_write(&tree, path, quota);
    snprintf(path, sizeof path, "/sys/fs/cgroup/%s%s/cpu.cfs_period_us", mount, group);
    fake_tree_write(&tree, path, period);
    const double result = mot_cpu_quota(tree.root);
    fake_tree_destroy(&tree);
    return result;
}

static void test_quota_v1(void **state) {
    (void)state;
    assert_float_equal(quota_v1("cpu", "/a/b", "50000\n", "100000\n"), 0.5, 1e-9);
    assert_float_equal(quota_v1("cpu,cpuacct", "/a/b", "50000\n", "100000\n"), 0.5, 1e-9);
    assert_float_equal(quota_v1("cpu", "/a", "150000\n", "50000\n"), 3, 1e-9);
    assert_float_equal(quota_v1("cpu", "", "50000\n", "100000\n"), 0.5, 1e-9);
    assert_float_equal(quota_v1("cpu", "/a/b", "-1\n", "100000\n"), 0, 0);
    assert_float_equal(quota_v1("cpu", "/a/b", "garbage\n", "100000\n"), 0, 0);
    assert_float_equal(quota_v1("cpu", "/a/b", "50000\n", "garbage\n"), 0, 0);
    assert_float_equal(quota_v1("cpuset", "/a/b", "50000\n", "100000\n"), 0, 0);
}

static void test_quota_tightest(void **state) {
    (void)state;
    fake_tree tree;
    fake_tree_create(&tree);
    fake_tree_write(&tree, "/proc/self/cgroup", "0::/a/b/c\n");
    fake_tree_write(&tree, "/sys/fs/cgroup/a/b/c/cpu.max", "400000 100000\n");
    fake_tree_write(&tree, "/sys/fs/cgroup/a/b/cpu.max", "200000 100000\n");
    fake_tree_write(&tree, "/sys/fs/cgroup/a/cpu.max", "300000 100000\n");
    assert_float_equal(mot_cpu_quota(tree.root), 2, 1e-9);
    fake_tree_destroy(&tree);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_best),          cmocka_unit_test(test_os_masks), cmocka_unit_test(test_each_bit),
        cmocka_unit_test(test_this_machine),  cmocka_unit_test(test_affinity), cmocka_unit_test(test_quota_v2),
        cmocka_unit_test(test_quota_garbage), cmocka_unit_test(test_quota_v1), cmocka_unit_test(test_quota_tightest)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
