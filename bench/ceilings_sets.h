/* ceilings_sets.h: how much memory each thread goes through, so that exactly one level of the hierarchy answers. */
#ifndef BENCH_CEILINGS_SETS_H
#define BENCH_CEILINGS_SETS_H

#include "topology.h"

/* Bytes per thread; 0 where the level cannot be told from its neighbours. level: 1 to 3. */
size_t ceilings_cache_set(const topology *, int level, int threads);
size_t ceilings_dram_set(const topology *, int threads); /* capped by what memory there is */

#endif
