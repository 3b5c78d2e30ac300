#include "measure_order.h"

#include <stdlib.h>

/* SplitMix64: an order needs no better randomness. */
static uint64_t next_random(uint64_t *state) {
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static void shuffle(size_t *v, size_t n, uint64_t *random) {
    for (size_t i = 0; i < n; i++) v[i] = i;
    for (size_t i = n; i > 1; i--) {
        const size_t j = (size_t)(next_random(random) % i), t = v[j];
        v[j] = v[i - 1];
        v[i - 1] = t;
    }
}

bool latin_start(latin *l, size_t n, uint64_t seed) {
    *l = (latin){.n = n, .row = calloc(3 * n, sizeof *l->row), .random = seed};
    if (!l->row) return false;
    l->column = l->row + n;
    l->symbol = l->column + n;
    return true;
}

void latin_end(latin *l) { free(l->row); }

/* A cyclic square with rows, columns and symbols shuffled. */
void latin_round(latin *l, size_t *order) {
    const size_t at = l->round++ % l->n;
    if (at == 0) {
        shuffle(l->row, l->n, &l->random);
        shuffle(l->column, l->n, &l->random);
        shuffle(l->symbol, l->n, &l->random);
    }
    for (size_t i = 0; i < l->n; i++) order[i] = l->symbol[(l->row[at] + l->column[i]) % l->n];
}
