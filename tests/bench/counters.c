/* counters.c: names, reasons where the kernel refuses (fault 5), and software counters that count. */
#define _GNU_SOURCE
#include "counters_internal.h"
#include "machine_files.h"

#include "../fake_tree.h"

#include <math.h>
#include <sys/mman.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static int probe_error;
static int fake_probe(void) { return probe_error; }

static bool has_papi(void) { return strstr(counters_provider(), "without PAPI") == NULL; }

static void test_parse(void **state) {
    (void)state;
    counter_set set;
    char error[256] = "";
    assert_true(counters_parse(&set, "none", error, sizeof error));
    assert_int_equal(set.count, 0);
    assert_true(counters_parse(&set, "page_faults,PAPI_TOT_CYC,page_faults", error, sizeof error));
    assert_int_equal(set.count, 2);
    assert_string_equal(set.name[1], "PAPI_TOT_CYC");
    assert_true(counters_parse(&set, "auto", error, sizeof error));
    assert_true(set.count >= 3 && set.count <= COUNTER_MAX);
    for (int i = 0; i < set.count; i++) assert_null(counters_why_not(set.name[i]));
}

static void test_parse_errors(void **state) {
    (void)state;
    counter_set set;
    char error[256];
    const char *rows[][2] = {{"page_fault", "'page_fault'; near it: page_faults"},
                             {"task_clock_ns,PAPI_TOT_CYCL", "'PAPI_TOT_CYCL'; near it: PAPI_TOT_CYC"},
                             {"papi_tot_cyc_and_a_name_that_is_far_too_long", "unknown counter 'papi_tot_cyc"},
                             {"zzz", "unknown counter 'zzz' ("},
                             {"", "empty counter name"},
                             {"page_faults,", "empty counter name"},
                             {",page_faults", "empty counter name"},
                             {"\x1b[31m", "unknown counter"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        error[0] = 0;
        assert_false(counters_parse(&set, rows[i][0], error, sizeof error));
        if (!strstr(error, rows[i][1])) fail_msg("'%s' gave: %s", rows[i][0], error);
        assert_null(strchr(error, '\n'));
    }
    assert_false(counters_parse(&set, "zzz", error, 10)); /* a small buffer is filled, never overrun */
    assert_true(strlen(error) < 10);
}

static void test_known(void **state) {
    (void)state;
    counter_set set;
    char error[256];
    assert_true(counters_known() > 3);
    assert_null(counters_known_name(counters_known()));
    for (size_t i = 0; i < counters_known(); i++)
        if (!counters_parse(&set, counters_known_name(i), error, sizeof error)) fail_msg("%s", error);
}

/* What the kernel would answer, on machines of both kinds. */
static void test_reasons(void **state) {
    (void)state;
    static const struct {
        int error;
        const char *paranoid, *flags, *reason;
    } rows[] = {{ENOENT, "2", "flags : fpu hypervisor sse", "no PMU in this VM"},
                {EOPNOTSUPP, "2", "flags : fpu hypervisor", "no PMU in this VM"},
                {ENOENT, "2", "flags : fpu sse\nmodel name : hypervisor", "no PMU that this kernel can use"},
                {EACCES, "3", "flags : fpu", "perf_event_paranoid=3: sudo sysctl kernel.perf_event_paranoid=1"},
                {EPERM, "4", "flags : fpu", "perf_event_paranoid=4: sudo sysctl kernel.perf_event_paranoid=1"},
                {EPERM, "2", "flags : fpu", "seccomp forbids perf_event_open: docker run --cap-add PERFMON"},
                {EPERM, "garbage", "flags : fpu", "seccomp forbids perf_event_open: docker run --cap-add PERFMON"},
                {ENOSYS, "2", "flags : fpu", "this kernel has no perf events"},
                {EMFILE, "2", "flags : fpu", "perf_event_open: Too many open files"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fake_tree tree;
        char cpuinfo[128];
        fake_tree_create(&tree);
        snprintf(cpuinfo, sizeof cpuinfo, "processor : 0\n%s\n\n", rows[i].flags);
        fake_tree_write(&tree, "/proc/cpuinfo", cpuinfo);
        fake_tree_write(&tree, "/proc/sys/kernel/perf_event_paranoid", rows[i].paranoid);
        machine_set_root(tree.root);
        counters_set_probe(fake_probe);
        probe_error = rows[i].error;
        const char *reason = perf_why_not();
        if (!reason || strcmp(reason, rows[i].reason)) fail_msg("row %zu gave: %s", i, reason ? reason : "NULL");
        if (has_papi()) assert_string_equal(counters_why_not("PAPI_TOT_CYC"), rows[i].reason);
        assert_null(counters_why_not("task_clock_ns"));
        counters_set_probe(NULL);
        machine_set_root(NULL);
        fake_tree_destroy(&tree);
    }
}

/* A refused counter is n/a with its reason beside the others, and the run goes on. */
static void test_refused(void **state) {
    (void)state;
    counter_set set;
    counter_values values;
    char error[256];
    counters_set_probe(fake_probe);
    probe_error = EPERM;
    assert_true(counters_parse(&set, "PAPI_TOT_INS,page_faults,PAPI_TOT_CYC", error, sizeof error));
    assert_true(counters_start(&set));
    assert_false(counters_start(&set));
    counters_stop(&values, 1);
    counters_set_probe(NULL);
    assert_int_equal(values.count, 3);
    assert_true(isnan(values.value[0]) && isnan(values.value[2]));
    assert_true(strlen(values.reason[0]) > 0 && strlen(values.reason[2]) > 0);
    assert_string_equal(values.name[2], "PAPI_TOT_CYC");
    assert_false(isnan(values.value[1]));
    assert_string_equal(values.reason[1], "");
}

/* Touching n fresh pages is at least n page faults; the clock runs while this thread works. */
static void test_software(void **state) {
    (void)state;
    enum { PAGES = 64, CALLS = 4 };
    counter_set set;
    counter_values values;
    char error[256];
    char *memory = mmap(NULL, PAGES * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(memory, MAP_FAILED);
    madvise(memory, PAGES * 4096, MADV_NOHUGEPAGE);
    assert_true(counters_parse(&set, "task_clock_ns,page_faults,context_switches", error, sizeof error));
    assert_true(counters_start(&set));
    for (int i = 0; i < PAGES; i++) ((volatile char *)memory)[i * 4096] = 1;
    for (int i = 0; i < 8; i++) usleep(100);
    counters_stop(&values, CALLS);
    assert_int_equal(munmap(memory, PAGES * 4096), 0);
    assert_true(values.value[0] > 0 && values.value[0] < 10e9);
    assert_true(values.value[1] >= (double)PAGES / CALLS && values.value[1] < 4000);
    assert_true(values.value[2] >= 8.0 / CALLS);
    assert_true(counters_start(&set)); /* and again, with no memory of the last time */
    counters_stop(&values, 1);
    assert_true(values.value[1] < PAGES);
}

/* Whatever the machine has: a counter that is said to count gives a number, any other a reason. */
static void test_promises(void **state) {
    (void)state;
    for (size_t i = 0; i < counters_known(); i++) {
        counter_set set;
        counter_values values;
        char error[256];
        const bool promised = counters_why_not(counters_known_name(i)) == NULL;
        assert_true(counters_parse(&set, counters_known_name(i), error, sizeof error));
        assert_true(counters_start(&set));
        counters_stop(&values, 1);
        assert_int_equal(isnan(values.value[0]) == 0, promised);
        assert_int_equal(values.reason[0][0] == 0, promised);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_parse),   cmocka_unit_test(test_parse_errors),
                                       cmocka_unit_test(test_known),   cmocka_unit_test(test_reasons),
                                       cmocka_unit_test(test_refused), cmocka_unit_test(test_software),
                                       cmocka_unit_test(test_promises)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
