/* tune_stage.c: one stage of one shape: its space, its starts, the search, the outcome. */
#include "tuner.h"

#include "space.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { MAX_EVALUATIONS = 400, TRIAL_ROUNDS = 4 };

typedef struct hunt {
    tuner *tuner;
    tuner_key *key;
    const space *space;
    bool failed;
    double best; /* ratio of the trials */
    timing confirmed;
} hunt;

/* ---- what the search asks for ---------------------------------------------------------------------------------- */

static bool time_points(hunt *h, const size_t *points, size_t count, phase p, int rounds, timing *out) {
    mot_plan plans[TUNER_BATCH];
    for (size_t i = 0; i < count; i++) plans[i] = (mot_plan){.steps = 1, .step = {space_choice(h->space, points[i])}};
    if (!tuner_time(h->tuner, h->key, plans, count, p, rounds, out)) h->failed = true;
    return !h->failed;
}

static bool evaluate(void *data, const size_t *points, size_t count, double *ratio) {
    hunt *h = data;
    timing out[TUNER_BATCH];
    char what[96];
    bool all_known = true;
    if (!time_points(h, points, count, PHASE_TRIAL, TRIAL_ROUNDS, out)) return false;
    for (size_t i = 0; i < count; i++) {
        ratio[i] = out[i].ratio;
        all_known = all_known && !isnan(ratio[i]);
        h->best = fmin(h->best, ratio[i]);
    }
    snprintf(what, sizeof what, "%d evaluations, best %.2fx the default", h->tuner->summary.evaluations, 1 / h->best);
    return tuner_report(h->tuner, h->key, what) && (all_known || tuner_now() <= h->key->search_end_s);
}

static search_evidence evidence_of(const timing *t) {
    return (search_evidence){isnan(t->ratio) ? INFINITY : t->ratio, t->low, t->high};
}

/* Without time for a race the front runner still gets its confirmation. */
static bool race(void *data, const size_t *points, size_t count, bool confirm, search_evidence *out) {
    hunt *h = data;
    if (confirm) {
        const mot_plan plan = {.steps = 1, .step = {space_choice(h->space, points[0])}};
        h->failed = !tuner_confirm(h->tuner, h->key, &plan, &h->confirmed);
        out[0] = evidence_of(&h->confirmed);
        return !h->failed && !isnan(h->confirmed.ratio);
    }
    timing t[TUNER_BATCH];
    const size_t racers = tuner_affordable(h->tuner, h->key, count);
    for (size_t i = 0; i < count; i++) out[i] = (search_evidence){i == 0 ? 1 : INFINITY, 0, INFINITY};
    if (racers > 1 && !time_points(h, points, racers, PHASE_RACE, TUNER_RACE_ROUNDS, t)) return false;
    for (size_t i = 0; racers > 1 && i < racers; i++) out[i] = evidence_of(&t[i]);
    return true;
}

/* ---- starts ---------------------------------------------------------------------------------------------------- */

/* Choices of the old profile for this stage, whatever their sizes: what won nearby is a good guess. */
static size_t seed_points(const tuner *t, const tuner_key *key, const space *sp, size_t *points, size_t capacity) {
    size_t count = 0, i;
    const json_t *entry;
    json_array_foreach(t->seeds, i, entry) {
        const char *stage = json_string_value(json_object_get(entry, "stage"));
        mot_plan plan;
        if (!stage || !plan_parse(&plan, json_object_get(entry, "choices"), t->variants, t->variant_count)) continue;
        for (int step = 0; step < plan.steps && count < capacity; step++) {
            size_t point = plan.step[step].variant->stage == key->stage ? space_point(sp, &plan.step[step]) : SIZE_MAX;
            if (point != SIZE_MAX) points[count++] = point;
        }
    }
    return count;
}

/* ---- all of it ------------------------------------------------------------------------------------------------- */

static bool search_stage(hunt *h, size_t incumbent, mot_plan *best) {
    enum { SEEDS = 16 };
    size_t starts[2 * SEARCH_FAMILIES + SEEDS], count = seed_points(h->tuner, h->key, h->space, starts, SEEDS);
    count += space_starts(h->space, &h->tuner->cpu, starts + count);
    search_task task = {.space = &h->space->search,
                        .incumbent = incumbent,
                        .starts = starts,
                        .start_count = count,
                        .max_evaluations = MAX_EVALUATIONS,
                        .batch = (int)tuner_side_limit(h->tuner, h->key),
                        .seed = h->tuner->options->seed,
                        .evaluate = evaluate,
                        .race = race,
                        .data = h};
    search_result found;
    if (!search_run(&task, &found)) return snprintf(h->tuner->error, h->tuner->error_size, "out of memory"), false;
    if (h->failed) return false;
    mot_plan challenger = {.steps = 1, .step = {space_choice(h->space, found.challenger)}};
    if (found.kept) *best = challenger;
    return found.evidence.ratio == 0 || tuner_result(h->tuner, h->key, &challenger, &h->confirmed, &found);
}

bool tune_stage(tuner *t, tuner_key *key, mot_plan *best) {
    space sp;
    *best = key->incumbent;
    if (!space_build(&sp, key->stage, key->shape, t->options->isa, t->options->dtype, t->variants, t->variant_count))
        return snprintf(t->error, t->error_size, "out of memory"), false;
    size_t incumbent = key->incumbent.steps ? space_point(&sp, &key->incumbent.step[0]) : SIZE_MAX;
    bool ok = true;
    if (t->options->dry_run) {
        char what[96];
        snprintf(what, sizeof what, "%zu choices of %zu variants", space_legal(&sp), sp.search.families);
        tuner_report(t, key, what);
    } else if (incumbent != SIZE_MAX && !tuner_resume(t, key, best)) {
        hunt h = {.tuner = t, .key = key, .space = &sp, .best = 1};
        ok = search_stage(&h, incumbent, best);
    }
    space_free(&sp);
    return ok;
}
