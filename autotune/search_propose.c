/* search_propose.c: what to try next. An additive model of log time, one effect per family and per level of each axis,
 * orders the neighbours of the best points and the whole space; a few draws stay random, since no strategy wins
 * everywhere. */
#include "search_internal.h"

#include <math.h>

enum { SWEEPS = 4, PARENTS = 3 };
static const double SHRINK = 0.5, CURIOSITY = 0.03; /* log units: unseen levels look this much better */

typedef struct model {
    double mean, family[SEARCH_FAMILIES], level[SEARCH_AXES][SEARCH_LEVELS];
    int family_seen[SEARCH_FAMILIES], seen[SEARCH_AXES][SEARCH_LEVELS];
} model;

/* splitmix64 */
static uint64_t draw(search *s) {
    uint64_t z = (s->random += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* ---- the model ------------------------------------------------------------------------------------------------- */

static double predict(const search_space *space, const model *m, size_t point) {
    int level[SEARCH_AXES];
    const search_family *f = search_locate(space, point, level);
    double sum = m->mean + m->family[f - space->family];
    for (int axis = 0; axis < f->axes; axis++) sum += m->level[axis][level[axis]];
    return sum;
}

/* One pass: every family effect, then every level effect of one axis, becomes its shrunken mean residual. */
static void refit(const search *s, model *m, int axis) {
    const search_space *space = s->task->space;
    double sum[SEARCH_LEVELS] = {0}, families[SEARCH_FAMILIES] = {0};
    for (size_t i = 0; i < s->count; i++) {
        if (!isfinite(s->trials[i].score)) continue;
        int level[SEARCH_AXES];
        const search_family *f = search_locate(space, s->trials[i].point, level);
        double residual = s->trials[i].score - predict(space, m, s->trials[i].point);
        if (axis < 0)
            families[f - space->family] += residual;
        else if (axis < f->axes)
            sum[level[axis]] += residual;
    }
    for (size_t f = 0; axis < 0 && f < space->families; f++) m->family[f] += families[f] / (m->family_seen[f] + SHRINK);
    for (int l = 0; axis >= 0 && l < SEARCH_LEVELS; l++) m->level[axis][l] += sum[l] / (m->seen[axis][l] + SHRINK);
}

static void count_seen(const search *s, model *m) {
    double sum = 0;
    int count = 0;
    for (size_t i = 0; i < s->count; i++) {
        if (!isfinite(s->trials[i].score)) continue;
        int level[SEARCH_AXES];
        const search_family *f = search_locate(s->task->space, s->trials[i].point, level);
        m->family_seen[f - s->task->space->family]++;
        for (int axis = 0; axis < f->axes; axis++) m->seen[axis][level[axis]]++;
        sum += s->trials[i].score;
        count++;
    }
    m->mean = count ? sum / count : 0;
}

static void fit(const search *s, model *m) {
    *m = (model){0};
    count_seen(s, m);
    for (int sweep = 0; sweep < SWEEPS; sweep++)
        for (int axis = -1; axis < SEARCH_AXES; axis++) refit(s, m, axis);
    for (int axis = 0; axis < SEARCH_AXES; axis++)
        for (int l = 0; l < SEARCH_LEVELS; l++)
            if (m->seen[axis][l] == 0) m->level[axis][l] -= CURIOSITY;
}

/* ---- proposals ------------------------------------------------------------------------------------------------- */

typedef struct proposal {
    size_t *points, count;
} proposal;

static bool open_point(const search *s, size_t point) { return s->task->space->legal[point] && !s->visited[point]; }

static void propose(search *s, proposal *p, size_t point) {
    s->visited[point] = true;
    p->points[p->count++] = point;
}

/* The parent's open neighbour (one knob changed) that the model likes best. */
static bool propose_neighbour(search *s, const model *m, size_t parent, proposal *p) {
    int level[SEARCH_AXES];
    const search_family *f = search_locate(s->task->space, parent, level);
    size_t best = SIZE_MAX;
    for (int axis = 0; axis < f->axes; axis++) {
        int at = level[axis];
        for (level[axis] = 0; level[axis] < f->levels[axis]; level[axis]++) {
            size_t point = search_point(f, level);
            if (!open_point(s, point)) continue;
            if (best == SIZE_MAX || predict(s->task->space, m, point) < predict(s->task->space, m, best)) best = point;
        }
        level[axis] = at;
    }
    if (best != SIZE_MAX) propose(s, p, best);
    return best != SIZE_MAX;
}

static bool propose_best(search *s, const model *m, proposal *p) {
    size_t best = SIZE_MAX;
    for (size_t point = 0; point < s->task->space->points; point++)
        if (open_point(s, point) &&
            (best == SIZE_MAX || predict(s->task->space, m, point) < predict(s->task->space, m, best)))
            best = point;
    if (best != SIZE_MAX) propose(s, p, best);
    return best != SIZE_MAX;
}

static bool propose_random(search *s, proposal *p) {
    size_t open = 0;
    for (size_t point = 0; point < s->task->space->points; point++) open += open_point(s, point);
    if (open == 0) return false;
    size_t pick = (size_t)(draw(s) % open);
    for (size_t point = 0;; point++)
        if (open_point(s, point) && pick-- == 0) {
            propose(s, p, point);
            return true;
        }
}

/* The best points so far, the best first. */
static size_t parents(const search *s, size_t out[PARENTS]) {
    size_t count = 0;
    double last = -INFINITY;
    while (count < PARENTS) {
        const trial *best = NULL;
        for (size_t i = 0; i < s->count; i++)
            if (s->trials[i].score > last && (!best || s->trials[i].score < best->score)) best = &s->trials[i];
        if (!best || !isfinite(best->score)) break;
        last = best->score;
        out[count++] = best->point;
    }
    return count;
}

/* By turns: a neighbour of the best, the model's favourite, a neighbour of another good point, chance. */
size_t search_propose(search *s, size_t *points, size_t count) {
    proposal p = {points, 0};
    size_t parent[PARENTS], known = parents(s, parent);
    model m;
    fit(s, &m);
    for (size_t turn = 0; p.count < count; turn++) {
        bool found = false;
        if (turn % 4 == 0 && known) found = propose_neighbour(s, &m, parent[0], &p);
        if (turn % 4 == 2 && known) found = propose_neighbour(s, &m, parent[draw(s) % known], &p);
        if (turn % 4 == 3) found = propose_random(s, &p);
        if (!found && !propose_best(s, &m, &p)) break;
    }
    return p.count;
}
