/* measure.c: admission of contestants, then prepare, calibrate, rounds, counters, statistics. */
#include "measure.h"

#include "check.h"
#include "measure_cuda.h"
#include "shape.h"
#include "timer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *cache_state_name(cache_state state) {
    static const char *const name[] = {"hot", "cold-weights", "cold-all"};
    return (unsigned)state < CACHE_STATE_COUNT ? name[state] : "unknown";
}

/* ---- admission ---- */

/* NULL: it can run this shape here. */
static const char *why_not(const mot_plan *plan, const mot_shape *shape) {
    if (plan->steps < 1 || plan->steps > MOT_MAX_STEPS) return "the plan has no steps";
    for (int i = 0; i < plan->steps; i++) {
        const mot_variant *v = plan->step[i].variant;
        if (!v) return "no variant supports this shape";
        const char *reason = candidate_why_not(v);
        if (reason) return reason;
        if (!v->supports(shape, &plan->step[i].config)) return "does not support this shape with these knobs";
    }
    return plan->steps == 1 || mot_plan_is_layer(plan) ? NULL : "its steps do not make up a layer";
}

/* Tensors are shared, so they have one data type. */
static const char *why_not_here(const comparison *c, const mot_plan *plan, const mot_shape *shape) {
    const char *reason = shape_bytes(shape) ? why_not(plan, shape) : "its shape overflows";
    if (reason || !c->count) return reason;
    if (plan_is_cuda(plan) != plan_is_cuda(&c->side[0].contestant->plan)) return "the first one runs elsewhere";
    return mot_plan_dtype(plan) == c->dtype ? NULL : "of another data type than the first contestant";
}

static bool admit(const comparison *comparison, const contestant *c, measurement *m) {
    const mot_shape *shape = contestant_shape(c, &comparison->shape);
    const char *reason = why_not_here(comparison, &c->plan, shape);
    if (reason) {
        snprintf(m->reason, sizeof m->reason, "%s", reason);
        return false;
    }
    const check_result checked = check_before_timing(&c->plan, shape);
    if (checked.verdict == VERDICT_PASS) return true;
    snprintf(m->reason, sizeof m->reason, "check: %s %.130s", verdict_name(checked.verdict), checked.reason);
    return false;
}

static const tensors *tensors_for(comparison *c, const mot_shape *shape) {
    for (size_t i = 0; i < c->arenas; i++)
        if (!memcmp(&c->arena[i].tensors.shape, shape, sizeof *shape)) return &c->arena[i].tensors;
    c->arena[c->arenas].tensors.shape = *shape;
    return &c->arena[c->arenas++].tensors;
}

static void take_in(comparison *c, const contestant *one, measurement *out) {
    side *s = &c->side[c->count++];
    c->dtype = mot_plan_dtype(&one->plan);
    *s = side_of(one, out, c->options.threads);
    s->tensors = tensors_for(c, contestant_shape(one, &c->shape));
}

static bool gather(comparison *c, const contestant *contestants, size_t count, measurement *out) {
    c->side = calloc(count, sizeof *c->side);
    c->arena = calloc(count, sizeof *c->arena);
    for (size_t i = 0; c->side && c->arena && i < count; i++) {
        out[i] = (measurement){.status = "skipped", .comparison = c->number};
        if (!comparison_goes_on(c, 0))
            snprintf(out[i].reason, sizeof out[i].reason, "interrupted before its check");
        else if (admit(c, &contestants[i], &out[i]))
            take_in(c, &contestants[i], &out[i]);
    }
    return c->side && c->arena;
}

/* ---- options ---- */

static measure_options with_defaults(const measure_options *given) {
    measure_options o = *given;
    if (o.rounds == 0) o.rounds = 12;
    if (o.min_time_s == 0) o.min_time_s = 1e-3;
    return o;
}

