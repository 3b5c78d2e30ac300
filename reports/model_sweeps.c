#include "label.h"
#include "model.h"
#include "summary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct axis {
    const char *letter, *name;
    size_t offset; /* in dims */
} axis;
static const axis axes[] = {
    {"T", "group size T", offsetof(dims, t)},  {"E", "experts E", offsetof(dims, e)},
    {"G", "groups G", offsetof(dims, g)},      {"H", "expert width H", offsetof(dims, h)},
    {"D", "model width D", offsetof(dims, d)},
};
enum { AXES = sizeof axes / sizeof *axes };

static double along(const axis *a, const bench_record *b) {
    return *(const double *)((const char *)&b->dims + a->offset);
}

/* Rows of one sweep; the dense FFN has a shape of its own and is put beside the layers later. */
static bool same_kind(const bench_record *a, const bench_record *b) {
    return a->threads == b->threads && !model_is_dense(b) && strcmp(a->group, b->group) == 0 &&
           strcmp(a->stage, b->stage) == 0 && strcmp(a->cache, b->cache) == 0 && strcmp(a->dtype, b->dtype) == 0;
}

/* What a sweep's name promises, if its rows do differ there; else the first dimension in which they do. */
static const axis *axis_of(const records *r, const bench_record *first) {
    static const struct {
        const char *group;
        int axis;
    } named[] = {
        {"sweep-group", 0}, {"sweep-experts", 1}, {"sweep-granularity", 1}, {"groups", 2}, {"sweep-groups", 2}};
    bool varies[AXES] = {false};
    for (size_t i = 0; i < r->bench_count; i++)
        for (int k = 0; k < AXES && same_kind(first, &r->benches[i]); k++)
            varies[k] |= along(&axes[k], first) != along(&axes[k], &r->benches[i]);
    for (size_t i = 0; i < sizeof named / sizeof *named; i++)
        if (strcmp(named[i].group, first->group) == 0 && varies[named[i].axis]) return &axes[named[i].axis];
    for (int k = 0; k < AXES; k++)
        if (varies[k]) return &axes[k];
    return NULL;
}

static int by_x(const void *a, const void *b) {
    const point *p = a, *q = b;
    return (p->x > q->x) - (p->x < q->x);
}

static series *series_of(series **all, size_t *count, store *s, const char *label, const bench_record *b) {
    for (size_t i = 0; i < *count; i++)
        if (strcmp((*all)[i].label, label) == 0) return &(*all)[i];
    series *new = store_push(s, all, count, sizeof *new);
    new->label = label;
    new->first = b;
    return new;
}

static void add_point(series *line, store *s, double x, const bench_record *b) {
    for (size_t i = 0; i < line->count; i++) {
        point *p = &line->points[i];
        if (p->x != x) continue; /* several choices of one variant: its best stands for it */
        if (b->time.value < p->bench->time.value) p->bench = b;
        return;
    }
    point *p = store_push(s, &line->points, &line->count, sizeof *p);
    *p = (point){.x = x, .bench = b};
}

static const bench_record *at(const series *line, double x) {
    for (size_t i = 0; i < line->count; i++)
        if (line->points[i].x == x) return line->points[i].bench;
    return NULL;
}

static const series *winner_at(const sweep *w, double x) {
    const series *best = NULL;
    for (size_t i = 0; i < w->count; i++) {
        const bench_record *b = at(&w->series[i], x);
        if (b && !model_is_dense(b) && (!best || b->time.value < at(best, x)->time.value)) best = &w->series[i];
    }
    return best;
}

/* "T = 2 to 16: layer_avx512": stretches of x, so that crossovers can be read off. */
static void find_winners(sweep *w, store *s) {
    point *xs = NULL;
    size_t n = 0;
    for (size_t i = 0; i < w->count; i++)
        for (size_t k = 0; k < w->series[i].count; k++) {
            point *p = store_push(s, &xs, &n, sizeof *p);
            *p = w->series[i].points[k];
        }
    qsort(xs, n, sizeof *xs, by_x);
    for (size_t i = 0; i < n;) {
        const series *best = winner_at(w, xs[i].x);
        size_t end = i;
        while (end + 1 < n && winner_at(w, xs[end + 1].x) == best) end++;
        const char **line = store_push(s, &w->winners, &w->winner_count, sizeof *line);
        const char *who = best ? best->label : "none";
        *line = xs[i].x == xs[end].x ? store_print(s, "%s = %g: %s", w->letter, xs[i].x, who)
                                     : store_print(s, "%s = %g to %g: %s", w->letter, xs[i].x, xs[end].x, who);
        i = end + 1;
    }
}

