/* measure_rounds.c: interleaved rounds, one sample a turn, and when to stop. */
#include "measure_order.h"
#include "measure_run.h"
#include "timer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { ENOUGH_SAMPLES = 8 };

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
        all_narrow = all_narrow && (through(c, s) || narrow(c, s));
    }
    if (!c->stop && (all_through || all_narrow)) c->stop = all_through ? "rounds" : "enough";
}

bool comparison_goes_on(comparison *c, int turns) {
    const measure_options *o = &c->options;
    if (c->stop) return false;
    const int planned = (int)c->count * o->rounds, total = turns > planned ? turns : planned;
    if (o->progress && !o->progress(o->progress_data, turns, total))
        c->stop = "interrupted";
    else if (c->deadline && timer_now() >= c->deadline)
        c->stop = "budget";
    return !c->stop;
}

static bool play_round(comparison *c, const size_t *order, int round) {
    const int n = (int)c->count;
    for (int i = 0; i < n && !c->stop; i++) {
        side *s = &c->side[order[i]];
        if (round < s->turns && !take_sample(c, s)) return false;
        comparison_goes_on(c, round * n + i + 1);
    }
    return true;
}

/* An interruption alone drops nobody. */
void comparison_drop_slow(comparison *c) {
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
        if (round == 0 && c->options.drop > 1) comparison_drop_slow(c);
        look_at_samples(c);
    }
    if (!ok) snprintf(error, error_size, "Google Benchmark did not run a batch, or memory ran out");
    for (size_t i = 0; i < c->count; i++) c->side[i].probe = NULL;
    taint_close(probe);
    latin_end(&l);
    free(order);
    return ok;
}