static const char *bad_option(const measure_options *o, const mot_shape *shape, bool on_device) {
    if (o->rounds < 1 || o->rounds > MEASURE_MAX_ROUNDS) return "rounds must be 1..64";
    if (!(o->min_time_s > 0 && o->min_time_s <= 3600)) return "the time of a sample must be above 0 and at most 3600 s";
    if (o->threads < 1) return "threads must be at least 1";
    if ((unsigned)o->cache >= CACHE_STATE_COUNT) return "unknown cache state";
    if (shape->groups == 0) return "a shape with 0 groups has nothing to time";
    if (shape_bytes(shape) == 0) return "a size of the shape is 0, or its product overflows";
    if (!on_device && !gbench_version()) return "built without Google Benchmark: cannot time";
    return NULL;
}

/* A sample is at least 1000 ticks of the clock. */
static bool examine_clock(comparison *c, char *error, size_t error_size) {
    enum { TICKS = 1000 };
    const timer_facts facts = timer_validate();
    if (!facts.usable) snprintf(error, error_size, "no usable clock: %s", facts.reason);
    c->min_sample_ns = fmax(c->options.min_time_s * 1e9, TICKS * facts.resolution_ns);
    return facts.usable;
}

/* Read once: a tuner comes here a hundred times. */
static const topology *known_topology(void) {
    static topology known;
    static bool loaded;
    if (!loaded) loaded = topology_load(&known);
    return loaded ? &known : NULL;
}

static bool settle(comparison *c, char *error, size_t error_size) {
    const topology *t = known_topology();
    if (!examine_clock(c, error, error_size)) return false;
    if (!t) {
        snprintf(error, error_size, "the topology cannot be read");
        return false;
    }
    c->topology = *t;
    return topology_pin(t, c->options.threads, error, error_size);
}

/* Checking and preparing count, but at least half of the budget is for the rounds. */
static void set_deadline(comparison *c, int64_t begin) {
    const double budget = c->options.budget_s * 1e9;
    if (budget > 0) c->deadline = (int64_t)fmax((double)begin + budget, (double)timer_now() + budget / 2);
}

/* On the device there are no threads to pin and no counters; the same rounds and statistics. */
static bool compete_on_device(comparison *c, int64_t begin, char *error, size_t error_size) {
    set_deadline(c, begin);
    const bool ok = comparison_on_device(c, error, error_size);
    if (ok) comparison_finish(c);
    comparison_free(c);
    return ok;
}

/* Everything that needs threads and memory. */
static bool compete(comparison *c, int64_t begin, char *error, size_t error_size) {
    bool ok = settle(c, error, error_size) && comparison_prepare(c, error, error_size) &&
              comparison_calibrate(c, error, error_size);
    if (ok && !c->stop) {
        set_deadline(c, begin);
        comparison_share_budget(c);
        ok = comparison_rounds(c, error, error_size);
    }
    if (ok) {
        comparison_count_events(c);
        comparison_finish(c);
    }
    topology_unpin();
    comparison_free(c);
    peers_leave();
    gbench_clear();
    return ok;
}

bool measure(const contestant *contestants, size_t count, const mot_shape *shape, const measure_options *options,
             measurement *out, char *error, size_t error_size) {
    static long comparisons;
    comparison c = {.options = with_defaults(options), .shape = *shape, .number = ++comparisons};
    const int64_t begin = timer_now();
    const bool on_device = count && plan_is_cuda(&contestants[0].plan);
    const char *bad = bad_option(&c.options, shape, on_device);
    if (bad || count == 0) {
        snprintf(error, error_size, "%s", bad ? bad : "no contestants");
        return false;
    }
    bool ok = gather(&c, contestants, count, out);
    const bool first_on_device = c.count && plan_is_cuda(&c.side[0].contestant->plan);
    if (!ok) snprintf(error, error_size, "out of memory");
    if (ok && c.count)
        ok = first_on_device ? compete_on_device(&c, begin, error, error_size) : compete(&c, begin, error, error_size);
    free(c.side);
    free(c.arena);
    return ok;
}
