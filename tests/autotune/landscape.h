/* landscape.h: synthetic search spaces with known times, noise and drift, and the callbacks that "measure" them. */
#ifndef TESTS_AUTOTUNE_LANDSCAPE_H
#define TESTS_AUTOTUNE_LANDSCAPE_H

#include "search.h"

enum { LANDSCAPE_FAMILIES = 6, LANDSCAPE_POINTS = LANDSCAPE_FAMILIES * 4 * 4 * 5 * 2 };

typedef struct landscape {
    search_space space;
    search_family family[LANDSCAPE_FAMILIES];
    bool legal[LANDSCAPE_POINTS];
    double time[LANDSCAPE_POINTS]; /* true, by point; INFINITY: wrong or crashing, must never win */
    double noise, drift;           /* per measurement; growth of the clock per measurement */
    double clock;
    uint64_t random;
    size_t incumbent;
    int measured[LANDSCAPE_POINTS]; /* batches in which a point was timed */
    int rejected_raced;             /* races of points that evaluate had rejected */
    int budget;                     /* evaluate calls before "time is up"; < 0: none */
} landscape;

/* Times are base x family x levels x interactions, by seed; about one point in eight illegal. */
void landscape_make(landscape *, uint64_t seed);
double landscape_best(const landscape *);
double landscape_random(landscape *); /* uniform in [0,1) */
search_task landscape_task(landscape *, int max_evaluations, uint64_t seed);

#endif
