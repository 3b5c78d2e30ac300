/* ceilings_team.h: pinned threads, each with memory that it touched first, that run one loop at a time. */
#ifndef BENCH_CEILINGS_TEAM_H
#define BENCH_CEILINGS_TEAM_H

#include "peak.h"
#include "topology.h"

#include <stdint.h>

typedef enum team_kind { TEAM_FMA, TEAM_READ, TEAM_COPY, TEAM_COPY_NT } team_kind;
typedef struct team_job {
    team_kind kind;
    const peak_kernels *kernels;
    int members;   /* threads 0..members-1 work, the others sleep */
    size_t set;    /* bytes per member, a multiple of 2 x PEAK_BLOCK; copies go from its first half to its second */
    bool resident; /* the set fits a cache: bring it there first */
    int64_t ns;    /* for how long */
} team_job;

typedef struct team team;
/* bytes[i]: memory of thread i. NULL: reason in error. */
team *team_create(const topology *, int threads, const size_t *bytes, char *error, size_t error_size);
/* FLOPs or bytes per ns of all members together, in the best of 8 pieces of the time: a peak is what the machine does
 * while nobody takes the CPU away. */
double team_run(team *, const team_job *);
bool team_stayed(const team *); /* every thread is still on its CPU */
void team_destroy(team *);

#endif
