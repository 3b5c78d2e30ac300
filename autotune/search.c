/* search.c: start points, rounds of proposals, a race of the best, and a separate confirmation. */
#include "search_internal.h"

#include <math.h>
#include <stdlib.h>

enum { MAX_BATCH = 16 };

/* ---- points ---------------------------------------------------------------------------------------------------- */

const search_family *search_locate(const search_space *space, size_t point, int level[SEARCH_AXES]) {
    const search_family *f = space->family;
    while (point >= f->first + f->points) f++;
    size_t rest = point - f->first;
    for (int axis = SEARCH_AXES - 1; axis >= 0; axis--) {
        level[axis] = axis < f->axes ? (int)(rest % (size_t)f->levels[axis]) : 0;
        if (axis < f->axes) rest /= (size_t)f->levels[axis];
    }
    return f;
}

size_t search_point(const search_family *f, const int level[SEARCH_AXES]) {
    size_t rest = 0;
    for (int axis = 0; axis < f->axes; axis++) rest = rest * (size_t)f->levels[axis] + (size_t)level[axis];
    return f->first + rest;
}

/* ---- evaluation ------------------------------------------------------------------------------------------------ */

static void record(search *s, size_t point, double ratio) {
    s->visited[point] = true;
    s->trials[s->count++] = (trial){point, ratio > 0 ? log(ratio) : INFINITY};
}

static bool evaluate(search *s, const size_t *points, size_t count) {
    double ratio[MAX_BATCH];
    for (size_t i = 0; i < count; i++) ratio[i] = NAN;
    bool more = s->task->evaluate(s->task->data, points, count, ratio);
    for (size_t i = 0; i < count; i++)
        if (!isnan(ratio[i])) record(s, points[i], ratio[i]);
    return more;
}

static size_t room(const search *s) {
    size_t done = s->count - 1, limit = (size_t)s->task->max_evaluations, batch = (size_t)s->task->batch;
    if (batch > MAX_BATCH) batch = MAX_BATCH;
    return limit <= done ? 0 : limit - done < batch ? limit - done : batch;
}

static bool evaluate_starts(search *s) {
    size_t next = 0, batch[MAX_BATCH];
    bool more = true;
    while (more && next < s->task->start_count && room(s) > 0) {
        size_t count = 0;
        for (; next < s->task->start_count && count < room(s); next++) {
            size_t point = s->task->starts[next];
            if (s->visited[point] || !s->task->space->legal[point]) continue;
            s->visited[point] = true;
            batch[count++] = point;
        }
        if (count) more = evaluate(s, batch, count);
    }
    return more;
}

static void explore(search *s) {
    size_t batch[MAX_BATCH], count;
    if (!evaluate_starts(s)) return;
    while (room(s) > 0 && (count = search_propose(s, batch, room(s))) > 0)
        if (!evaluate(s, batch, count)) return;
}

/* ---- the end --------------------------------------------------------------------------------------------------- */

static int by_score(const void *a, const void *b) {
    const trial *x = a, *y = b;
    if (x->score != y->score) return x->score < y->score ? -1 : 1;
    return x->point < y->point ? -1 : x->point > y->point;
}

/* The best few challengers that ran, without the incumbent. */
static size_t finalists(search *s, size_t points[SEARCH_FINALISTS]) {
    size_t count = 0;
    qsort(s->trials, s->count, sizeof(trial), by_score);
    for (size_t i = 0; i < s->count && count < SEARCH_FINALISTS; i++)
        if (s->trials[i].point != s->task->incumbent && isfinite(s->trials[i].score))
            points[count++] = s->trials[i].point;
    return count;
}

/* The best of many is lucky too: only a second, separate race of the winner alone can keep it. */
static void decide(search *s, search_result *result) {
    const search_task *task = s->task;
    size_t points[SEARCH_FINALISTS], count = finalists(s, points), best = 0;
    search_evidence found[SEARCH_FINALISTS], confirmed;
    if (count == 0 || !task->race(task->data, points, count, false, found)) return;
    for (size_t i = 1; i < count; i++)
        if (found[i].ratio < found[best].ratio) best = i;
    double second = INFINITY;
    for (size_t i = 0; i < count; i++)
        if (i != best) second = fmin(second, found[i].ratio);
    result->challenger = points[best];
    result->runner_up_gap = isfinite(second) ? second / found[best].ratio : 0;
    if (!task->race(task->data, &points[best], 1, true, &confirmed)) return;
    result->evidence = confirmed;
    result->kept = confirmed.high < 1;
    if (result->kept) result->winner = points[best];
}

bool search_run(const search_task *task, search_result *result) {
    search s = {.task = task, .random = task->seed};
    s.visited = calloc(task->space->points, sizeof *s.visited);
    s.trials = malloc(((size_t)task->max_evaluations + 1) * sizeof *s.trials);
    *result = (search_result){.winner = task->incumbent, .challenger = task->incumbent};
    bool ok = s.visited && s.trials;
    if (ok) {
        record(&s, task->incumbent, 1);
        explore(&s);
        result->evaluations = (int)s.count - 1;
        decide(&s, result);
    }
    free(s.visited);
    free(s.trials);
    return ok;
}
