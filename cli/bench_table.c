/* bench_table.c: timings as rows. */
#include "bench_run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const column fixed[] = {
    {"shape", "", COLUMN_HEADING},
    {"threads", "", COLUMN_HEADING},
    {"cache", "", COLUMN_HEADING},
    {"stage", "", COLUMN_HEADING},
    {"dtype", "", COLUMN_NOTE},
    {"group", "", COLUMN_DETAIL},
    {"name", "contestant", COLUMN_PLAIN},
    {"choices", "choices", COLUMN_DETAIL},
    {"median_ns", "median ms", COLUMN_PLAIN},
    {"low_ns", "[95 %", COLUMN_PLAIN},
    {"high_ns", "  ]", COLUMN_PLAIN},
    {"n", "n", COLUMN_PLAIN},
    {"tainted", "tainted", COLUMN_PLAIN},
    {"gflops", "GFLOP/s", COLUMN_PLAIN},
    {"gbps", "GB/s", COLUMN_PLAIN},
    {"pct_of_ceiling", "% of ceiling", COLUMN_PLAIN},
    {"x_scalar", "x scalar", COLUMN_PLAIN},
    {"x_openblas", "x openblas", COLUMN_PLAIN},
    {"x_openblas_low", "[95 %", COLUMN_PLAIN},
    {"x_openblas_high", "  ]", COLUMN_PLAIN},
    {"x_best_peer", "x best peer", COLUMN_DETAIL},
    {"x_best_peer_low", "[95 %", COLUMN_DETAIL},
    {"x_best_peer_high", "  ]", COLUMN_DETAIL},
    {"min_ns", "min ms", COLUMN_DETAIL},
    {"mad_ns", "MAD ms", COLUMN_DETAIL},
    {"stop", "stop", COLUMN_DETAIL},
    {"status", "status", COLUMN_PLAIN},
    {"reason", "reason", COLUMN_PLAIN},
};
enum { FIXED = sizeof fixed / sizeof *fixed };

/* The best peer takes the place of OpenBLAS. */
static void show_best_peer(column *columns) {
    for (int i = 0; i < FIXED; i++) {
        if (!strncmp(columns[i].key, "x_openblas", 10)) columns[i].kind = COLUMN_DETAIL;
        if (!strncmp(columns[i].key, "x_best_peer", 11)) columns[i].kind = COLUMN_PLAIN;
    }
}

/* Counters stand in the text only when somebody asked for them. */
table *bench_table(const options *o) {
    static column columns[FIXED + COUNTER_MAX];
    memcpy(columns, fixed, sizeof fixed);
    if (o->peers) show_best_peer(columns);
    for (int i = 0; i < o->counters.count; i++)
        columns[FIXED + i] = (column){o->counters.name[i], o->counters.name[i],
                                      options_seen(o, FLAG_COUNTERS) ? COLUMN_PLAIN : COLUMN_DETAIL};
    return table_new(columns, FIXED + (size_t)o->counters.count);
}

/* ---- ratios */

static bool is_scalar(const contestant *c) {
    const mot_variant *v = c->plan.step[0].variant;
    return !candidate_peer(v) && strstr(c->name, "scalar");
}
static bool is_openblas(const contestant *c) {
    const peer *p = candidate_peer(c->plan.step[0].variant);
    return p && !strcmp(p->library, "openblas");
}

/* The first contestant that is one and was timed, -1 if there is none. Layers and dense FFNs have bases of their own.
 */
static int find_base(const bench_job *job, const measurement *results, bool (*is_base)(const contestant *),
                     const char *stage) {
    for (size_t i = 0; i < job->count; i++)
        if (is_base(&job->contestant[i]) && !strcmp(bench_stage(job, &job->contestant[i]), stage) &&
            results[i].median_ns > 0)
            return (int)i;
    return -1;
}

static ratio over(const measurement *results, int base, size_t i) {
    const ratio nothing = {NAN, NAN, NAN, 0};
    if (base < 0 || !(results[i].median_ns > 0)) return nothing;
    return (size_t)base == i ? (ratio){1, NAN, NAN, 0} : bench_times_faster(&results[base], &results[i]);
}

/* ---- cells */

static void add_positive(table *t, double value, const char *format, double shown) {
    table_number(t, value > 0 ? value : NAN, format, shown);
}
static void add_ms(table *t, double ns) { add_positive(t, ns, ns < 1e6 ? "%.4f" : "%.3f", ns / 1e6); }

static void add_choices(table *t, const mot_plan *plan) {
    char text[600] = "";
    size_t n = 0;
    for (int i = 0; i < plan->steps && n < sizeof text; i++) {
        n += (size_t)snprintf(text + n, sizeof text - n, "%s", i ? " " : "");
        if (n < sizeof text) n += (size_t)mot_choice_print(text + n, sizeof text - n, &plan->step[i]);
    }
    table_text(t, text);
}

static void add_condition(table *t, const bench_job *job, const contestant *c) {
    char shape[SHAPE_TEXT];
    shape_print(shape, contestant_shape(c, &job->shape));
    table_text(t, shape);
    table_number(t, job->threads,
                 job->cuda           ? "on the GPU"
                 : job->threads == 1 ? "%.0f thread"
                                     : "%.0f threads",
                 job->threads);
    table_text(t, cache_state_name(job->cache));
    table_text(t, bench_stage(job, c));
    table_text(t, mot_dtype_name(job->dtype));
    table_text(t, job->group);
}

