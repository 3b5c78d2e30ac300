/* rotate.h: memory for timing: huge pages, sets of tensors that rotate so that each call meets cold data. */
#ifndef BENCH_ROTATE_H
#define BENCH_ROTATE_H

#include "kernel.h"

/* One tensor in `copies` identical copies of one rotation; stride 0: it does not rotate. */
typedef struct rotor {
    char *base;
    size_t bytes, stride, copies, mapped;
} rotor;

/* Maps memory (contents undefined) for `copies` copies of `bytes`, each on its own cache lines, and asks for huge pages
 * (a wish: all sides get the same). False: out of memory; the rotor is then empty. bytes = 0 is an empty rotor. */
bool rotor_map(rotor *, size_t bytes, size_t copies);
void rotor_spread(rotor *); /* copies the first into the others */
void rotor_unmap(rotor *);  /* accepts an empty one; the memory is kept for the next rotor_map */
void rotor_release(void);   /* gives back what is kept */
static inline void *rotor_at(const rotor *r, size_t copy) { return r->base + copy * r->stride; }

/* Copies of a set of `set_bytes` that add up to 3 x the last-level cache; a set that large evicts itself: 1. */
size_t rotation_copies(size_t set_bytes, size_t llc_bytes);

/* What this process can still take: MemAvailable, capped by its cgroup's limit. 0: unknown. */
size_t memory_left(void);

#endif
