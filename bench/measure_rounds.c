/* measure_rounds.c: calibration, interleaved rounds, stopping, and the pass with counters. */
#include "measure_order.h"
#include "measure_run.h"
#include "timer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ENOUGH_SAMPLES = 8, MAX_ITERATIONS = 1 << 24 };
static const double LONG_CALL_NS = 250e6; /* such a call warms itself up: 10 ms are below 4 % of it */

/* ---- calibration ---- */

/* The fastest of three: an interruption must not look like a slow kernel. Long calls are taken at their word. */
static double quickest(side *s, long calls) {
    double best = side_time_calls(s, calls);
    for (int i = 1; i < 3 && best < LONG_CALL_NS; i++) best = fmin(best, side_time_calls(s, calls));
    return best;
}

/* Calls that take at least `need` ns, found by growing; 0: the clock does not say. */
static long calls_for(side *s, double need) {
    if (s->call_ns >= fmax(LONG_CALL_NS, need)) return 1;
    if (s->peer) s->peer->enter();
    for (long n = 1; n <= MAX_ITERATIONS;) {
        const double ns = quickest(s, n);
        s->call_ns = ns / (double)n;
        if (ns >= need) return n;
        const double grow = ns > 0 ? 1.2 * need / ns : 10;
        n = (long)ceil((double)n * fmin(fmax(grow, 1.5), 10));
    }
    return 0;
}

/* Tainted samples are made up for, as often again as there are rounds. */
static int most_rounds(const comparison *c) { return (int)fmin(2 * c->options.rounds, MEASURE_MAX_ROUNDS); }

bool comparison_calibrate(comparison *c, char *error, size_t error_size) {
    c->iterations = 1;
    for (size_t i = 0; i < c->count; i++) {
        side *s = &c->side[i];
        const long n = calls_for(s, c->min_sample_ns);
        if (n == 0) {
            snprintf(error, error_size, "the clock does not move while %s runs", s->contestant->name);
            return false;
        }
        if (n > c->iterations) c->iterations = n;
        s->warm = s->call_ns <= LONG_CALL_NS;
        s->turns = most_rounds(c);
    }
    return true;
}

/* Slow contestants (the scalar layer) must not eat the others' time: who cannot have all rounds within its share of
 * what is left takes the first few, or one, or, where even that takes half of what is left, none. */
void comparison_share_budget(comparison *c) {
    const double left = (double)(c->deadline - timer_now());
    for (size_t i = 0; i < c->count; i++) {
        side *s = &c->side[i];
        const double turn = s->call_ns * (double)(c->iterations + s->warm), share = left / (double)c->count;
        if (!c->deadline || turn * c->options.rounds <= share) continue;
        s->turns = (int)(share / turn);
        if (s->turns == 0) s->turns = turn <= left / 2 || c->count == 1;
    }
}

/* ---- one sample ---- */

static bool take_sample(comparison *c, side *s) {
    measurement *m = s->out;
    gbench_batch batch;
    if (!gbench_run(s->index, &batch)) return false;
    s->disturbance.moved = !topology_verify(&c->topology, s->threads);
    const double ns = batch.seconds * 1e9 / (double)batch.iterations;
    const char *taint = taint_reason(&s->disturbance);
    m->ns[m->samples] = ns > 0 ? ns : 0; /* a clock that went back: kept as a tainted 0, so that rounds stay aligned */
    m->taint[m->samples] = taint != NULL;
    m->tainted += taint != NULL;
    if (taint) s->taint = taint;
    m->samples++;
    if (ns > 0) s->call_ns = fmin(s->call_ns, ns);
    m->iterations = batch.iterations;
    return true;
}

/* ---- rounds ---- */

static bool narrow(const comparison *c, const side *s) {
    measurement *m = s->out;
    if (m->samples - m->tainted < ENOUGH_SAMPLES) return false;
    measurement_summarise(m);
    return m->high_ns - m->low_ns <= c->options.max_noise * m->median_ns;
}

/* Has had all rounds untainted, or the few turns that the budget allows it. */
static bool through(const comparison *c, const side *s) {
    const measurement *m = s->out;
    return m->samples >= s->turns || m->samples - m->tainted >= c->options.rounds;
}

