/* data_random.h: counter-based random words (Philox 4x32-10): the same on any machine, in any order. */
#ifndef BENCH_DATA_RANDOM_H
#define BENCH_DATA_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* Words first, first + 1, … of one of 2^64 streams. */
void random_words(uint64_t seed, uint64_t stream, uint64_t first, size_t n, uint32_t *word);

#endif