static void add_time(table *t, const measurement *m, const derived *d) {
    add_ms(t, m->median_ns);
    add_ms(t, m->low_ns);
    add_ms(t, m->high_ns);
    table_number(t, m->samples, "%.0f", m->samples);
    table_number(t, m->tainted, "%.0f", m->tainted);
    add_positive(t, d->gflops, "%.1f", d->gflops);
    add_positive(t, d->gbps, "%.1f", d->gbps);
    add_positive(t, d->pct_of_ceiling, "%.1f", d->pct_of_ceiling);
}

static void add_status(table *t, const measurement *m, bool mistrusted) {
    const char *status = mistrusted && !strcmp(m->status, "ok") ? "mistrusted" : m->status;
    colour c = !strcmp(status, "ok") ? COLOUR_NONE : !strncmp(m->reason, "check:", 6) ? COLOUR_RED : COLOUR_YELLOW;
    table_coloured(t, c, status);
    table_text(t, strcmp(status, m->status) ? "faster than the measured ceiling" : m->reason);
}

static int find_counter(const measurement *m, const char *name) {
    for (int i = 0; i < m->counters.count; i++)
        if (!strcmp(m->counters.name[i], name)) return i;
    return -1;
}

static void add_counters(table *t, const options *o, const measurement *m) {
    for (int i = 0; i < o->counters.count; i++) {
        char why[80];
        int k = find_counter(m, o->counters.name[i]);
        snprintf(why, sizeof why, "n/a (%s)", k < 0 ? "not timed" : m->counters.reason[k]);
        if (k >= 0 && isfinite(m->counters.value[k]))
            table_number(t, m->counters.value[k], "%.4g", m->counters.value[k]);
        else
            table_text(t, why);
    }
}

static void add_ratio(table *t, const ratio *r) {
    const bool bounded = r->low > 0 && isfinite(r->high);
    table_number(t, r->median, "%.3f", r->median);
    table_number(t, bounded ? r->low : NAN, "%.3f", r->low);
    table_number(t, bounded ? r->high : NAN, "%.3f", r->high);
}

/* ---- rows */

/* What the rows of a job have in common. */
typedef struct rows {
    table *table;
    const bench_run *run;
    const bench_job *job;
    const measure_options *options;
    const measurement *results;
} rows;

static void add_row(const rows *r, size_t i, const char *name) {
    const contestant *c = &r->job->contestant[i];
    const measurement *m = &r->results[i];
    const char *stage = bench_stage(r->job, c);
    const int scalar = find_base(r->job, r->results, is_scalar, stage),
              openblas = find_base(r->job, r->results, is_openblas, stage),
              best = bench_best_peer(r->job, r->results, stage);
    derived d = samples_derive(c, &r->job->shape, r->options, m, bench_ceilings(r->run, r->job));
    const ratio over_scalar = over(r->results, scalar, i), over_openblas = over(r->results, openblas, i),
                over_best = over(r->results, best, i);
    add_condition(r->table, r->job, c);
    table_text(r->table, name);
    add_choices(r->table, &c->plan);
    add_time(r->table, m, &d);
    table_number(r->table, over_scalar.median, "%.2f", over_scalar.median);
    add_ratio(r->table, &over_openblas);
    add_ratio(r->table, &over_best);
    add_positive(r->table, m->min_ns, "%.3f", m->min_ns / 1e6);
    add_positive(r->table, m->mad_ns, "%.4f", m->mad_ns / 1e6);
    table_text(r->table, m->stop);
    add_status(r->table, m, d.mistrusted);
    add_counters(r->table, r->run->options, m);
}

/* Skipped for one reason, which is no failed check: those are looked at one by one. */
static bool alike(const rows *r, size_t a, size_t b) {
    const measurement *x = &r->results[a], *y = &r->results[b];
    return !strcmp(x->status, "skipped") && !strcmp(y->status, "skipped") && !strcmp(x->reason, y->reason) &&
           strncmp(x->reason, "check:", 6) &&
           !strcmp(bench_stage(r->job, &r->job->contestant[a]), bench_stage(r->job, &r->job->contestant[b]));
}

/* Those like it, itself left out; `before`: in front of it only. */
static size_t count_alike(const rows *r, size_t i, bool before) {
    size_t n = 0;
    for (size_t k = 0; k < (before ? i : r->job->count); k++) n += k != i && alike(r, i, k);
    return n;
}

/* Who reads sees one line for all that are skipped alike; who computes gets them all. */
void bench_table_rows(table *t, const bench_run *run, const bench_job *job, const measure_options *o,
                      const measurement *results) {
    const rows r = {t, run, job, o, results};
    for (size_t i = 0; i < job->count; i++) {
        const size_t others = count_alike(&r, i, false);
        char name[200];
        snprintf(name, sizeof name, "%s and %zu more", job->contestant[i].name, others);
        table_rows_are(t, ROW_DISPLAY);
        if (others && !count_alike(&r, i, true)) add_row(&r, i, name);
        table_rows_are(t, others ? ROW_DETAIL : ROW_PLAIN);
        add_row(&r, i, job->contestant[i].name);
    }
    table_rows_are(t, ROW_PLAIN);
}
