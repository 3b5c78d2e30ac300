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

/* Calls that take at least `need` ns, found by growing; 0: the clock does not say. */
static long calls_for(side *s, double need) {
    if (s->call_ns >= 4 * need) return 1; /* the first call, though cold, was long enough */
    if (s->peer) s->peer->enter();
    for (long n = 1; n <= MAX_ITERATIONS;) {
        const double ns = side_time_calls(s, n);
        s->call_ns = ns / (double)n;
        if (ns >= need) return n;
        const double grow = ns > 0 ? 1.2 * need / ns : 10;
        n = (long)ceil((double)n * fmin(fmax(grow, 1.5), 10));
    }
    return 0;
}

/* Slow contestants (the scalar layer) must not eat the others' time: who cannot have all rounds within its share of
 * what is left takes the first few, or one, or, where even that takes half of what is left, none. */
static void share_budget(comparison *c) {
    const double left = (double)(c->deadline - timer_now());
    for (size_t i = 0; i < c->count; i++) {
        side *s = &c->side[i];
        const double turn = s->call_ns * (double)(c->iterations + s->warm), share = left / (double)c->count;
        if (!c->deadline || turn * c->options.rounds <= share) continue;
        s->turns = (int)fmin(share / turn, c->options.rounds);
        if (s->turns > 0 || c->count == 1) continue;
        s->turns = turn <= left / 2;
    }
}

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
        s->turns = c->options.rounds;
    }
    share_budget(c);
    return true;
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

static bool enough(const comparison *c) {
    for (size_t i = 0; i < c->count; i++)
        if (c->side[i].turns == c->options.rounds && !narrow(c, &c->side[i])) return false;
    return true;
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
    const int total = (int)c->count * c->options.rounds;
    for (size_t i = 0; i < c->count && !c->stop; i++) {
        side *s = &c->side[order[i]];
        if (round < s->turns && !take_sample(c, s)) return false;
        look_around(c, round * (int)c->count + (int)i + 1, total);
    }
    return true;
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
    for (int round = 0; ok && !c->stop && round < c->options.rounds; round++) {
        latin_round(&l, order);
        ok = play_round(c, order, round);
        if (!c->stop && c->options.max_noise > 0 && enough(c)) c->stop = "enough";
    }
    if (!c->stop) c->stop = "rounds";
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
