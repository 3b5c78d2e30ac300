#include "ceilings_sets.h"

#include "machine_files.h"
#include "peak.h"

enum { MIB = 1 << 20 };

static size_t round_down(size_t bytes) { return bytes / (2 * PEAK_BLOCK) * (2 * PEAK_BLOCK); }

static int cores_per_l3(const topology *t) {
    return t->l3_count > 0 ? (t->cores + t->l3_count - 1) / t->l3_count : t->cores;
}

/* Half the level; L1 and L2 belong to a core, L3 is shared. Outside of L2 a set must not fit into it. */
size_t ceilings_cache_set(const topology *t, int level, int threads) {
    const int per_core = threads > t->cores ? t->smt : 1;
    const int sharers = threads < cores_per_l3(t) ? threads : cores_per_l3(t) * per_core;
    if (level == 1) return round_down(t->l1d / 2 / (size_t)per_core);
    if (level == 2) return round_down(t->l2 / 2 / (size_t)per_core);
    const size_t half = t->l3 / 2 / (size_t)sharers, least = 2 * t->l2;
    const size_t set = half > least ? half : least;
    return t->l3 && set * (size_t)sharers <= t->l3 ? round_down(set) : 0;
}

static size_t dram_total(const topology *t, int threads) {
    const int reached = (threads + cores_per_l3(t) - 1) / cores_per_l3(t);
    const size_t total = 4 * t->l3 * (size_t)(reached > 0 ? reached : 1);
    return total > 64 * MIB ? total : 64 * MIB;
}

/* Memory that is not there is not taken, and a set that the last-level cache holds is not DRAM. */
size_t ceilings_dram_set(const topology *t, int threads) {
    const size_t wanted = dram_total(t, threads), cap = (size_t)(machine_memory_available() / 4);
    const size_t total = wanted < cap ? wanted : cap;
    return total >= wanted / 2 ? round_down(total / (size_t)threads) : 0;
}