static void finish_sweep(sweep *w, store *s) {
    const bench_record *low = NULL, *high = NULL;
    for (size_t i = 0; i < w->count; i++) {
        series *line = &w->series[i];
        qsort(line->points, line->count, sizeof *line->points, by_x);
        const point *first = &line->points[0], *last = &line->points[line->count - 1];
        if (model_is_dense(first->bench)) continue;
        if (!low || first->bench->dims.t * first->bench->dims.e < low->dims.t * low->dims.e) low = first->bench;
        if (!high || last->bench->dims.t * last->bench->dims.e > high->dims.t * high->dims.e) high = last->bench;
    }
    if (low && high) w->shapes = store_print(s, "%s to %s", low->shape, high->shape);
    find_winners(w, s);
}

/* Beside the layers the fastest dense FFN of ours with as many FLOPs and tokens. */
static void add_dense(sweep *w, const records *r, store *s, const bench_record *layer, double x) {
    const bench_record *best = NULL;
    for (size_t i = 0; i < r->bench_count; i++) {
        const bench_record *d = &r->benches[i];
        bool fits = d->usable && model_is_dense(d) && model_is_ours(d) && model_matches_dense(layer, d);
        bool beside = fits && summary_interleaved(layer, d), had = best && summary_interleaved(layer, best);
        if (fits && (!best || beside > had || (beside == had && d->time.value < best->time.value))) best = d;
    }
    if (best) add_point(series_of(&w->series, &w->count, s, "dense_ffn", best), s, x, best);
}

static void add_sweep(model *m, store *s, const bench_record *first) {
    const axis *a = axis_of(m->records, first);
    if (!a) return;
    sweep *w = store_push(s, &m->sweeps, &m->sweep_count, sizeof *w);
    *w = (sweep){.name = first->group,
                 .axis = a->name,
                 .letter = a->letter,
                 .stage = first->stage,
                 .cache = first->cache,
                 .dtype = first->dtype,
                 .threads = first->threads,
                 .shapes = ""};
    for (size_t i = 0; i < m->records->bench_count; i++) {
        const bench_record *b = &m->records->benches[i];
        bool belongs = b->usable && same_kind(first, b) && along(a, b) > 0 && b->dims.g * b->dims.t > 0;
        if (belongs) add_point(series_of(&w->series, &w->count, s, b->variant, b), s, along(a, b), b);
    }
    for (size_t i = 0; i < m->records->bench_count && strcmp(w->stage, "layer") == 0; i++) {
        const bench_record *b = &m->records->benches[i];
        if (b->usable && same_kind(first, b) && along(a, b) > 0) add_dense(w, m->records, s, b, along(a, b));
    }
    if (w->count)
        finish_sweep(w, s);
    else
        m->sweep_count--; /* of shapes without tokens */
}

static void find_sweeps(model *m, store *s) {
    for (size_t i = 0; i < m->records->bench_count; i++) {
        const bench_record *b = &m->records->benches[i];
        bool seen = !b->usable || !model_is_sweep(b) || model_is_dense(b);
        for (size_t k = 0; k < m->sweep_count && !seen; k++) {
            const sweep *w = &m->sweeps[k];
            seen = w->threads == b->threads && strcmp(w->name, b->group) == 0 && strcmp(w->stage, b->stage) == 0 &&
                   strcmp(w->cache, b->cache) == 0 && strcmp(w->dtype, b->dtype) == 0;
        }
        if (!seen) add_sweep(m, s, b);
    }
}

static scaling *scaling_of(model *m, store *s, const bench_record *b) {
    for (size_t i = 0; i < m->scaling_count; i++)
        if (strcmp(m->scalings[i].shape, b->shape) == 0 && strcmp(m->scalings[i].cache, b->cache) == 0 &&
            strcmp(m->scalings[i].dtype, b->dtype) == 0)
            return &m->scalings[i];
    scaling *c = store_push(s, &m->scalings, &m->scaling_count, sizeof *c);
    *c = (scaling){.shape = b->shape, .cache = b->cache, .dtype = b->dtype};
    return c;
}

/* Layers measured on at least two numbers of threads. */
static void find_scalings(model *m, store *s) {
    for (size_t i = 0; i < m->records->bench_count; i++) {
        const bench_record *b = &m->records->benches[i];
        if (!b->usable || strcmp(b->stage, "layer") != 0 || model_is_sweep(b)) continue;
        scaling *c = scaling_of(m, s, b);
        add_point(series_of(&c->series, &c->count, s, b->variant, b), s, b->threads, b);
    }
    size_t kept = 0;
    for (size_t i = 0; i < m->scaling_count; i++) {
        scaling c = m->scalings[i];
        size_t lines = 0;
        for (size_t k = 0; k < c.count; k++)
            if (c.series[k].count > 1) c.series[lines++] = c.series[k];
        c.count = lines;
        for (size_t k = 0; k < lines; k++) qsort(c.series[k].points, c.series[k].count, sizeof(point), by_x);
        if (lines) m->scalings[kept++] = c;
    }
    m->scaling_count = kept;
}

void model_sweeps(model *m, store *s) {
    find_sweeps(m, s);
    find_scalings(m, s);
}