static void look_at_samples(comparison *c) {
    bool all_through = true, all_narrow = c->options.max_noise > 0;
    for (size_t i = 0; i < c->count; i++) {
        const side *s = &c->side[i];
        all_through = all_through && through(c, s);
        all_narrow = all_narrow && (s->turns < c->options.rounds || narrow(c, s));
    }
    if (!c->stop && (all_through || all_narrow)) c->stop = all_through ? "rounds" : "enough";
}

/* After each turn, so that a signal and the budget are obeyed within one. */
static void look_around(comparison *c, int done, int total) {
    const measure_options *o = &c->options;
    if (o->progress && !o->progress(o->progress_data, done, total))
        c->stop = "interrupted";
    else if (c->deadline && timer_now() >= c->deadline)
        c->stop = "budget";
}

static bool play_round(comparison *c, const size_t *order, int round) {
    const int n = (int)c->count, total = n * (round < c->options.rounds ? c->options.rounds : round + 1);
    for (size_t i = 0; i < c->count && !c->stop; i++) {
        side *s = &c->side[order[i]];
        if (round < s->turns && !take_sample(c, s)) return false;
        look_around(c, round * n + (int)i + 1, total);
    }
    return true;
}

/* The race's early drop, after the first round; an interruption alone drops nobody. */
static void drop_slow(comparison *c) {
    double fastest = INFINITY;
    for (size_t i = 0; i < c->count; i++) fastest = fmin(fastest, c->side[i].call_ns);
    for (size_t i = 0; i < c->count; i++) {
        side *s = &c->side[i];
        s->dropped = s->call_ns > c->options.drop * fastest;
        if (s->dropped && s->turns > 1) s->turns = 1;
    }
}

static bool enlist(comparison *c) {
    for (size_t i = 0; i < c->count; i++) {
        side *s = &c->side[i];
        s->index = gbench_add(s->contestant->name, side_batch, s, c->iterations);
        if (s->index < 0) return false;
    }
    return true;
}

/* Threads of the team exist by now, so the probe sees them all. One probe serves all: one batch runs at a time. */
static taint_probe *watch(comparison *c) {
    taint_probe *probe = taint_open(c->topology.cpu, c->options.threads, c->options.threads);
    for (size_t i = 0; i < c->count; i++) c->side[i].probe = probe;
    return probe;
}

bool comparison_rounds(comparison *c, char *error, size_t error_size) {
    latin l;
    size_t *order = calloc(c->count, sizeof *order);
    taint_probe *probe = watch(c);
    bool ok = latin_start(&l, c->count, c->options.seed) && order && probe && enlist(c);
    for (int round = 0; ok && !c->stop; round++) {
        latin_round(&l, order);
        ok = play_round(c, order, round);
        if (round == 0 && c->options.drop > 1) drop_slow(c);
        look_at_samples(c);
    }
    if (!ok) snprintf(error, error_size, "Google Benchmark did not run a batch, or memory ran out");
    for (size_t i = 0; i < c->count; i++) c->side[i].probe = NULL;
    taint_close(probe);
    latin_end(&l);
    free(order);
    return ok;
}

/* ---- counters ---- */

static void count_events(side *s, const counter_set *set) {
    counter_values *v = &s->out->counters;
    gbench_batch batch;
    s->counters = set;
    s->counted = (counter_values){0};
    if (gbench_run(s->index, &batch)) {
        *v = s->counted;
        for (int i = 0; i < batch.counter_count; i++)
            for (int j = 0; j < v->count; j++)
                if (strcmp(v->name[j], batch.counter_name[i]) == 0) v->value[j] = batch.counter[i];
    }
    s->counters = NULL;
}

/* Which counter could not be started, and why, is known beforehand. */
static void explain_missing(measurement *m, const counter_set *set) {
    m->counters.count = set->count;
    for (int i = 0; i < set->count; i++) {
        const char *why = counters_why_not(set->name[i]);
        memcpy(m->counters.name[i], set->name[i], COUNTER_NAME);
        m->counters.value[i] = NAN;
        snprintf(m->counters.reason[i], sizeof m->counters.reason[i], "%s", why ? why : "the counters did not start");
    }
}

void comparison_count_events(comparison *c) {
    const counter_set *set = &c->options.counters;
    for (size_t i = 0; set->count && i < c->count; i++) {
        measurement *m = c->side[i].out;
        if (c->stop && strcmp(c->stop, "interrupted") == 0) return;
        count_events(&c->side[i], set);
        if (m->counters.count == 0) explain_missing(m, set);
    }
}
