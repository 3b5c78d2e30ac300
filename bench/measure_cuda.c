/* measure_cuda.c: samples on the device. A sample is a graph of calls, launched as often as it takes, between two
 * events; after it, the clock, and what the calls have left. */
#include "measure_cuda.h"

#include "measure_order.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static bool poison(device *a, const side *s) {
    int code = 0;
    for (int i = 0; i < TENSOR_COUNT && !code; i++)
        if (s->writes >> i & 1) code = a->cuda->fill(a->tensor[i], 0xff, s->tensors->at[i].bytes, a->stream);
    return device_ok(a, code, "poisoning outputs");
}

/* The first calls of a sample would find what the ones before left in L2: rotation alone is cold from the second time
 * round on. */
static bool time_graph(device *a, const lane *l, long launches, double *ns) {
    float ms = 0;
    int code = a->flush ? a->cuda->fill(a->flush, 0, a->flush_bytes, a->stream) : 0;
    if (!code) code = a->cuda->event_record(a->begin, a->stream);
    for (long i = 0; i < launches && !code; i++) code = a->cuda->graph_launch(l->graph, a->stream);
    if (!code) code = a->cuda->event_record(a->end, a->stream);
    if (!code) code = a->cuda->wait(a->stream);
    if (!code) code = a->cuda->elapsed(&ms, a->begin, a->end);
    *ns = (double)ms * 1e6;
    return device_ok(a, code, "timing");
}

/* ---- how many launches make a sample ---- */

static const double LONG_GRAPH_NS = 1e7; /* such a one warms itself up */

/* For the fastest long enough; the second launch counts, the first one warms up. */
static bool calibrate(device *a, comparison *c, long *launches) {
    *launches = 1;
    for (size_t i = 0; i < c->count && comparison_goes_on(c, 0); i++) {
        side *s = &c->side[i];
        double ns = 0;
        for (int k = 0; k < 2 && ns < LONG_GRAPH_NS; k++)
            if (!time_graph(a, &a->lane[i], 1, &ns)) return false;
        s->call_ns = ns / (double)a->calls;
        s->warm = ns < LONG_GRAPH_NS;
        s->turns = (int)fmin(2 * c->options.rounds, MEASURE_MAX_ROUNDS);
        const double need = ns > 0 ? ceil(c->min_sample_ns / ns) : 1;
        if (need > (double)*launches) *launches = (long)fmin(need, 1e6);
    }
    c->iterations = *launches * a->calls;
    return true;
}

/* ---- a sample ---- */

/* Large outputs are looked at once: copying them takes longer than the sample. */
static bool look_at_outputs(device *a, const side *s) {
    enum { LARGE = 64 << 20 };
    if (s->out->samples && tensors_bytes(&s->tensors->shape, s->tensors->dtype, s->writes) > LARGE) return true;
    if (!device_take_outputs(a, s)) return false;
    ((side *)s)->wrong |= side_hash(s, 0) != s->outputs;
    return true;
}

/* measurement.md: below 75 % of the default clock a sample does not count. */
static const char *clock_taint(device *a, bool *ok) {
    double mhz = 0;
    *ok = device_ok(a, a->cuda->clock(&mhz, a->stream), "reading the clock");
    return mhz < 0.75 * a->facts.clock_mhz ? "clock below 75 % of the default" : NULL;
}

static bool take_sample(device *a, comparison *c, lane *l, long launches) {
    side *s = l->side;
    measurement *m = s->out;
    double warm = 0, ns = 0;
    bool ok;
    if (!poison(a, s) || (s->warm && !time_graph(a, l, 1, &warm)) || !time_graph(a, l, launches, &ns)) return false;
    const char *taint = clock_taint(a, &ok);
    if (!ok || !look_at_outputs(a, s)) return false;
    m->iterations = c->iterations;
    m->copies = l->side->tensors->rotating ? a->copies : 1, m->flushed_bytes = a->flush_bytes;
    m->ns[m->samples] = ns / (double)c->iterations;
    m->taint[m->samples] = taint != NULL;
    m->tainted += taint != NULL;
    if (taint) s->taint = taint;
    m->samples++;
    return true;
}

static bool through(const comparison *c, const side *s) {
    return s->out->samples >= s->turns || s->out->samples - s->out->tainted >= c->options.rounds;
}

static bool play_round(device *a, comparison *c, const size_t *order, int round, long launches) {
    bool all = true;
    for (size_t i = 0; i < c->count && !c->stop; i++) {
        lane *l = &a->lane[order[i]];
        if (round < l->side->turns && !take_sample(a, c, l, launches)) return false;
        comparison_goes_on(c, round * (int)c->count + (int)i + 1);
    }
    for (size_t i = 0; i < c->count; i++) all = all && through(c, &c->side[i]);
    if (!c->stop && all) c->stop = "rounds";
    return true;
}

static bool play(device *a, comparison *c, long launches) {
    latin l;
    size_t *order = calloc(c->count, sizeof *order);
    bool ok = latin_start(&l, c->count, c->options.seed) && order;
    if (!ok) snprintf(a->error, a->error_size, "out of memory");
    for (int round = 0; ok && !c->stop; round++) {
        latin_round(&l, order);
        ok = play_round(a, c, order, round, launches);
        if (round == 0 && c->options.drop > 1) comparison_drop_slow(c);
    }
    latin_end(&l);
    free(order);
    return ok;
}

bool comparison_on_device(comparison *c, char *error, size_t error_size) {
    device a = {.error = error, .error_size = error_size};
    long launches;
    c->min_sample_ns = c->options.min_time_s * 1e9;
    bool ok = device_make(&a, c) && calibrate(&a, c, &launches);
    if (ok && !c->stop) {
        comparison_share_budget(c);
        ok = play(&a, c, launches);
    }
    if (a.cuda) device_free(&a, c);
    rotor_unmap(&c->arena[0].witness.copy);
    return ok;
}
