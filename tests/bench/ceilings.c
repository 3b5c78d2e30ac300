/* ceilings.c: the loops do what they say, working sets fit their level, and floors are lower bounds. */
#define _GNU_SOURCE
#include "ceilings.h"

#include "ceilings_sets.h"
#include "cpu.h"
#include "machine.h"
#include "peak.h"
#include "registry.h"
#include "timer.h"

#include "../fake_tree.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { KIB = 1 << 10, MIB = 1 << 20 };

/* ---- loops ---- */

static const peak_kernels *usable(mot_isa isa) {
    static const peak_kernels *const all[] = {NULL,         &peak_scalar,     &peak_avx2,
                                              &peak_avx512, &peak_avx512bf16, &peak_amx};
    return mot_cpu_why_not(isa) ? NULL : all[isa];
}

static void test_copies(void **state) {
    (void)state;
    enum { SIZE = 8 * PEAK_BLOCK, GUARD = PEAK_BLOCK };
    unsigned char *from = mot_alloc(SIZE), *to = mot_alloc(SIZE + 2 * GUARD);
    assert_non_null(from);
    assert_non_null(to);
    for (int i = 0; i < SIZE; i++) from[i] = (unsigned char)(i * 7 + i / 251);
    for (mot_isa isa = MOT_ISA_SCALAR; isa <= MOT_ISA_AVX512BF16; isa++) {
        const peak_kernels *k = usable(isa);
        for (int nt = 0; k && k->copy && nt < 2; nt++) {
            memset(to, 0xee, SIZE + 2 * GUARD);
            (nt ? k->copy_nt : k->copy)(to + GUARD, from, SIZE);
            assert_memory_equal(to + GUARD, from, SIZE);
            for (int i = 0; i < GUARD; i++) assert_true(to[i] == 0xee && to[GUARD + SIZE + i] == 0xee);
        }
    }
    mot_free(from);
    mot_free(to);
}

/* The FLOPs of n rounds are counted, and n times the rounds take longer: nothing was optimised away. */
static void test_fma_counts(void **state) {
    (void)state;
    for (mot_isa isa = MOT_ISA_SCALAR; isa <= MOT_ISA_AMX; isa++) {
        static const double numbers[] = {0, 4, 8, 16, 32, 16 * 16 * 32}; /* in a vector, products in a block */
        const peak_kernels *k = usable(isa);
        const double lanes = numbers[isa];
        if (!k) continue;
        assert_float_equal(k->fma(1000, 0.5f, 1), 1000 * k->fma(1, 0.5f, 1), 0);
        /* 10 chains: 5 cycles on 2 ports; a block takes 16 cycles, its sum is there after 52 */
        assert_true(k->fma(1, 0.5f, 1) >= 2 * lanes * (isa == MOT_ISA_AMX ? 4 : 10));
        int64_t least = INT64_MAX;
        double flops = 0;
        for (int i = 0; i < 5; i++) {
            const int64_t begin = timer_now();
            flops = k->fma(20000, 0.5f, 1);
            const int64_t took = timer_now() - begin;
            if (took < least) least = took;
        }
        /* No core does 4 FMAs of its widest vector in each cycle at 8 GHz. */
        assert_true(flops / (double)least < 2 * lanes * 4 * 8);
    }
}

/* Reading the same set twice takes time in proportion: no core loads four 64-byte vectors a cycle at 8 GHz. */
static void test_reads(void **state) {
    (void)state;
    enum { SIZE = 16 * KIB, REPEATS = 200 };
    const peak_kernels *k = usable(mot_isa_for(mot_cpu_isa(), MOT_F32));
    char *memory = mot_alloc(SIZE);
    assert_non_null(memory);
    memset(memory, 1, SIZE);
    int64_t least = INT64_MAX;
    for (int i = 0; i < 5; i++) {
        const int64_t begin = timer_now();
        for (int r = 0; r < REPEATS; r++) k->read(memory, SIZE);
        const int64_t took = timer_now() - begin;
        if (took < least) least = took;
    }
    assert_true((double)SIZE * REPEATS / (double)least < 4 * 64 * 8);
    mot_free(memory);
}

/* ---- working sets ---- */

