/* search.h: the search over a space of points, pure: it measures through callbacks, so it runs on synthetic functions
 * too. A point is a variant ("family") with a level for each of its knobs ("axes"). */
#ifndef AUTOTUNE_SEARCH_H
#define AUTOTUNE_SEARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SEARCH_AXES = 4, SEARCH_LEVELS = 8, SEARCH_FAMILIES = 64, SEARCH_FINALISTS = 8 };

/* Its points are numbered first, first+1, …; the last axis varies fastest. */
typedef struct search_family {
    size_t first, points;
    int axes, levels[SEARCH_AXES];
} search_family;

typedef struct search_space {
    size_t families, points; /* families <= SEARCH_FAMILIES */
    search_family *family;
    bool *legal; /* one per point */
} search_space;

/* The family of a point and its levels. */
const search_family *search_locate(const search_space *, size_t point, int level[SEARCH_AXES]);
size_t search_point(const search_family *, const int level[SEARCH_AXES]);

/* A time divided by the incumbent's, with its 95 % interval. */
typedef struct search_evidence {
    double ratio, low, high;
} search_evidence;

typedef struct search_task {
    const search_space *space;
    size_t incumbent;     /* the default: what a winner must beat */
    const size_t *starts; /* tried first, in this order */
    size_t start_count;
    int max_evaluations; /* unique points, the incumbent not counted */
    int batch;           /* points per call of evaluate */
    uint64_t seed;
    /* Times points against the incumbent, interleaved, dropping early what is far behind; INFINITY: rejected, NAN: not
     * done. False: stop searching (time is up); what is filled in still counts. */
    bool (*evaluate)(void *, const size_t *points, size_t count, double *ratio);
    /* The same with enough rounds for intervals. False: nothing is known. `confirm`: the last word on one point. */
    bool (*race)(void *, const size_t *points, size_t count, bool confirm, search_evidence *);
    void *data;
} search_task;

typedef struct search_result {
    size_t winner;            /* the incumbent unless kept */
    bool kept;                /* confirmed: the whole interval is below 1 */
    search_evidence evidence; /* of the best challenger, kept or not; ratio 0: none was confirmed */
    size_t challenger;        /* the best challenger, kept or not */
    double runner_up_gap;     /* second best of the race / best, 0 if there was one only */
    int evaluations;
} search_result;

/* False: out of memory. */
bool search_run(const search_task *, search_result *);

#endif
