/* machine.c: the facts of the host as JSON. */
#include "machine.h"

#include "counters.h"
#include "cpu.h"
#include "machine_files.h"
#include "registry.h"
#include "timer.h"
#include "topology.h"

#include <gnu/libc-version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Length of the valid UTF-8 sequence at p (of at most left bytes) that is no control character, else 0. */
static size_t sequence(const unsigned char *p, size_t left) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const size_t n = *p < 0x80 ? 1 : *p >> 5 == 6 ? 2 : *p >> 4 == 14 ? 3 : *p >> 3 == 30 ? 4 : 0;
    if (n == 0 || n > left) return 0;
    uint32_t code = n == 1 ? *p : *p & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if (p[i] >> 6 != 2) return 0;
        code = code << 6 | (p[i] & 63);
    }
    const bool control = code < 0x20 || (code >= 0x7f && code < 0xa0);
    const bool surrogate = code >= 0xd800 && code < 0xe000;
    return control || surrogate || code < least[n] || code > 0x10ffff ? 0 : n;
}

json_t *machine_text(const char *text) {
    if (!text) return json_null();
    const size_t size = strlen(text);
    char *clean = malloc(size + 1);
    if (!clean) return NULL;
    for (size_t i = 0, n; i < size; i += n) {
        n = sequence((const unsigned char *)text + i, size - i);
        memcpy(clean + i, n ? text + i : "?", n ? n : 1);
        if (n == 0) n = 1;
    }
    json_t *json = json_stringn(clean, size);
    free(clean);
    return json;
}

/* ---- small sources, each null where there is nothing ---- */

static json_t *file_text(const char *path) {
    char text[256];
    return machine_read(text, sizeof text, path) ? machine_text(text) : json_null();
}

static json_t *number_or_null(double value, bool known) { return known ? json_real(value) : json_null(); }
static json_t *size_or_null(size_t bytes) { return bytes ? json_integer((json_int_t)bytes) : json_null(); }

/* PRETTY_NAME="Debian GNU/Linux 12 (bookworm)" */
static json_t *os_name(void) {
    char text[4096], name[256];
    if (!machine_read(text, sizeof text, "/etc/os-release")) return json_null();
    const char *key = strstr(text, "PRETTY_NAME=");
    if (!key || sscanf(key, "PRETTY_NAME=\"%255[^\"\n]", name) + sscanf(key, "PRETTY_NAME=%255[^\"\n]", name) < 1)
        return json_null();
    return machine_text(name);
}

static json_t *aslr(void) {
    double level;
    if (!machine_number(&level, "/proc/sys/kernel/randomize_va_space")) return json_null();
    return json_string(level >= 2 ? "full" : level >= 1 ? "partial" : "off");
}

/* The chosen one of "always [madvise] never". */
static json_t *transparent_huge_pages(void) {
    char text[256], chosen[32];
    if (!machine_read(text, sizeof text, "/sys/kernel/mm/transparent_hugepage/enabled")) return json_null();
    const char *open = strchr(text, '[');
    return open && sscanf(open, "[%31[a-z]]", chosen) == 1 ? json_string(chosen) : json_null();
}

static json_t *load1(void) {
    double load = 0;
    const bool known = machine_number(&load, "/proc/loadavg");
    return number_or_null(load, known);
}

static json_t *isas(bool usable) {
    json_t *list = usable ? json_array() : json_object();
    for (mot_isa isa = MOT_ISA_SCALAR; isa <= MOT_ISA_HIGHEST; isa++) {
        const char *no = mot_cpu_why_not(isa);
        if (usable && !no) json_array_append_new(list, json_string(mot_isa_name(isa)));
        if (!usable && no) json_object_set_new(list, mot_isa_name(isa), json_string(no));
    }
    return list;
}

/* ---- the objects ---- */

static void add_cpu(json_t *host) {
    mot_cpu_facts cpu;
    char fingerprint[192];
    mot_cpu_describe(&cpu);
    mot_cpu_fingerprint(fingerprint, sizeof fingerprint);
    json_object_set_new(host, "cpu", machine_text(cpu.brand));
    json_object_set_new(host, "vendor", machine_text(cpu.vendor));
    json_object_set_new(host, "family", json_integer(cpu.family));
    json_object_set_new(host, "model", json_integer(cpu.model));
    json_object_set_new(host, "stepping", json_integer(cpu.stepping));
    json_object_set_new(host, "isa", json_string(mot_isa_name(mot_cpu_isa())));
    json_object_set_new(host, "isa_present", isas(true));
    json_object_set_new(host, "isa_why_not", isas(false));
    json_object_set_new(host, "fingerprint", machine_text(fingerprint));
}

