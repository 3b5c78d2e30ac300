/* topology.h: cores, caches and pinning (topology_hwloc.c, or topology_sched.c without hwloc). */
#ifndef BENCH_TOPOLOGY_H
#define BENCH_TOPOLOGY_H

#include <stdbool.h>
#include <stddef.h>

typedef struct topology {
    int packages, cores, pus, numa_nodes; /* that this process may use */
    int smt;                              /* threads per core */
    size_t l1d, l2, l3;                   /* bytes; 0 unknown */
    size_t memory;                        /* bytes */
    int cpu[1024];                        /* one allowed PU per core, best first; then the siblings */
    int cpu_count;
    int core_kinds; /* > 1 on hybrid processors; all counts above are of the fastest kind alone */
    int l3_count;   /* instances of the last-level cache under these cores */
    int threads;    /* worth starting: cores, capped by ceil(cgroup quota) */
} topology;
/* What the process may use: the affinity it had before topology_pin, within the cgroup's cpuset. */
bool topology_load(topology *);
const char *topology_provider(void); /* "hwloc 2.9.0" */
/* Pins libmot's threads 0..threads-1 (this thread if 1) to one core each, siblings only when cores run out, and
 * verifies; false: reason in error, and nothing stays pinned. */
bool topology_pin(const topology *, int threads, char *error, size_t error_size);
bool topology_verify(const topology *, int threads); /* still where they were put */
void topology_unpin(void);

#endif
