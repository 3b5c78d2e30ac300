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
} topology;
bool topology_load(topology *);
const char *topology_provider(void); /* "hwloc 2.9.0" */
/* Pins the OpenMP threads 0..threads-1 (or this thread if 1) to one core each and verifies; false: reason in error. */
bool topology_pin(const topology *, int threads, char *error, size_t error_size);
bool topology_verify(const topology *, int threads); /* still where they were put */
void topology_unpin(void);

#endif
