/* tune_layer.c: layers put together from the stages' winners, against the default layer. */
#include "tuner.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MAX_LAYERS = TUNER_BATCH };

typedef struct layers {
    mot_plan plan[MAX_LAYERS];
    size_t count;
} layers;

static void add_steps(mot_plan *plan, const mot_plan *part) {
    for (int i = 0; i < part->steps && plan->steps < MOT_MAX_STEPS; i++) plan->step[plan->steps++] = part->step[i];
}

/* Adds a whole layer that is not there yet and is not the default. */
static void add(layers *l, const tuner_key *key, const mot_plan *plan) {
    if (l->count == MAX_LAYERS || !mot_plan_is_layer(plan) || plan_equal(plan, &key->incumbent)) return;
    for (size_t i = 0; i < l->count; i++)
        if (plan_equal(plan, &l->plan[i])) return;
    l->plan[l->count++] = *plan;
}

static void assemble(layers *l, const tuner_key *key, const mot_plan *const *parts, size_t count) {
    mot_plan plan = {0};
    for (size_t i = 0; i < count; i++) {
        if (parts[i]->steps == 0) return;
        add_steps(&plan, parts[i]);
    }
    add(l, key, &plan);
}

/* The default layer with the tuned experts only: the largest part, and the safest change. */
static void add_experts_only(layers *l, const tuner_key *key, const mot_plan *experts) {
    mot_plan plan = key->incumbent;
    for (int i = 0; i < plan.steps && experts->steps; i++)
        if (plan.step[i].variant->stage == MOT_STAGE_EXPERTS) plan.step[i] = experts->step[0];
    add(l, key, &plan);
}

/* What the profile held for a layer of this width before. */
static void add_seeds(layers *l, const tuner *t, const tuner_key *key) {
    size_t i;
    const json_t *entry;
    json_array_foreach(t->seeds, i, entry) {
        mot_plan plan;
        bool fits = plan_parse(&plan, json_object_get(entry, "choices"), t->variants, t->variant_count);
        for (int step = 0; fits && step < plan.steps; step++) {
            const mot_choice *c = &plan.step[step];
            fits = c->variant->isa <= t->options->isa && c->variant->dtype == t->options->dtype &&
                   c->variant->supports(key->shape, &c->config);
        }
        const json_t *dims = json_object_get(entry, "dims");
        json_int_t d = json_integer_value(json_object_get(dims, "d")),
                   h = json_integer_value(json_object_get(dims, "h"));
        if (fits && (size_t)d == key->shape->d_model && (size_t)h == key->shape->d_expert) add(l, key, &plan);
    }
}

static bool compare(tuner *t, tuner_key *key, const layers *l, size_t *best, timing *time, search_result *found) {
    size_t racers = tuner_affordable(t, key, l->count);
    timing out[MAX_LAYERS] = {{0}};
    *best = 0;
    if (racers > 1 && !tuner_time(t, key, l->plan, racers, PHASE_RACE, TUNER_RACE_ROUNDS, out)) return false;
    double second = INFINITY;
    for (size_t i = 1; i < racers; i++)
        if (!(out[*best].ratio <= out[i].ratio)) *best = i;
    for (size_t i = 0; i < racers; i++)
        if (i != *best) second = fmin(second, out[i].ratio);
    found->runner_up_gap = racers > 1 && isfinite(second) ? second / out[*best].ratio : 0;
    found->evaluations = (int)racers;
    if (!tuner_confirm(t, key, &l->plan[*best], time)) return false;
    found->kept = time->ratio > 0 && time->high < 1;
    return true;
}

bool tune_layer(tuner *t, tuner_key *key, const mot_plan best[MOT_STAGE_COUNT]) {
    layers l = {.count = 0};
    mot_plan winner;
    if (tuner_resume(t, key, &winner)) return true;
    const mot_plan *fused[] = {&best[MOT_STAGE_FRONT], &best[MOT_STAGE_EXPERTS], &best[MOT_STAGE_REDISTRIBUTE]};
    const mot_plan *apart[] = {&best[MOT_STAGE_ROUTE], &best[MOT_STAGE_MIX], &best[MOT_STAGE_EXPERTS],
                               &best[MOT_STAGE_REDISTRIBUTE]};
    assemble(&l, key, fused, 3);
    assemble(&l, key, apart, 4);
    add_experts_only(&l, key, &best[MOT_STAGE_EXPERTS]);
    add_seeds(&l, t, key);
    if (l.count == 0) return true;
    timing time = {.ratio = NAN};
    search_result found = {.kept = false};
    size_t index;
    if (!tuner_report(t, key, "putting the stages together") && t->stopped) return true;
    if (!compare(t, key, &l, &index, &time, &found)) return false;
    return !isfinite(time.ratio) || tuner_result(t, key, &l.plan[index], &time, &found);
}
