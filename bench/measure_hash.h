/* measure_hash.h: xxHash behind one function each. */
#ifndef BENCH_MEASURE_HASH_H
#define BENCH_MEASURE_HASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t hash_memory(const void *data, size_t bytes); /* XXH3: fast on outputs */
uint64_t hash_name(const char *text);                 /* XXH64 with seed 0: any tool can compute it again */

#endif