static void test_sets(void **state) {
    (void)state;
    const topology zen = {.cores = 16, .pus = 32, .smt = 2, .l1d = 48 * KIB, .l2 = MIB, .l3 = 32 * MIB, .l3_count = 2};
    assert_int_equal(ceilings_cache_set(&zen, 1, 1), 24 * KIB);
    assert_int_equal(ceilings_cache_set(&zen, 2, 16), 512 * KIB);
    assert_int_equal(ceilings_cache_set(&zen, 1, 32), 12 * KIB); /* siblings share */
    assert_int_equal(ceilings_cache_set(&zen, 3, 1), 16 * MIB);
    assert_int_equal(ceilings_cache_set(&zen, 3, 4), 4 * MIB);
    assert_int_equal(ceilings_cache_set(&zen, 3, 16), 2 * MIB); /* eight share each instance */
    assert_true(ceilings_dram_set(&zen, 1) >= 3 * zen.l3);
    assert_true(16 * ceilings_dram_set(&zen, 16) >= 3 * 2 * zen.l3);
    const topology wide = {.cores = 56, .smt = 1, .l1d = 48 * KIB, .l2 = 2 * MIB, .l3 = 105 * MIB, .l3_count = 1};
    assert_int_equal(ceilings_cache_set(&wide, 3, 56), 0); /* 56 sets that leave L2 do not fit L3 */
    const topology none = {.cores = 4, .smt = 1};
    for (int level = 1; level <= 3; level++) assert_int_equal(ceilings_cache_set(&none, level, 4), 0);
    assert_true(ceilings_dram_set(&none, 1) > 0);
}

static void test_little_memory(void **state) {
    (void)state;
    fake_tree tree;
    const topology t = {.cores = 2, .smt = 1, .l1d = 48 * KIB, .l2 = MIB, .l3 = 32 * MIB, .l3_count = 1};
    fake_tree_create(&tree);
    machine_set_root(tree.root);
    fake_tree_write(&tree, "/proc/meminfo", "MemTotal: 9000000 kB\nMemAvailable: 409600 kB\n");
    assert_int_equal(ceilings_dram_set(&t, 1), 100 * MIB); /* a quarter of what is there */
    fake_tree_write(&tree, "/sys/fs/cgroup/memory.max", "max\n");
    fake_tree_write(&tree, "/sys/fs/cgroup/memory.current", "1048576\n");
    assert_int_equal(ceilings_dram_set(&t, 1), 100 * MIB);
    fake_tree_write(&tree, "/sys/fs/cgroup/memory.max", "105906176\n"); /* 100 MiB left */
    assert_int_equal(ceilings_dram_set(&t, 1), 0);                      /* 25 MiB would stay in L3 */
    machine_set_root(NULL);
    fake_tree_destroy(&tree);
}

/* ---- floors ---- */

static const ceilings table = {12,
                               {{"fma_scalar_f32", "GFLOP/s", 1, 50, 50, 50, 0, {0}},
                                {"fma_avx2_f32", "GFLOP/s", 1, 100, 100, 100, 0, {0}},
                                {"fma_avx512_f32", "GFLOP/s", 1, 200, 200, 200, 0, {0}},
                                {"read_L1", "GB/s", 1, 500, 500, 500, 24 * KIB, {0}},
                                {"read_L2", "GB/s", 1, 250, 250, 250, 512 * KIB, {0}},
                                {"read_L3", "GB/s", 1, 100, 100, 100, 16 * MIB, {0}},
                                {"read_DRAM", "GB/s", 1, 20, 20, 20, 128 * MIB, {0}},
                                {"fma_avx2_f32", "GFLOP/s", 4, 380, 380, 380, 0, {0}},
                                {"read_L2", "GB/s", 4, 900, 900, 900, 2 * MIB, {0}},
                                {"read_DRAM", "GB/s", 4, 40, 40, 40, 128 * MIB, {0}},
                                {"fma_avx512bf16_bf16", "GFLOP/s", 1, 400, 400, 400, 0, {0}},
                                {"fma_amx_bf16", "GFLOP/s", 1, 4000, 4000, 4000, 0, {0}}}};

static double floor_ns(mot_isa isa, int threads, double flops, double bytes, size_t set) {
    return ceilings_floor_ns(&table, isa, MOT_F32, threads, flops, bytes, set);
}

static void test_find(void **state) {
    (void)state;
    assert_ptr_equal(ceilings_find(&table, "fma_avx2_f32", 4), &table.item[7]);
    assert_ptr_equal(ceilings_find(&table, "fma_avx2_f32", 1), &table.item[1]);
    assert_null(ceilings_find(&table, "fma_avx2_f32", 2));
    assert_null(ceilings_find(&table, "read_L4", 1));
}

