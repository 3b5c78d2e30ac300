/* topology_hwloc.c: the only file that includes hwloc's header. */
#include "topology_internal.h"

#include "cpu.h"

#include <hwloc.h>
#include <hwloc/glibc-sched.h>
#include <string.h>
#include <unistd.h>

const char *topology_provider(void) {
    return "hwloc " BENCH_HWLOC_VERSION; /* from the build: the library has no call for its release */
}

/* The PUs of the fastest kind of core; of the most numerous where the kernel doesn't rank them. */
static void keep_one_kind(hwloc_topology_t h, hwloc_bitmap_t usable, int *kinds) {
    const int count = hwloc_cpukinds_get_nr(h, 0);
    hwloc_bitmap_t best = hwloc_bitmap_dup(usable), kind = hwloc_bitmap_alloc();
    int best_rank = -2, best_pus = 0;
    *kinds = 0;
    for (int i = 0; i < count; i++) {
        int rank;
        if (hwloc_cpukinds_get_info(h, (unsigned)i, kind, &rank, NULL, NULL, 0)) continue;
        hwloc_bitmap_and(kind, kind, usable);
        const int pus = hwloc_bitmap_weight(kind);
        if (pus < 1) continue;
        ++*kinds;
        if (rank < best_rank || (rank == best_rank && pus <= best_pus)) continue;
        best_rank = rank, best_pus = pus;
        hwloc_bitmap_copy(best, kind);
    }
    if (*kinds == 0) *kinds = 1;
    hwloc_bitmap_copy(usable, best);
    hwloc_bitmap_free(best);
    hwloc_bitmap_free(kind);
}

/* Objects of a type that have at least one usable PU; 0 where the topology has no such level. */
static int count_in(hwloc_topology_t h, hwloc_obj_type_t type, hwloc_const_bitmap_t usable) {
    int count = 0;
    for (hwloc_obj_t o = NULL; (o = hwloc_get_next_obj_by_type(h, type, o));)
        count += hwloc_bitmap_intersects(o->cpuset, usable);
    return count;
}

static size_t cache_size(hwloc_topology_t h, hwloc_obj_type_t type, hwloc_const_bitmap_t usable) {
    for (hwloc_obj_t o = NULL; (o = hwloc_get_next_obj_by_type(h, type, o));)
        if (hwloc_bitmap_intersects(o->cpuset, usable)) return o->attr->cache.size;
    return 0;
}

/* One more PU of every core that still has one in `rest`. */
static void take_one_per_core(hwloc_topology_t h, hwloc_obj_type_t type, hwloc_bitmap_t rest, topology *t) {
    const int room = (int)(sizeof t->cpu / sizeof *t->cpu);
    hwloc_bitmap_t left = hwloc_bitmap_alloc();
    for (hwloc_obj_t core = NULL; (core = hwloc_get_next_obj_by_type(h, type, core));) {
        hwloc_bitmap_and(left, core->cpuset, rest);
        const int pu = hwloc_bitmap_first(left);
        if (pu < 0) continue;
        hwloc_bitmap_clr(rest, (unsigned)pu);
        if (t->cpu_count < room && pu < CPU_SETSIZE) t->cpu[t->cpu_count++] = pu;
    }
    hwloc_bitmap_free(left);
}

/* hwloc's order fills a NUMA node before the next one. */
static void list_pus(hwloc_topology_t h, hwloc_const_bitmap_t usable, topology *t) {
    const hwloc_obj_type_t type = hwloc_get_nbobjs_by_type(h, HWLOC_OBJ_CORE) > 0 ? HWLOC_OBJ_CORE : HWLOC_OBJ_PU;
    hwloc_bitmap_t rest = hwloc_bitmap_dup(usable);
    int before = -1;
    while (t->cpu_count > before && !hwloc_bitmap_iszero(rest)) {
        before = t->cpu_count;
        take_one_per_core(h, type, rest, t);
        if (t->smt++ == 0) t->cores = t->cpu_count;
    }
    hwloc_bitmap_free(rest);
}

static void describe(hwloc_topology_t h, const cpu_set_t *allowed, topology *t) {
    hwloc_bitmap_t usable = hwloc_bitmap_dup(hwloc_topology_get_allowed_cpuset(h)), mask = hwloc_bitmap_alloc();
    memset(t, 0, sizeof *t);
    if (allowed && hwloc_cpuset_from_glibc_sched_affinity(h, mask, allowed, sizeof *allowed) == 0)
        hwloc_bitmap_and(usable, usable, mask);
    keep_one_kind(h, usable, &t->core_kinds);
    list_pus(h, usable, t);
    t->pus = hwloc_bitmap_weight(usable);
    t->packages = count_in(h, HWLOC_OBJ_PACKAGE, usable);
    t->numa_nodes = count_in(h, HWLOC_OBJ_NUMANODE, usable);
    t->l1d = cache_size(h, HWLOC_OBJ_L1CACHE, usable);
    t->l2 = cache_size(h, HWLOC_OBJ_L2CACHE, usable);
    t->l3 = cache_size(h, HWLOC_OBJ_L3CACHE, usable);
    t->l3_count = count_in(h, HWLOC_OBJ_L3CACHE, usable);
    t->memory = hwloc_get_root_obj(h)->total_memory;
    if (t->packages == 0) t->packages = 1;
    hwloc_bitmap_free(mask);
    hwloc_bitmap_free(usable);
}

static bool load(hwloc_topology_t h, const cpu_set_t *allowed, topology *t) {
    if (hwloc_topology_load(h)) return false;
    describe(h, allowed, t);
    return t->cpu_count > 0;
}

bool topology_load(topology *t) {
    cpu_set_t allowed;
    hwloc_topology_t h;
    if (!topology_allowed(&allowed) || hwloc_topology_init(&h)) return false;
    const bool ok = load(h, &allowed, t);
    hwloc_topology_destroy(h);
    if (!ok) return false;
    t->memory =
        (size_t)sysconf(_SC_PHYS_PAGES) * (size_t)sysconf(_SC_PAGESIZE); /* nodes leave out hot-plugged memory */
    topology_finish(t, mot_cpu_quota(""));
    return true;
}

bool topology_from_description(topology *t, const char *text, const cpu_set_t *allowed) {
    hwloc_topology_t h;
    if (hwloc_topology_init(&h)) return false;
    const bool xml = strstr(text, ".xml") != NULL;
    const bool set = (xml ? hwloc_topology_set_xml(h, text) : hwloc_topology_set_synthetic(h, text)) == 0;
    const bool ok = set && load(h, allowed, t);
    hwloc_topology_destroy(h);
    if (ok) topology_finish(t, 0);
    return ok;
}
