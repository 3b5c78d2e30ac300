/* bench_peers.c: see bench_peers.h. */
#include "bench_peers.h"
#include "exit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct line {
    char shape[SHAPE_TEXT], ours[160], theirs[160];
    const char *stage;
    int threads;
    cache_state cache;
    mot_dtype dtype;
    double ours_ns, theirs_ns, floor_ns; /* floor 0: not known */
    ratio ratio;
} line;

struct bench_peers {
    line *item;
    size_t count, capacity;
};

/* ---- who is best */

static int fastest(const bench_job *job, const measurement *results, const char *stage, bool peers) {
    int best = -1;
    for (size_t i = 0; i < job->count; i++) {
        const contestant *c = &job->contestant[i];
        const bool peer = candidate_peer(c->plan.step[0].variant) != NULL;
        if (peer != peers || strcmp(bench_stage(job, c), stage) || !(results[i].median_ns > 0) ||
            !strcmp(results[i].status, "mistrusted"))
            continue;
        if (best < 0 || results[i].median_ns < results[best].median_ns) best = (int)i;
    }
    return best;
}

int bench_best_peer(const bench_job *job, const measurement *results, const char *stage) {
    return fastest(job, results, stage, true);
}

ratio bench_times_faster(const measurement *a, const measurement *b) {
    ratio r = measure_ratio(a, b);
    if (!(r.median > 0)) r.median = a->median_ns / b->median_ns;
    return r;
}

/* ---- lines */

static void *or_exit(void *memory) {
    if (memory) return memory;
    fputs("motbench: out of memory\n", stderr);
    exit(EXIT_ENVIRONMENT);
}

bench_peers *bench_peers_new(void) { return or_exit(calloc(1, sizeof(bench_peers))); }

void bench_peers_free(bench_peers *p) {
    if (p) free(p->item);
    free(p);
}

static line *new_line(bench_peers *p) {
    if (p->count == p->capacity) {
        p->capacity = p->capacity ? 2 * p->capacity : 32;
        p->item = or_exit(realloc(p->item, p->capacity * sizeof *p->item));
    }
    return &p->item[p->count++];
}

/* What the machine can do is not what the fastest did: the widest ISA of all contestants counts. */
static double floor_of(const bench_job *job, const char *stage, const measure_options *o, const measurement *results,
                       const ceilings *ceilings) {
    double least = INFINITY;
    for (size_t i = 0; i < job->count; i++) {
        if (strcmp(bench_stage(job, &job->contestant[i]), stage)) continue;
        const derived d = samples_derive(&job->contestant[i], &job->shape, o, &results[i], ceilings);
        if (d.floor_ns > 0) least = fmin(least, d.floor_ns);
    }
    return isfinite(least) ? least : 0;
}

static void add_stage_line(bench_peers *p, const bench_job *job, const char *stage, const measure_options *o,
                           const measurement *results, const ceilings *ceilings) {
    const int ours = fastest(job, results, stage, false), theirs = fastest(job, results, stage, true);
    if (ours < 0 || theirs < 0) return;
    const measurement *a = &results[theirs], *b = &results[ours];
    line *l = new_line(p);
    *l = (line){.stage = stage,
                .threads = job->threads,
                .cache = job->cache,
                .dtype = job->dtype,
                .ours_ns = b->median_ns,
                .theirs_ns = a->median_ns,
                .floor_ns = floor_of(job, stage, o, results, ceilings),
                .ratio = bench_times_faster(a, b)};
    shape_print(l->shape, contestant_shape(&job->contestant[ours], &job->shape));
    snprintf(l->ours, sizeof l->ours, "%s", job->contestant[ours].name);
    snprintf(l->theirs, sizeof l->theirs, "%s", job->contestant[theirs].name);
}

/* One line, and one more for the dense FFNs beside layers. */
void bench_peers_add(bench_peers *p, const bench_job *job, const measure_options *o, const measurement *results,
                     const ceilings *ceilings) {
    const contestant *last = &job->contestant[job->count - 1];
    add_stage_line(p, job, job->stage, o, results, ceilings);
    if (bench_has_dense(job)) add_stage_line(p, job, bench_stage(job, last), o, results, ceilings);
}

