#define XXH_INLINE_ALL
#include <xxhash.h>

#include "measure_hash.h"

#include <string.h>

uint64_t hash_memory(const void *data, size_t bytes) { return XXH3_64bits(data, bytes); }
uint64_t hash_name(const char *text) { return XXH64(text, strlen(text), 0); }
