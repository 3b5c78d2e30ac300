#include "landscape.h"

#include <math.h>
#include <stdlib.h>

double landscape_random(landscape *l) {
    l->random = l->random * 6364136223846793005u + 1442695040888963407u;
    uint64_t z = (l->random ^ (l->random >> 33)) * 0xff51afd7ed558ccdu;
    return (double)((z ^ (z >> 33)) >> 11) * 0x1p-53;
}

static double normal(landscape *l) {
    double u = landscape_random(l), v = landscape_random(l);
    return sqrt(-2 * log(1 - u)) * cos(6.283185307179586 * v);
}

/* Knobs have a valley each, families share it roughly; pairs of knobs interact. */
static void fill_family(landscape *l, search_family *f, const double valley[SEARCH_AXES], double depth[SEARCH_AXES]) {
    double base = 0.25 * landscape_random(l), shift = landscape_random(l) - 0.5;
    for (size_t i = 0; i < f->points; i++) {
        int level[SEARCH_AXES];
        search_locate(&l->space, f->first + i, level);
        double score = base, last = 0;
        for (int axis = 0; axis < f->axes; axis++) {
            double far = level[axis] - valley[axis] - shift;
            score += depth[axis] * far * far + 0.03 * far * last;
            last = far;
        }
        l->time[f->first + i] = 1e6 * exp(score + 0.02 * normal(l));
        l->legal[f->first + i] = landscape_random(l) > 0.125;
    }
}

void landscape_make(landscape *l, uint64_t seed) {
    static const int levels[SEARCH_AXES] = {4, 4, 5, 2};
    *l = (landscape){.noise = 0.01, .random = seed * 977 + 1, .clock = 1, .budget = -1};
    l->space = (search_space){LANDSCAPE_FAMILIES, LANDSCAPE_POINTS, l->family, l->legal};
    double valley[SEARCH_AXES], depth[SEARCH_AXES];
    for (int axis = 0; axis < SEARCH_AXES; axis++) {
        valley[axis] = landscape_random(l) * (levels[axis] - 1);
        depth[axis] = 0.02 + 0.08 * landscape_random(l);
    }
    for (int i = 0; i < LANDSCAPE_FAMILIES; i++) {
        search_family *f = &l->family[i];
        *f = (search_family){.first = (size_t)i * 160, .points = 160, .axes = 4};
        for (int axis = 0; axis < SEARCH_AXES; axis++) f->levels[axis] = levels[axis];
    }
    for (int i = 0; i < LANDSCAPE_FAMILIES; i++) fill_family(l, &l->family[i], valley, depth);
    l->incumbent = (size_t)(landscape_random(l) * LANDSCAPE_POINTS);
    l->legal[l->incumbent] = true;
}

double landscape_best(const landscape *l) {
    double best = INFINITY;
    for (size_t i = 0; i < LANDSCAPE_POINTS; i++)
        if (l->legal[i]) best = fmin(best, l->time[i]);
    return best;
}

/* ---- measuring it ---------------------------------------------------------------------------------------------- */

static double sample(landscape *l, size_t point) {
    l->clock *= 1 + l->drift;
    return l->time[point] * l->clock * exp(l->noise * fabs(normal(l)));
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Paired log ratios of interleaved rounds; for 12 of them the 3rd and 10th bound the median at 96 %. */
static search_evidence ratios(landscape *l, size_t point, int rounds) {
    double log_ratio[64];
    for (int i = 0; i < rounds; i++) log_ratio[i] = log(sample(l, point) / sample(l, l->incumbent));
    qsort(log_ratio, (size_t)rounds, sizeof(double), compare);
    int cut = rounds / 6;
    return (search_evidence){exp(log_ratio[rounds / 2]), exp(log_ratio[cut]), exp(log_ratio[rounds - 1 - cut])};
}

static bool evaluate(void *data, const size_t *points, size_t count, double *ratio) {
    enum { ROUNDS = 3 };
    landscape *l = data;
    if (l->budget == 0) return false;
    if (l->budget > 0) l->budget--;
    for (size_t i = 0; i < count; i++) {
        l->measured[points[i]]++;
        ratio[i] = isfinite(l->time[points[i]]) ? ratios(l, points[i], ROUNDS).ratio : INFINITY;
    }
    return true;
}

static bool race(void *data, const size_t *points, size_t count, bool confirm, search_evidence *out) {
    landscape *l = data;
    for (size_t i = 0; i < count; i++) {
        l->rejected_raced += !isfinite(l->time[points[i]]);
        out[i] = ratios(l, points[i], confirm ? 24 : 12);
    }
    return true;
}

search_task landscape_task(landscape *l, int max_evaluations, uint64_t seed) {
    static size_t starts[LANDSCAPE_FAMILIES];
    for (int i = 0; i < LANDSCAPE_FAMILIES; i++) starts[i] = l->family[i].first + 80;
    return (search_task){.space = &l->space,
                         .incumbent = l->incumbent,
                         .starts = starts,
                         .start_count = LANDSCAPE_FAMILIES,
                         .max_evaluations = max_evaluations,
                         .batch = 6,
                         .seed = seed,
                         .evaluate = evaluate,
                         .race = race,
                         .data = l};
}
