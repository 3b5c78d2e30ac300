/* measure_order.h: who goes when: rounds of random Latin squares, so that everybody takes every place equally often. */
#ifndef BENCH_MEASURE_ORDER_H
#define BENCH_MEASURE_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct latin {
    size_t n, round;
    size_t *row, *column, *symbol; /* three permutations; new ones every n rounds */
    uint64_t random;
} latin;

bool latin_start(latin *, size_t n, uint64_t seed); /* false: out of memory */
void latin_round(latin *, size_t *order);           /* the next round: a permutation of 0..n-1 */
void latin_end(latin *);

#endif