/* ---- the table */

static const column columns[] = {{"stage", "", COLUMN_HEADING},
                                 {"threads", "", COLUMN_HEADING},
                                 {"cache", "", COLUMN_HEADING},
                                 {"dtype", "", COLUMN_NOTE},
                                 {"shape", "shape", COLUMN_PLAIN},
                                 {"ours", "ours", COLUMN_PLAIN},
                                 {"ours_ns", "ms", COLUMN_PLAIN},
                                 {"peer", "best peer", COLUMN_PLAIN},
                                 {"peer_ns", "ms", COLUMN_PLAIN},
                                 {"x_best_peer", "x best peer", COLUMN_PLAIN},
                                 {"x_best_peer_low", "[95 %", COLUMN_PLAIN},
                                 {"x_best_peer_high", "  ]", COLUMN_PLAIN},
                                 {"floor_ns", "floor ms", COLUMN_PLAIN},
                                 {"x_floor", "x floor", COLUMN_PLAIN}};

static bool alike(const line *a, const line *b) {
    return !strcmp(a->stage, b->stage) && a->threads == b->threads && a->cache == b->cache && a->dtype == b->dtype;
}

static void add_condition(table *t, const line *l) {
    table_text(t, l->stage);
    table_number(t, l->threads, l->threads == 1 ? "%.0f thread" : "%.0f threads", l->threads);
    table_text(t, cache_state_name(l->cache));
    table_text(t, mot_dtype_name(l->dtype));
}

static void add_positive(table *t, const char *format, double value, double shown) {
    table_number(t, value > 0 && isfinite(value) ? value : NAN, format, shown);
}

static void add_ms(table *t, double ns) { add_positive(t, ns < 1e6 ? "%.4f" : "%.3f", ns, ns / 1e6); }

static void add_line(table *t, const line *l) {
    const bool bounded = l->ratio.low > 0 && isfinite(l->ratio.high);
    add_condition(t, l);
    table_text(t, l->shape);
    table_text(t, l->ours);
    add_ms(t, l->ours_ns);
    table_text(t, l->theirs);
    add_ms(t, l->theirs_ns);
    add_positive(t, "%.3f", l->ratio.median, l->ratio.median);
    add_positive(t, "%.3f", bounded ? l->ratio.low : NAN, l->ratio.low);
    add_positive(t, "%.3f", bounded ? l->ratio.high : NAN, l->ratio.high);
    add_ms(t, l->floor_ns);
    add_positive(t, "%.3f", l->floor_ns > 0 ? l->ours_ns / l->floor_ns : NAN, l->ours_ns / l->floor_ns);
}

static void add_means(table *t, const line *like, int lines, double ratios, double floors) {
    char text[64];
    snprintf(text, sizeof text, "geometric mean of %d", lines);
    add_condition(t, like);
    table_text(t, text);
    for (int i = 0; i < 4; i++) table_none(t);
    add_positive(t, "%.3f", exp(ratios / lines), exp(ratios / lines));
    for (int i = 0; i < 3; i++) table_none(t);
    add_positive(t, "%.3f", exp(floors / lines), exp(floors / lines));
}

/* The lines like this one, which is the first of them, and their means. */
static void add_stage(table *t, const bench_peers *p, const line *first) {
    double ratios = 0, floors = 0; /* sums of logarithms */
    int lines = 0;
    for (const line *l = first; l < p->item + p->count; l++) {
        if (!alike(l, first)) continue;
        add_line(t, l);
        ratios += log(l->ratio.median);
        floors += l->floor_ns > 0 ? log(l->ours_ns / l->floor_ns) : NAN;
        lines++;
    }
    if (lines > 1) add_means(t, first, lines, ratios, floors);
}

table *bench_peers_table(const bench_peers *p) {
    table *t = table_new(columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; i < p->count; i++) {
        size_t k = 0;
        while (!alike(&p->item[k], &p->item[i])) k++;
        if (k == i) add_stage(t, p, &p->item[i]);
    }
    return t;
}
