/* measure_result.c: from samples to a row: statistics, status, ratios. */
#include "measure_run.h"
#include "stats.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The untainted samples; where there is none, all: a row that is marked inconclusive beats an empty one. */
static size_t usable(const measurement *m, double *out) {
    const bool any_clean = m->tainted < m->samples;
    size_t n = 0;
    for (int i = 0; i < m->samples; i++)
        if (!any_clean || !m->taint[i]) out[n++] = m->ns[i];
    return n;
}

void measurement_summarise(measurement *m) {
    double values[MEASURE_MAX_ROUNDS];
    const summary s = stats_summarise(values, usable(m, values));
    m->median_ns = s.median;
    m->low_ns = s.low;
    m->high_ns = s.high;
    m->mad_ns = s.mad;
    m->min_ns = s.min;
}

static void explain_no_sample(const comparison *c, const side *s) {
    measurement *m = s->out;
    if (s->turns == 0 && s->call_ns > 0 && strcmp(c->stop, "interrupted") != 0)
        snprintf(m->reason, sizeof m->reason, "one call takes %.3g s: more than the budget has left", s->call_ns / 1e9);
    else
        snprintf(m->reason, sizeof m->reason, "stopped (%s) before its first sample", c->stop);
}

static void set_status(measurement *m, const char *status) { snprintf(m->status, sizeof m->status, "%s", status); }

/* 8 pairs may hold one tainted of 12; three of ten mean that somebody else was at work. */
static void judge(const comparison *c, side *s) {
    const char *note = s->tensors->note;
    measurement *m = s->out;
    const int clean = m->samples - m->tainted;
    set_status(m, "ok");
    snprintf(m->reason, sizeof m->reason, "%s", note);
    if (clean && clean < 6)
        snprintf(m->reason, sizeof m->reason, "%d sample%s: the interval is their range%s%s", clean,
                 clean > 1 ? "s" : "", *note ? "; " : "", note);
    if (s->differs) {
        set_status(m, "mistrusted");
        snprintf(m->reason, sizeof m->reason, "differs from %.64s by %.2g of the rms at this shape", s->witness,
                 s->distance);
    } else if (s->wrong) {
        set_status(m, "mistrusted");
        snprintf(m->reason, sizeof m->reason, "a timed call left other outputs than the first one, or wrote none");
    } else if (m->samples == 0) {
        set_status(m, "skipped");
        explain_no_sample(c, s);
    } else if (10 * m->tainted > 3 * m->samples) {
        set_status(m, "inconclusive");
        snprintf(m->reason, sizeof m->reason, "%d of %d samples tainted, last by: %s", m->tainted, m->samples,
                 s->taint);
    }
}

void comparison_finish(comparison *c) {
    for (size_t i = 0; i < c->count; i++) {
        measurement *m = c->side[i].out;
        const side *s = &c->side[i];
        const bool early = s->turns < c->options.rounds && m->samples == s->turns;
        measurement_summarise(m);
        judge(c, &c->side[i]);
        snprintf(m->stop, sizeof m->stop, "%s", s->dropped ? "dropped" : early ? "budget" : c->stop);
    }
}

ratio measure_ratio(const measurement *a, const measurement *b) {
    enum { LEAST_PAIRS = 8 };
    double logs[MEASURE_MAX_ROUNDS];
    const int rounds = a->samples < b->samples ? a->samples : b->samples;
    ratio r = {0};
    for (int i = 0; i < rounds; i++)
        if (!a->taint[i] && !b->taint[i] && a->ns[i] > 0 && b->ns[i] > 0) logs[r.pairs++] = log(a->ns[i] / b->ns[i]);
    stats_log_ratio(logs, (size_t)r.pairs, LEAST_PAIRS, &r.median, &r.low, &r.high);
    return r;
}