static void add_topology(json_t *host) {
    topology t;
    if (!topology_load(&t)) memset(&t, 0, sizeof t);
    json_object_set_new(host, "cores", size_or_null((size_t)t.cores));
    json_object_set_new(host, "threads", size_or_null((size_t)t.threads));
    json_object_set_new(host, "core_kinds", size_or_null((size_t)t.core_kinds));
    json_object_set_new(host, "smt", size_or_null((size_t)t.smt));
    json_object_set_new(host, "packages", size_or_null((size_t)t.packages));
    json_object_set_new(host, "numa_nodes", size_or_null((size_t)t.numa_nodes));
    json_object_set_new(host, "l1d", size_or_null(t.l1d));
    json_object_set_new(host, "l2", size_or_null(t.l2));
    json_object_set_new(host, "l3", size_or_null(t.l3));
    json_object_set_new(host, "memory", size_or_null(t.memory));
}

static void add_system(json_t *host) {
    char text[96];
    const double quota = mot_cpu_quota(machine_root()), steal = machine_steal_percent();
    machine_virtualisation(text, sizeof text);
    json_object_set_new(host, "kernel", file_text("/proc/sys/kernel/osrelease"));
    json_object_set_new(host, "os", os_name());
    json_object_set_new(host, "virtualisation", machine_text(text));
    json_object_set_new(host, "quota_cpus", number_or_null(quota, quota > 0));
    json_object_set_new(host, "governor", file_text("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"));
    json_object_set_new(host, "aslr", aslr());
    json_object_set_new(host, "thp", transparent_huge_pages());
    json_object_set_new(host, "load1", load1());
    json_object_set_new(host, "steal_pct", number_or_null(steal, steal >= 0));
}

json_t *machine_host(void) {
    json_t *host = json_object();
    json_object_set_new(host, "name", file_text("/proc/sys/kernel/hostname"));
    add_cpu(host);
    add_topology(host);
    add_system(host);
    return host;
}

json_t *machine_timer(void) {
    const timer_facts facts = timer_validate();
    json_t *timer = json_object();
    json_object_set_new(timer, "name", json_string(facts.name));
    json_object_set_new(timer, "resolution_ns", number_or_null(facts.resolution_ns, facts.resolution_ns > 0));
    json_object_set_new(timer, "overhead_ns", number_or_null(facts.overhead_ns, facts.overhead_ns > 0));
    json_object_set_new(timer, "tsc_ghz", number_or_null(facts.tsc_ghz, facts.tsc_ghz > 0));
    json_object_set_new(timer, "usable", json_boolean(facts.usable));
    json_object_set_new(timer, "reason", facts.usable ? json_null() : json_string(facts.reason));
    return timer;
}

json_t *machine_counters(void) {
    json_t *counters = json_object(), *available = json_array();
    for (size_t i = 0; i < counters_known(); i++)
        if (!counters_why_not(counters_known_name(i)))
            json_array_append_new(available, machine_text(counters_known_name(i)));
    json_object_set_new(counters, "provider", machine_text(counters_provider()));
    json_object_set_new(counters, "available", available);
    json_object_set_new(counters, "reason", machine_text(counters_why_not("PAPI_TOT_CYC")));
    return counters;
}

/* "hwloc 2.9.0" is an entry; "… (built without hwloc)" is none. */
static void add_library(json_t *libraries, const char *name, const char *provider) {
    const size_t n = strlen(name);
    if (strncmp(provider, name, n) == 0 && provider[n] == ' ')
        json_object_set_new(libraries, name, machine_text(provider + n + 1));
}

json_t *machine_libraries(void) {
    json_t *libraries = json_object();
    json_object_set_new(libraries, "mot", json_string(mot_version_string()));
    json_object_set_new(libraries, "glibc", machine_text(gnu_get_libc_version()));
    json_object_set_new(libraries, "jansson", json_string(JANSSON_VERSION));
    add_library(libraries, "hwloc", topology_provider());
    add_library(libraries, "PAPI", counters_provider());
    return libraries;
}
