/* search_internal.h: what search.c and search_propose.c share. */
#ifndef AUTOTUNE_SEARCH_INTERNAL_H
#define AUTOTUNE_SEARCH_INTERNAL_H

#include "search.h"

typedef struct trial {
    size_t point;
    double score; /* log of the ratio to the incumbent; INFINITY: rejected */
} trial;

typedef struct search {
    const search_task *task;
    bool *visited;
    trial *trials; /* the first is the incumbent's */
    size_t count;
    uint64_t random;
} search;

/* Fills points with at most `count` legal points that were not visited; returns how many there are. */
size_t search_propose(search *, size_t *points, size_t count);

#endif