static void test_floor(void **state) {
    (void)state;
    assert_float_equal(floor_ns(MOT_ISA_AVX512, 1, 2000, 0, 0), 10, 1e-9);
    assert_float_equal(floor_ns(MOT_ISA_SCALAR, 1, 2000, 0, 0), 40, 1e-9);
    assert_float_equal(floor_ns(MOT_ISA_BEST, 1, 2000, 0, 0), 10, 1e-9);
    assert_float_equal(floor_ns(MOT_ISA_AVX2, 1, 0, 1000, 48 * KIB), 2, 1e-9);
    assert_float_equal(floor_ns(MOT_ISA_AVX2, 1, 0, 1000, 48 * KIB + 2), 4, 1e-9);
    assert_float_equal(floor_ns(MOT_ISA_AVX2, 1, 0, 1000, 4 * MIB), 10, 1e-9);
    assert_float_equal(floor_ns(MOT_ISA_AVX2, 1, 0, 1000, SIZE_MAX), 50, 1e-9);
    assert_float_equal(floor_ns(MOT_ISA_AVX2, 1, 2000, 1000, SIZE_MAX), 50, 1e-9); /* the larger of the two */
    assert_float_equal(floor_ns(MOT_ISA_AVX2, 1, 20000, 1000, SIZE_MAX), 200, 1e-9);
}

/* bf16 without products of its own is computed as f32. */
static void test_floor_bf16(void **state) {
    (void)state;
    assert_float_equal(ceilings_floor_ns(&table, MOT_ISA_AVX512BF16, MOT_BF16, 1, 2000, 0, 0), 5, 1e-9);
    assert_float_equal(ceilings_floor_ns(&table, MOT_ISA_AMX, MOT_BF16, 1, 2000, 0, 0), 0.5, 1e-9);
    assert_float_equal(ceilings_floor_ns(&table, MOT_ISA_BEST, MOT_BF16, 1, 2000, 0, 0), 0.5, 1e-9);
    assert_float_equal(ceilings_floor_ns(&table, MOT_ISA_AVX512, MOT_BF16, 1, 2000, 0, 0), 10, 1e-9);
    assert_float_equal(ceilings_floor_ns(&table, MOT_ISA_SCALAR, MOT_BF16, 1, 2000, 0, 0), 40, 1e-9);
    assert_float_equal(floor_ns(MOT_ISA_AVX512BF16, 1, 2000, 0, 0), 10, 1e-9);
    assert_float_equal(floor_ns(MOT_ISA_BEST, 1, 2000, 0, 0), 10, 1e-9);
    ceilings no_bf16 = table; /* a machine without */
    no_bf16.count = 10;
    assert_float_equal(ceilings_floor_ns(&no_bf16, MOT_ISA_BEST, MOT_BF16, 1, 2000, 0, 0), 10, 1e-9);
}

static void test_floor_other_threads(void **state) {
    (void)state;
    assert_float_equal(floor_ns(MOT_ISA_AVX2, 2, 3800, 0, 0), 10, 1e-9); /* the bound for four holds for two */
    assert_float_equal(floor_ns(MOT_ISA_AVX2, 8, 7600, 0, 0), 10, 1e-9); /* twice as many: twice the rate */
    assert_float_equal(floor_ns(MOT_ISA_AVX2, 4, 0, 900, MIB), 1, 1e-9); /* four L2 together hold it */
    assert_float_equal(floor_ns(MOT_ISA_AVX2, 4, 0, 400, SIZE_MAX), 10, 1e-9);
    const ceilings none = {0};
    assert_float_equal(ceilings_floor_ns(&none, MOT_ISA_BEST, MOT_F32, 1, 1e9, 1e9, 1), 0, 0);
}

/* On a GPU: its own rates only; what may lie in L2 is let off unless it is cold. */
static void test_floor_on_a_gpu(void **state) {
    (void)state;
    static const ceilings gpu = {3,
                                 {{"fma_avx2_f32", "GFLOP/s", 1, 1e6, 1e6, 1e6, 0, {0}},
                                  {"copy_device", "GB/s", 0, 100, 100, 100, CEILING_L2S * 1000, {0}},
                                  {"gemm_bf16", "GFLOP/s", 0, 1000, 1000, 1000, 1, {0}}}};
    assert_float_equal(ceilings_floor_cuda_ns(&gpu, "gemm_bf16", 5000, 100, 0), 5, 1e-9);
    assert_float_equal(ceilings_floor_cuda_ns(&gpu, "gemm_bf16", 0, 900, 0), 0, 1e-9);
    assert_float_equal(ceilings_floor_cuda_ns(&gpu, "gemm_bf16", 0, 1900, 0), 9, 1e-9);
    assert_float_equal(ceilings_floor_cuda_ns(&gpu, "gemm_bf16", 0, 1900, 1900), 19, 1e-9);
    assert_float_equal(ceilings_floor_cuda_ns(&gpu, "gemm_f32", 1e9, 0, 0), 0, 1e-9); /* not measured */
    assert_float_equal(ceilings_floor_cuda_ns(&table, "gemm_bf16", 1e9, 1e9, 1e9), 0, 1e-9);
}

