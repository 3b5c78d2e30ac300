/* search.c: start points, rounds of proposals with an early drop, a race of the best, and a separate confirmation. */
#include "search_internal.h"

#include <math.h>
#include <stdlib.h>

enum { PROBE_ROUNDS = 1, CONFIRM_ROUNDS = 3, MAX_BATCH = 16 };
static const double DROP = 1.3; /* a probe this much above the best so far is the end of a candidate */

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

static double best_score(const search *s) {
    double best = INFINITY;
    for (size_t i = 0; i < s->count; i++) best = fmin(best, s->trials[i].score);
    return best;
}

/* Probes points once; what is not far above the best is timed again before it is believed. */
static bool evaluate(search *s, const size_t *points, size_t count) {
    const search_task *task = s->task;
    double probe[MAX_BATCH], again[MAX_BATCH], best = best_score(s);
    size_t close[MAX_BATCH], closes = 0;
    for (size_t i = 0; i < count; i++) probe[i] = NAN;
    bool more = task->evaluate(task->data, points, count, PROBE_ROUNDS, probe);
    for (size_t i = 0; i < count; i++)
        if (isfinite(probe[i])) best = fmin(best, log(probe[i]));
    for (size_t i = 0; i < count; i++) {
        if (isfinite(probe[i]) && log(probe[i]) <= best + log(DROP))
            close[closes++] = points[i];
        else if (!isnan(probe[i]))
            record(s, points[i], probe[i]);
    }
    for (size_t i = 0; i < closes; i++) again[i] = NAN;
    if (closes && more) more = task->evaluate(task->data, close, closes, CONFIRM_ROUNDS, again);
    for (size_t i = 0, k = 0; i < closes; i++) {
        while (points[k] != close[i]) k++;
        record(s, close[i], isnan(again[i]) ? probe[k] : again[i]);
    }
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
