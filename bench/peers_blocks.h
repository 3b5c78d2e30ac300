/* peers_blocks.h: units of work for peers that pack weights: blocks of rows of one expert, as few as share evenly,
 * since each block reads the expert's weights once more. */
#ifndef BENCH_PEERS_BLOCKS_H
#define BENCH_PEERS_BLOCKS_H

#include "kernel.h"

/* Rows of every block of an expert but the last; 1 where there are none. */
static inline size_t block_rows(const mot_shape *s, size_t most) {
    enum { ENOUGH_UNITS = 8, LEAST_ROWS = 16 };
    size_t rows = s->groups < most ? s->groups : most;
    while (rows > LEAST_ROWS && s->experts * ((s->groups + rows - 1) / rows) < ENOUGH_UNITS) rows = (rows + 1) / 2;
    return rows ? rows : 1;
}

static inline size_t block_count(const mot_shape *s, size_t most) {
    return (s->groups + block_rows(s, most) - 1) / block_rows(s, most);
}

/* A unit's expert, its first row, how many rows it has, and where they begin in mixed and y. */
typedef struct block {
    size_t expert, first, rows, at;
} block;

static inline block block_of(const mot_shape *s, size_t most, size_t unit) {
    const size_t count = block_count(s, most), rows = block_rows(s, most);
    const size_t expert = unit / count, first = unit % count * rows, left = s->groups - first;
    return (block){expert, first, rows < left ? rows : left, (expert * s->groups + first) * s->d_model};
}

#endif
