/* peers_parts.h: what a peer needs whatever its library and data type. Who includes it has defined LIBRARY. */
#ifndef BENCH_PEERS_PARTS_H
#define BENCH_PEERS_PARTS_H

#include "kernel.h"

#include <limits.h>
#include <math.h>
#include <string.h>

static inline size_t least(size_t a, size_t b) { return a < b ? a : b; }

/* Of route, mix and redistribute a unit is one group. */
static inline size_t groups(const mot_shape *s) { return s->groups; }

/* Softmax over the rows of l (tokens, experts), column by column; largest and sum hold `experts` each. */
static inline void softmax_columns(float *l, size_t tokens, size_t experts, float *largest, float *sum) {
    memcpy(largest, l, experts * sizeof *l);
    memset(sum, 0, experts * sizeof *sum);
    for (size_t t = 1; t < tokens; t++)
        for (size_t e = 0; e < experts; e++)
            largest[e] = l[t * experts + e] > largest[e] ? l[t * experts + e] : largest[e];
    for (size_t t = 0; t < tokens; t++)
        for (size_t e = 0; e < experts; e++) sum[e] += l[t * experts + e] = expf(l[t * experts + e] - largest[e]);
    for (size_t t = 0; t < tokens; t++)
        for (size_t e = 0; e < experts; e++) l[t * experts + e] /= sum[e];
}

/* Sizes and leading dimensions that an int holds, as most of these libraries take them. Strides come later; a token of
 * the batches that check and bench lay out is at most a batch row away, which is a dimension here too. */
static inline bool fits(const mot_shape *s, const mot_config *config) {
    size_t row;
    (void)config;
    return !__builtin_mul_overflow(s->groups, s->d_model, &row) && row <= INT_MAX / 2 && s->group_size <= INT_MAX &&
           s->experts <= INT_MAX && s->d_expert <= INT_MAX;
}

static inline size_t chain(size_t k, const mot_config *config) {
    (void)config;
    return k; /* no promise by the library: the longest possible */
}

/* Name, stage and what is the same for all; the rest follows. */
#define PEER_VARIANT_OF(stage_name, STAGE, tag, type)                                                                  \
    .name = #stage_name "_blas_" LIBRARY tag, .stage = MOT_STAGE_##STAGE, .isa = MOT_ISA_SCALAR, .dtype = type,        \
    .depth = chain
#define PEER_VARIANT(stage_name, STAGE, tag) PEER_VARIANT_OF(stage_name, STAGE, tag, MOT_F32)

#endif
