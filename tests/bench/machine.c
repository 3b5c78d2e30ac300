/* machine.c, doctor.c: facts and grades of machines that are not here, and hostile names (fault 22). */
#define _GNU_SOURCE
#include "machine.h"

#include "counters.h"
#include "cpu.h"
#include "machine_files.h"
#include "registry.h"
#include "timer.h"

#include "../fake_tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static int set_up(void **state) {
    static fake_tree tree;
    fake_tree_create(&tree);
    machine_set_root(tree.root);
    *state = &tree;
    return 0;
}
static int tear_down(void **state) {
    machine_set_root(NULL);
    fake_tree_destroy(*state);
    return 0;
}

/* The grade of one row, with what it found, "bad: 12 …". Takes the rows. */
static const char *row_in(json_t *rows, const char *name) {
    static char text[512];
    json_t *row;
    size_t i;
    strcpy(text, "no such row");
    json_array_foreach(rows, i, row) {
        if (strcmp(json_string_value(json_object_get(row, "name")), name)) continue;
        const char *grade = json_string_value(json_object_get(row, "grade"));
        const char *advice = json_string_value(json_object_get(row, "advice"));
        snprintf(text, sizeof text, "%s: %s", grade, json_string_value(json_object_get(row, "found")));
        if ((strcmp(grade, "ok") == 0) != (advice[0] == 0)) strcpy(text, "advice and grade do not fit");
    }
    json_decref(rows);
    return text;
}

static const char *row_of(const char *name) { return row_in(machine_doctor(), name); }

static void expect_row(const char *name, const char *start) {
    const char *row = row_of(name);
    if (strncmp(row, start, strlen(start))) fail_msg("%s: expected '%s', got '%s'", name, start, row);
}

/* ---- the doctor ---- */

static void test_nothing_known(void **state) {
    (void)state;
    static const char *const unknown[] = {"governor", "turbo", "load", "pressure", "steal", "thp", "aslr", "swap"};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) expect_row(unknown[i], "unknown: ");
    expect_row("cgroup quota", "ok: none");
    expect_row("virtualisation", "ok: none");
    expect_row("gpu", "ok: no NVIDIA device");
}