static void test_summary(void **state) {
    (void)state;
    ceiling c = {.rate = {5, 1, 9, 3, 7, 2, 8, 4, 6}};
    ceiling_summarise(&c);
    assert_float_equal(c.median, 5, 0);
    assert_float_equal(c.low, 2, 0);
    assert_float_equal(c.high, 8, 0);
    assert_float_equal(c.rate[2], 9, 0); /* in order */
}

/* ---- measuring ---- */

static void expect_sane(const ceiling *c) {
    const double per_thread = c->median / c->threads;
    if (!(c->low > 0 && c->low <= c->median && c->median <= c->high)) fail_msg("%s: interval", c->name);
    if (!(per_thread > 0.001 && per_thread < 5000)) fail_msg("%s: %g %s", c->name, c->median, c->unit);
    assert_int_equal(c->bytes == 0, strncmp(c->name, "fma", 3) == 0);
    assert_string_equal(c->unit, c->bytes ? "GB/s" : "GFLOP/s");
}

static void test_measure(void **state) {
    (void)state;
    ceilings c;
    topology t;
    cpu_set_t before, after;
    char error[256] = "", name[32];
    assert_true(topology_load(&t));
    sched_getaffinity(0, sizeof before, &before);
    for (int threads = 1; threads <= (t.cores > 1 ? 2 : 1); threads++) {
        if (!ceilings_measure(&c, threads, 0.3, error, sizeof error)) fail_msg("%s", error);
        for (int i = 0; i < c.count; i++) {
            expect_sane(&c.item[i]);
            assert_ptr_equal(ceilings_find(&c, c.item[i].name, c.item[i].threads), &c.item[i]); /* no name twice */
        }
        for (mot_isa isa = MOT_ISA_SCALAR; isa <= MOT_ISA_AVX512 && isa <= mot_cpu_isa(); isa++) {
            static const char *const isas[] = {"", "scalar", "avx2", "avx512"};
            snprintf(name, sizeof name, "fma_%s_f32", isas[isa]);
            assert_non_null(ceilings_find(&c, name, 1));
            assert_non_null(ceilings_find(&c, name, threads));
        }
        const bool has_bf16 = !mot_cpu_why_not(MOT_ISA_AVX512BF16);
        assert_int_equal(ceilings_find(&c, "fma_avx512bf16_bf16", threads) != NULL, has_bf16);
        assert_null(ceilings_find(&c, "fma_avx512bf16_f32", threads));
        assert_int_equal(ceilings_find(&c, "fma_amx_bf16", threads) != NULL, !mot_cpu_why_not(MOT_ISA_AMX));
        assert_int_equal(ceilings_find(&c, "read_L1", 1) != NULL, t.l1d > 0);
        assert_true(ceilings_floor_ns(&c, MOT_ISA_BEST, MOT_F32, threads, 1e9, 1e9, SIZE_MAX) > 0);
    }
    sched_getaffinity(0, sizeof after, &after);
    assert_true(CPU_EQUAL(&before, &after));
}

static int64_t frozen(void) { return 1; }

static void test_refusals(void **state) {
    (void)state;
    ceilings c;
    char error[256];
    assert_false(ceilings_measure(&c, 0, 0.1, error, sizeof error));
    assert_non_null(strstr(error, "0 threads"));
    assert_false(ceilings_measure(&c, 100000, 0.1, error, sizeof error));
    assert_non_null(strstr(error, "100000 threads"));
    timer_set_clock(frozen, NULL);
    assert_false(ceilings_measure(&c, 1, 0.1, error, sizeof error));
    timer_set_clock(NULL, NULL);
    assert_non_null(strstr(error, "timer is not usable"));
    assert_int_equal(c.count, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_copies),
                                       cmocka_unit_test(test_fma_counts),
                                       cmocka_unit_test(test_reads),
                                       cmocka_unit_test(test_sets),
                                       cmocka_unit_test(test_little_memory),
                                       cmocka_unit_test(test_find),
                                       cmocka_unit_test(test_floor),
                                       cmocka_unit_test(test_floor_bf16),
                                       cmocka_unit_test(test_floor_other_threads),
                                       cmocka_unit_test(test_floor_on_a_gpu),
                                       cmocka_unit_test(test_summary),
                                       cmocka_unit_test(test_measure),
                                       cmocka_unit_test(test_refusals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
