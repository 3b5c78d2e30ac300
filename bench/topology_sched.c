/* topology_sched.c: without hwloc: the affinity mask and what /sys says of each CPU. */
#include "topology_internal.h"

#include "cpu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *topology_provider(void) { return "sched_getaffinity and sysfs (built without hwloc)"; }

/* First line of <root>/sys/devices/system/cpu/cpu<cpu>/<name>; false if there is none. */
static bool cpu_word(char *buf, size_t size, const char *root, int cpu, const char *name) {
    char path[512];
    snprintf(path, sizeof path, "%s/sys/devices/system/cpu/cpu%d/%s", root, cpu, name);
    FILE *f = fopen(path, "re");
    if (!f) return false;
    const bool ok = fgets(buf, (int)size, f) != NULL;
    fclose(f);
    return ok;
}

static int cpu_number(const char *root, int cpu, const char *name, int otherwise) {
    char text[64], *end;
    if (!cpu_word(text, sizeof text, root, cpu, name)) return otherwise;
    const long value = strtol(text, &end, 10);
    return end == text || value < 0 ? otherwise : (int)value;
}

/* Node of a CPU: the kernel puts a link or folder node<n> beside its topology. */
static int node_of(const char *root, int cpu) {
    char path[512];
    for (int node = 0; node < 64; node++) {
        snprintf(path, sizeof path, "%s/sys/devices/system/cpu/cpu%d/node%d", root, cpu, node);
        if (access(path, F_OK) == 0) return node;
    }
    return 0;
}

typedef struct pu {
    int cpu, core, package, node, l3, speed; /* speed: the kernel's capacity of the CPU, equal on symmetric machines */
    int turn;                                /* 0: first of its core, 1: its sibling, … */
} pu;

static pu read_pu(const char *root, int cpu) {
    char shared[64] = "";
    pu p = {.cpu = cpu, .core = cpu_number(root, cpu, "topology/core_id", cpu)};
    p.package = cpu_number(root, cpu, "topology/physical_package_id", 0);
    p.node = node_of(root, cpu);
    p.speed = cpu_number(root, cpu, "cpu_capacity", cpu_number(root, cpu, "cpufreq/cpuinfo_max_freq", 0));
    p.l3 = cpu_word(shared, sizeof shared, root, cpu, "cache/index3/shared_cpu_list") ? atoi(shared) : p.package;
    return p;
}

static int by_turn(const void *left, const void *right) {
    const pu *a = left, *b = right;
    if (a->turn != b->turn) return a->turn - b->turn;
    if (a->node != b->node) return a->node - b->node;
    return a->cpu - b->cpu;
}

/* Boosted cores differ by a few percent within one kind; kinds differ by far more. */
static int keep_fastest(pu *p, int count, int *kinds) {
    int fastest = 0, kept = 0;
    for (int i = 0; i < count; i++) fastest = p[i].speed > fastest ? p[i].speed : fastest;
    for (int i = 0; i < count; i++)
        if (p[i].speed >= fastest - fastest / 6) p[kept++] = p[i];
    *kinds = kept < count ? 2 : 1;
    return kept;
}

static void count_up(const pu *p, int count, topology *t) {
    for (int i = 0; i < count; i++) {
        bool package = true, node = true, l3 = true;
        for (int j = 0; j < i; j++) {
            package &= p[i].package != p[j].package;
            node &= p[i].node != p[j].node;
            l3 &= p[i].l3 != p[j].l3;
        }
        t->packages += package, t->numa_nodes += node, t->l3_count += l3;
        t->cores += p[i].turn == 0;
        if (p[i].turn >= t->smt) t->smt = p[i].turn + 1;
        t->cpu[t->cpu_count++] = p[i].cpu;
    }
    t->pus = count;
}

bool topology_from_sysfs(topology *t, const char *root, const cpu_set_t *allowed) {
    static pu p[CPU_SETSIZE];
    mot_cpu_facts facts;
    int count = 0;
    memset(t, 0, sizeof *t);
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, allowed)) p[count++] = read_pu(root, cpu);
    count = keep_fastest(p, count, &t->core_kinds);
    for (int i = 0; i < count; i++)
        for (int j = 0; j < i; j++) p[i].turn += p[j].core == p[i].core && p[j].package == p[i].package;
    qsort(p, (size_t)count, sizeof *p, by_turn);
    count_up(p, count, t);
    mot_cpu_describe(&facts);
    t->l1d = facts.l1d, t->l2 = facts.l2, t->l3 = facts.l3;
    t->memory = (size_t)sysconf(_SC_PHYS_PAGES) * (size_t)sysconf(_SC_PAGESIZE);
    topology_finish(t, mot_cpu_quota(root));
    return count > 0;
}

bool topology_load(topology *t) {
    cpu_set_t allowed;
    return topology_allowed(&allowed) && topology_from_sysfs(t, "", &allowed);
}