static void test_grades(void **state) {
    static const struct {
        const char *path, *text, *name, *row;
    } rows[] = {
        {"/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "performance\n", "governor", "ok: performance"},
        {"/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave\n", "governor", "warn: powersave"},
        {"/sys/devices/system/cpu/cpufreq/boost", "1\n", "turbo", "warn: on"},
        {"/sys/devices/system/cpu/cpufreq/boost", "0\n", "turbo", "ok: off"},
        {"/sys/devices/system/cpu/intel_pstate/no_turbo", "0\n", "turbo", "warn: on"},
        {"/sys/devices/system/cpu/intel_pstate/no_turbo", "1\n", "turbo", "ok: off"},
        {"/sys/devices/system/cpu/smt/active", "1\n", "smt", "warn: on"},
        {"/sys/devices/system/cpu/smt/active", "0\n", "smt", "ok: off"},
        {"/proc/loadavg", "0.00 0.01 0.05 1/99 7\n", "load", "ok: 0.00"},
        {"/proc/loadavg", "9999 0.01 0.05 1/99 7\n", "load", "bad: 9999.00"},
        {"/proc/loadavg", "garbage\n", "load", "unknown: "},
        {"/proc/loadavg", "nan\n", "load", "unknown: "},
        {"/proc/loadavg", "1e999\n", "load", "unknown: "},
        {"/proc/pressure/cpu", "some avg10=0.00 avg60=9 avg300=9 total=9\n", "pressure", "ok: "},
        {"/proc/pressure/cpu", "some avg10=5.25 avg60=0 avg300=0 total=9\n", "pressure", "warn: tasks waited 5.2"},
        {"/proc/pressure/cpu", "some avg10=63.0 avg60=0 avg300=0 total=9\n", "pressure", "bad: "},
        {"/proc/stat", "cpu  500 0 0 500 0 0 0 0 0 0\ncpu0 9\n", "steal", "ok: 0.00"},
        {"/proc/stat", "cpu  500 0 0 490 0 0 0 10 0 0\n", "steal", "warn: 1.00"},
        {"/proc/stat", "cpu  500 0 0 400 0 0 0 100 0 0\n", "steal", "bad: 10.00"},
        {"/proc/stat", "cpu  500 0 0\n", "steal", "unknown: "},
        {"/proc/stat", "intr 1 2 3 4 5 6 7 8 9\n", "steal", "unknown: "},
        {"/proc/stat", "cpu  0 0 0 0 0 0 0 0\n", "steal", "unknown: "},
        {"/sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n", "thp", "ok: "},
        {"/sys/kernel/mm/transparent_hugepage/enabled", "always madvise [never]\n", "thp", "warn: "},
        {"/sys/kernel/mm/transparent_hugepage/enabled", "what\n", "thp", "unknown: "},
        {"/proc/sys/kernel/randomize_va_space", "2\n", "aslr", "warn: on"},
        {"/proc/sys/kernel/randomize_va_space", "0\n", "aslr", "ok: off"},
        {"/proc/meminfo", "MemTotal: 9 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n", "swap", "ok: none"},
        {"/proc/meminfo", "SwapTotal: 2048 kB\nSwapFree: 2048 kB\n", "swap", "ok: 0 MiB of 2"},
        {"/proc/meminfo", "SwapTotal: 2048 kB\nSwapFree: 1024 kB\n", "swap", "warn: 1 MiB of 2"},
        {"/proc/self/cgroup", "0::/\n", "cgroup quota", "ok: none"},
        {"/sys/fs/cgroup/cpu.max", "max 100000\n", "cgroup quota", "ok: none"},
        {"/sys/fs/cgroup/cpu.max", "50000 100000\n", "cgroup quota", "bad: 0.50 CPUs"},
        {"/sys/fs/cgroup/cpu.max", "99900000 100000\n", "cgroup quota", "ok: 999.00 CPUs"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fake_tree_write(*state, rows[i].path, rows[i].text);
        expect_row(rows[i].name, rows[i].row);
    }
}

static void test_virtualisation(void **state) {
    const char *cpuinfo = "processor : 0\nflags : fpu hypervisor\n\nprocessor : 1\n";
    fake_tree_write(*state, "/proc/cpuinfo", cpuinfo);
    expect_row("virtualisation", "warn: unknown hypervisor");
    fake_tree_write(*state, "/sys/class/dmi/id/sys_vendor", "VMware, Inc.\n");
    expect_row("virtualisation", "warn: vmware");
    fake_tree_write(*state, "/proc/1/cgroup", "0::/kubepods/besteffort/pod1\n");
    expect_row("virtualisation", "warn: vmware, kubernetes");
    fake_tree_write(*state, "/.dockerenv", "");
    expect_row("virtualisation", "warn: vmware, docker");
    fake_tree_write(*state, "/proc/cpuinfo", "processor : 0\nflags : fpu sse\n");
    expect_row("virtualisation", "ok: none, docker");
}

static int64_t coarse_ns, coarse_reads;
static int64_t coarse(void) { return ++coarse_reads % 10 ? coarse_ns : (coarse_ns += 1000000); }
static int64_t slow(void) { return coarse_ns += 1500; }

static void test_timer(void **state) {
    (void)state;
    fake_tree_write(*state, "/sys/devices/system/clocksource/clocksource0/current_clocksource", "hpet\n");
    timer_set_clock(coarse, NULL);
    expect_row("timer", "bad: CLOCK_MONOTONIC_RAW: the clock moves in steps of 1000000 ns");
    json_t *timer = machine_timer();
    assert_true(json_is_false(json_object_get(timer, "usable")));
    json_decref(timer);
    timer_set_clock(slow, NULL);
    expect_row("timer", "warn: CLOCK_MONOTONIC_RAW on hpet, resolution 1500 ns");
    timer_set_clock(NULL, NULL);
}

static int no_such_event(void) { return ENOENT; }
static int an_event(void) { return 0; }

static void test_pmu(void **state) {
    (void)state;
    counters_set_probe(no_such_event);
    expect_row("pmu", "warn: no PMU");
    counters_set_probe(an_event);
    expect_row("pmu", "ok: ");
    counters_set_probe(NULL);
}

/* With a device node the driver is asked; where it is missing the reason says so instead. */
static void test_gpu(void **state) {
    json_t *gpu = machine_gpu();
    assert_true(json_is_false(json_object_get(gpu, "present")));
    assert_non_null(strstr(json_string_value(json_object_get(gpu, "reason")), "no NVIDIA device"));
    json_decref(gpu);
    fake_tree_write(*state, "/dev/nvidiactl", "");
    gpu = machine_gpu();
    const char *reason = json_string_value(json_object_get(gpu, "reason"));
    if (json_is_true(json_object_get(gpu, "present")))
        assert_non_null(json_object_get(gpu, "name"));
    else
        assert_non_null(strstr(reason, "CUDA"));
    json_decref(gpu);
}

/* Each instruction set is usable, or its reason is there; what the system hides is a fault. */
static void test_isas(void **state) {
    const mot_cpuid all = {~0u, ~0u, ~0u, 0x600e6, ~0u, 1}, plain = {~0u, ~0u, 0, 0xe6, 0, 0},
                    hidden = {~0u, ~0u, ~0u, 0x06, 0, 0}, none = {0};
    (void)state;
    assert_string_equal(row_in(machine_doctor_isas(&all), "avx512bf16"), "ok: usable");
    assert_string_equal(row_in(machine_doctor_isas(&all), "amx"), "ok: usable");
    const mot_cpuid refused = {~0u, ~0u, ~0u, 0x600e6, ~0u, 0};
    assert_string_equal(row_in(machine_doctor_isas(&refused), "amx"),
                        "warn: the OS refuses this process the tile state (arch_prctl)");
    assert_string_equal(row_in(machine_doctor_isas(&plain), "avx512"), "ok: usable");
    assert_string_equal(row_in(machine_doctor_isas(&plain), "avx512bf16"), "ok: no avx512_bf16 in CPUID");
    assert_string_equal(row_in(machine_doctor_isas(&hidden), "avx2"), "ok: usable");
    assert_string_equal(row_in(machine_doctor_isas(&hidden), "avx512"),
                        "warn: the OS has not enabled the zmm state (XCR0)");
    assert_string_equal(row_in(machine_doctor_isas(&none), "avx2"), "ok: no avx in CPUID");
    for (mot_isa isa = MOT_ISA_AVX2; isa <= MOT_ISA_HIGHEST; isa++)
        assert_non_null(strstr(row_of(mot_isa_name(isa)), mot_cpu_why_not(isa) ? mot_cpu_why_not(isa) : "usable"));
}

/* ---- facts ---- */

/* Every instruction set is either present or has its reason. */
static void expect_isas(const json_t *host) {
    const json_t *present = json_object_get(host, "isa_present"), *why_not = json_object_get(host, "isa_why_not");
    assert_int_equal(json_array_size(present) + json_object_size(why_not), MOT_ISA_HIGHEST);
    for (size_t i = 0; i < json_array_size(present); i++)
        assert_string_equal(json_string_value(json_array_get(present, i)), mot_isa_name(MOT_ISA_SCALAR + (mot_isa)i));
    for (mot_isa isa = mot_cpu_isa() + 1; isa <= MOT_ISA_HIGHEST; isa++)
        assert_string_equal(json_string_value(json_object_get(why_not, mot_isa_name(isa))), mot_cpu_why_not(isa));
}

static void test_host(void **state) {
    static const char *const known[] = {"name",     "cpu",         "vendor", "family", "model",      "stepping",
                                        "isa",      "isa_present", "cores",  "smt",    "numa_nodes", "l1d",
                                        "l2",       "l3",          "memory", "kernel", "os",         "virtualisation",
                                        "governor", "aslr",        "thp",    "load1",  "steal_pct",  "fingerprint"};
    fake_tree_write(*state, "/proc/sys/kernel/hostname", "box\n");
    fake_tree_write(*state, "/proc/sys/kernel/osrelease", "6.1.0-18-amd64\n");
    fake_tree_write(*state, "/etc/os-release", "NAME=x\nPRETTY_NAME=\"Debian GNU/Linux 12\"\n");
    fake_tree_write(*state, "/proc/sys/kernel/randomize_va_space", "1\n");
    fake_tree_write(*state, "/sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
    fake_tree_write(*state, "/proc/loadavg", "1.25 0 0 1/2 3\n");
    json_t *host = machine_host();
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (!json_object_get(host, known[i])) fail_msg("%s is missing", known[i]);
    assert_string_equal(json_string_value(json_object_get(host, "name")), "box");
    assert_string_equal(json_string_value(json_object_get(host, "kernel")), "6.1.0-18-amd64");
    assert_string_equal(json_string_value(json_object_get(host, "os")), "Debian GNU/Linux 12");
    assert_string_equal(json_string_value(json_object_get(host, "aslr")), "partial");
    assert_string_equal(json_string_value(json_object_get(host, "thp")), "madvise");
    assert_float_equal(json_real_value(json_object_get(host, "load1")), 1.25, 0);
    assert_true(json_is_null(json_object_get(host, "governor")));
    assert_true(json_is_null(json_object_get(host, "steal_pct")));
    assert_true(json_integer_value(json_object_get(host, "cores")) >= 1);
    expect_isas(host);
    json_decref(host);
}

/* Whatever the files hold, the text is JSON that another parser takes back unchanged. */
static void expect_round_trip(json_t *json) {
    assert_non_null(json);
    char *text = json_dumps(json, 0);
    assert_non_null(text);
    for (const char *c = text; *c; c++) assert_true((unsigned char)*c >= 0x20);
    json_t *again = json_loads(text, 0, NULL);
    assert_non_null(again);
    assert_true(json_equal(json, again));
    json_decref(again);
    free(text);
}

static void test_hostile(void **state) {
    static const char *const texts[] = {"\x01\x02\x1b[31mred\x7f",
                                        "\"quoted\\ </script>",
                                        "\xff\xfe\xc0\x80",
                                        "\xe2\x82",
                                        "\xed\xa0\x80surrogate",
                                        "\xf8\x88\x80\x80\x80",
                                        "caf\xc3\xa9 \xf0\x9f\x8d\x89",
                                        "\302\23331m",
                                        "nan",
                                        "1e999",
                                        "-inf"};
    static const char *const files[] = {"/proc/sys/kernel/hostname",
                                        "/proc/sys/kernel/osrelease",
                                        "/proc/loadavg",
                                        "/proc/stat",
                                        "/proc/meminfo",
                                        "/proc/cpuinfo",
                                        "/proc/1/cgroup",
                                        "/proc/self/cgroup",
                                        "/sys/class/dmi/id/sys_vendor",
                                        "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor",
                                        "/sys/kernel/mm/transparent_hugepage/enabled",
                                        "/sys/devices/system/clocksource/clocksource0/current_clocksource",
                                        "/proc/sys/kernel/randomize_va_space"};
    for (size_t t = 0; t < sizeof texts / sizeof *texts; t++) {
        char os[128];
        for (size_t f = 0; f < sizeof files / sizeof *files; f++) fake_tree_write(*state, files[f], texts[t]);
        snprintf(os, sizeof os, "PRETTY_NAME=%s\n", texts[t]);
        fake_tree_write(*state, "/etc/os-release", os);
        json_t *host = machine_host(), *doctor = machine_doctor();
        expect_round_trip(host);
        expect_round_trip(doctor);
        json_decref(host);
        json_decref(doctor);
    }
}

static void test_text(void **state) {
    (void)state;
    static const char *const rows[][2] = {{"plain", "plain"},
                                          {"", ""},
                                          {"a\x1b[31mb\n", "a?[31mb?"},
                                          {"caf\xc3\xa9", "caf\xc3\xa9"},
                                          {"\xf0\x9f\x8d\x89", "\xf0\x9f\x8d\x89"},
                                          {"\xc0\xaf", "??"},
                                          {"\xe0\x80\xaf", "???"},
                                          {"\xed\xa0\x80", "???"},
                                          {"\xf4\x90\x80\x80", "????"},
                                          {"cut \xe2\x82", "cut ??"},
                                          {"\xc2\x9b", "??"},
                                          {"\"\\", "\"\\"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        json_t *json = machine_text(rows[i][0]);
        assert_string_equal(json_string_value(json), rows[i][1]);
        json_decref(json);
    }
    assert_true(json_is_null(machine_text(NULL)));
}

static void test_this_machine(void **state) {
    (void)state;
    machine_set_root(NULL);
    json_t *all =
        json_pack("{s:o,s:o,s:o,s:o,s:o,s:o}", "host", machine_host(), "gpu", machine_gpu(), "timer", machine_timer(),
                  "counters", machine_counters(), "libraries", machine_libraries(), "doctor", machine_doctor());
    expect_round_trip(all);
    assert_true(json_array_size(json_object_get(all, "doctor")) >= 14);
    assert_true(json_array_size(json_object_get(json_object_get(all, "counters"), "available")) >= 3);
    assert_true(json_is_string(json_object_get(json_object_get(all, "libraries"), "mot")));
    json_decref(all);
}

#define WITH_TREE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_TREE(test_nothing_known), WITH_TREE(test_grades),     WITH_TREE(test_virtualisation),
        WITH_TREE(test_timer),         WITH_TREE(test_pmu),        WITH_TREE(test_gpu),
        WITH_TREE(test_isas),          WITH_TREE(test_host),       WITH_TREE(test_hostile),
        WITH_TREE(test_this_machine),  cmocka_unit_test(test_text)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
