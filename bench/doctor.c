/* doctor.c: how good this machine is for measuring. Reads only; each check is one function that fills in a finding. */
#include "machine.h"

#include "counters_internal.h"
#include "cpu.h"
#include "machine_files.h"
#include "registry.h"
#include "timer.h"
#include "topology.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef enum grade { OK, WARN, BAD, UNKNOWN } grade;
static const char *const grade_names[] = {"ok", "warn", "bad", "unknown"};

typedef struct finding {
    char found[192];
    const char *advice; /* shown unless the grade is ok */
} finding;

__attribute__((format(printf, 3, 4))) static grade say(finding *f, grade g, const char *format, ...) {
    va_list list;
    va_start(list, format);
    vsnprintf(f->found, sizeof f->found, format, list);
    va_end(list);
    return g;
}

static grade virtualisation(finding *f) {
    char text[96];
    machine_virtualisation(text, sizeof text);
    f->advice = "other guests share the cores: compare only what was measured in one run";
    return say(f, machine_is_virtual() ? WARN : OK, "%s", text);
}

static grade governor(finding *f) {
    char text[64];
    if (!machine_read(text, sizeof text, "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")) {
        f->advice = "nothing to do here; the clock may change under the measurements";
        return say(f, UNKNOWN, "no cpufreq: the host or the firmware decides");
    }
    f->advice = "sudo cpupower frequency-set -g performance";
    return say(f, strcmp(text, "performance") == 0 ? OK : WARN, "%s", text);
}

static grade turbo(finding *f) {
    double value;
    f->advice = "fixed clocks vary less: echo 1 | sudo tee /sys/devices/system/cpu/intel_pstate/no_turbo";
    if (machine_number(&value, "/sys/devices/system/cpu/intel_pstate/no_turbo"))
        return value == 1 ? say(f, OK, "off") : say(f, WARN, "on");
    f->advice = "fixed clocks vary less: echo 0 | sudo tee /sys/devices/system/cpu/cpufreq/boost";
    if (machine_number(&value, "/sys/devices/system/cpu/cpufreq/boost"))
        return value == 0 ? say(f, OK, "off") : say(f, WARN, "on");
    f->advice = "nothing to do here; the clock may change under the measurements";
    return say(f, UNKNOWN, "no switch for it in /sys");
}

static grade smt(finding *f) {
    double active;
    topology t;
    f->advice = "threads are pinned one per core; keep other work off their siblings";
    if (machine_number(&active, "/sys/devices/system/cpu/smt/active"))
        return active == 0 ? say(f, OK, "off") : say(f, WARN, "on: siblings share their core");
    if (!topology_load(&t)) return say(f, UNKNOWN, "the topology cannot be read");
    return say(f, t.smt == 1 ? OK : WARN, "%d thread%s per core", t.smt, t.smt == 1 ? "" : "s");
}

static grade load(finding *f) {
    double one;
    const int cpus = mot_cpu_threads();
    f->advice = "end other work and wait a minute";
    if (!machine_number(&one, "/proc/loadavg")) return say(f, UNKNOWN, "no /proc/loadavg");
    return say(f,
               one < 0.1 * cpus    ? OK
               : one < 0.75 * cpus ? WARN
                                   : BAD,
               "%.2f in the last minute on %d CPUs", one, cpus);
}

static grade pressure(finding *f) {
    double stalled;
    f->advice = "tasks wait for a CPU: end other work, or use fewer threads";
    if (!machine_keyed(&stalled, "/proc/pressure/cpu", "some avg10=")) return say(f, UNKNOWN, "no /proc/pressure");
    return say(f, stalled < 1 ? OK : stalled < 20 ? WARN : BAD, "tasks waited %.1f %% of the last 10 s", stalled);
}

static grade steal(finding *f) {
    const double percent = machine_steal_percent();
    f->advice = "the host runs others on these cores: use a dedicated machine";
    if (percent < 0) return say(f, UNKNOWN, "no steal time in /proc/stat");
    return say(f, percent < 0.1 ? OK : percent < 2 ? WARN : BAD, "%.2f %% since boot", percent);
}

static grade cgroup_quota(finding *f) {
    const double quota = mot_cpu_quota(machine_root());
    f->advice = "threads are stopped when the quota is used up: raise it (docker run --cpus) or use fewer threads";
    if (quota == 0) return say(f, OK, "none");
    return say(f, quota < 1 ? BAD : quota < mot_cpu_allowed() ? WARN : OK, "%.2f CPUs of %d", quota, mot_cpu_allowed());
}

static grade timer(finding *f) {
    char source[64] = "unknown";
    const timer_facts t = timer_validate();
    machine_read(source, sizeof source, "/sys/devices/system/clocksource/clocksource0/current_clocksource");
    f->advice = "a clock source that traps is slow: boot with clocksource=tsc if the TSC is stable";
    if (!t.usable) return say(f, BAD, "%s: %s", t.name, t.reason);
    const bool slow = t.overhead_ns > 200 || t.resolution_ns > 1000;
    return say(f, slow ? WARN : OK, "%s on %s, resolution %.0f ns, overhead %.0f ns", t.name, source, t.resolution_ns,
               t.overhead_ns);
}

