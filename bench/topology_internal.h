/* topology_internal.h: shared by the providers, and the seams of their tests. */
#ifndef BENCH_TOPOLOGY_INTERNAL_H
#define BENCH_TOPOLOGY_INTERNAL_H

#include "topology.h"

#include <sched.h>

/* The affinity mask of this thread, or the one it had before topology_pin. */
bool topology_allowed(cpu_set_t *);
/* Fills in what the providers share: threads. `quota` as mot_cpu_quota. */
void topology_finish(topology *, double quota);

/* topology_hwloc.c: from a synthetic description ("node:2 core:4 pu:2") or an XML file. allowed NULL: everything. */
bool topology_from_description(topology *, const char *text, const cpu_set_t *allowed);
/* topology_sched.c: from the /sys below root. */
bool topology_from_sysfs(topology *, const char *root, const cpu_set_t *allowed);

#endif