static grade thp(finding *f) {
    char text[128];
    f->advice = "echo madvise | sudo tee /sys/kernel/mm/transparent_hugepage/enabled";
    if (!machine_read(text, sizeof text, "/sys/kernel/mm/transparent_hugepage/enabled"))
        return say(f, UNKNOWN, "this kernel has none");
    return say(f, strstr(text, "[never]") ? WARN : strchr(text, '[') ? OK : UNKNOWN, "%s", text);
}

static grade aslr(finding *f) {
    double level;
    f->advice = "addresses differ from process to process: repeat the process, or run it under setarch -R";
    if (!machine_number(&level, "/proc/sys/kernel/randomize_va_space"))
        return say(f, UNKNOWN, "no /proc/sys/kernel/randomize_va_space");
    return say(f, level == 0 ? OK : WARN, level == 0 ? "off" : "on");
}

static grade pmu(finding *f) {
    const char *no = perf_why_not();
    f->advice = "time and software counters work; for the rest do what the reason says, or use a machine with a PMU";
    return say(f, no ? WARN : OK, "%s", no ? no : "hardware counters can be opened");
}

static grade swap(finding *f) {
    double total = 0, left = 0;
    f->advice = "sudo swapoff -a, or free memory first";
    if (!machine_keyed(&total, "/proc/meminfo", "SwapTotal:") || !machine_keyed(&left, "/proc/meminfo", "SwapFree:"))
        return say(f, UNKNOWN, "no swap in /proc/meminfo");
    if (total == 0) return say(f, OK, "none");
    return say(f, left < total ? WARN : OK, "%.0f MiB of %.0f used", (total - left) / 1024, total / 1024);
}

static grade numa(finding *f) {
    double balancing = 0;
    topology t;
    f->advice = "pages wander between nodes: sudo sysctl kernel.numa_balancing=0";
    if (!topology_load(&t)) return say(f, UNKNOWN, "the topology cannot be read");
    machine_number(&balancing, "/proc/sys/kernel/numa_balancing");
    return say(f, t.numa_nodes > 1 && balancing != 0 ? WARN : OK, "%d node%s%s", t.numa_nodes,
               t.numa_nodes == 1 ? "" : "s", balancing != 0 ? ", balancing on" : "");
}

static grade gpu(finding *f) {
    json_t *facts = machine_gpu();
    const char *reason = json_string_value(json_object_get(facts, "reason"));
    const char *name = json_string_value(json_object_get(facts, "name"));
    const char *unused = json_string_value(json_object_get(facts, "kernels_reason"));
    f->advice = "cmake --preset cuda builds them; MOT_CUDA_MODULE names a libmot_cuda.so";
    const grade g = reason ? say(f, OK, "%s", reason)
                           : say(f, unused ? WARN : OK, "%s%s%s", name ? name : "present",
                                 unused ? "; CUDA kernels are skipped: " : "", unused ? unused : "");
    json_decref(facts);
    return g;
}

static const struct {
    const char *name;
    grade (*check)(finding *);
} checks[] = {{"virtualisation", virtualisation},
              {"governor", governor},
              {"turbo", turbo},
              {"smt", smt},
              {"load", load},
              {"pressure", pressure},
              {"steal", steal},
              {"cgroup quota", cgroup_quota},
              {"timer", timer},
              {"thp", thp},
              {"aslr", aslr},
              {"pmu", pmu},
              {"swap", swap},
              {"numa", numa},
              {"gpu", gpu}};

static void add_row(json_t *rows, const char *name, grade g, const finding *f) {
    json_t *row = json_object();
    json_object_set_new(row, "name", json_string(name));
    json_object_set_new(row, "grade", json_string(grade_names[g]));
    json_object_set_new(row, "found", machine_text(f->found));
    json_object_set_new(row, "advice", json_string(g == OK ? "" : f->advice));
    json_array_append_new(rows, row);
}

/* What the processor does not have is no fault of the machine; what its system hides is. */
json_t *machine_doctor_isas(const mot_cpuid *id) {
    json_t *rows = json_array();
    for (mot_isa isa = MOT_ISA_AVX2; isa <= MOT_ISA_HIGHEST; isa++) {
        const char *no = mot_cpu_why_not_on(id, isa);
        finding f = {"", "boot the kernel without noxsave and clearcpuid=, or let the hypervisor pass the state on"};
        const grade g = say(&f, no && !strncmp(no, "the OS", 6) ? WARN : OK, "%s", no ? no : "usable");
        add_row(rows, mot_isa_name(isa), g, &f);
    }
    return rows;
}

json_t *machine_doctor(void) {
    const mot_cpuid id = mot_cpu_read();
    json_t *rows = machine_doctor_isas(&id);
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
        finding f = {"", ""};
        const grade g = checks[i].check(&f);
        add_row(rows, checks[i].name, g, &f);
    }
    return rows;
}
