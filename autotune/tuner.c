/* tuner.c: small things of a run, and its outcomes. */
#include "tuner.h"

#include "target.h"
#include "samples_build.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Nine pairs are enough for an interval when time is short. */
enum { CONFIRM_ROUNDS = 16, HASTY_ROUNDS = 9 };

double tuner_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

bool tuner_interrupted(const tuner *t) { return t->stopped || (t->options->interrupted && *t->options->interrupted); }

bool tuner_report(tuner *t, const tuner_key *key, const char *what) {
    char text[SHAPE_TEXT], line[TUNER_TEXT];
    shape_print(text, key->shape);
    snprintf(line, sizeof line, "%s %s %s: %s", mot_stage_name(key->stage), text, mot_dtype_name(t->options->dtype),
             what);
    if (t->options->progress &&
        !t->options->progress(t->options->progress_data, line, t->keys_done, t->keys_total, t->best_ratio))
        t->stopped = true;
    return !tuner_interrupted(t);
}

/* ---- what can be had ------------------------------------------------------------------------------------------- */

size_t tuner_side_limit(const tuner *t, const tuner_key *key) {
    static const double most_bytes = 2e9;
    const mot_shape *s = key->shape;
    const double weights = 2 * (double)s->experts * (double)s->d_model * (double)s->d_expert;
    const double fit = most_bytes / (weights * (double)mot_dtype_bytes(t->options->dtype));
    if (key->stage != MOT_STAGE_EXPERTS && key->stage != MOT_STAGE_LAYER) return TUNER_BATCH;
    return fit < 1 ? 1 : fit > TUNER_BATCH ? TUNER_BATCH : (size_t)fit;
}

/* Seconds of one round of one contestant. */
static double turn_s(const tuner_key *key) { return fmax(key->default_ns * 1e-9, 1e-3); }

size_t tuner_affordable(const tuner *t, const tuner_key *key, size_t count) {
    double left = key->end_s - tuner_now() - 2 * CONFIRM_ROUNDS * turn_s(key);
    double racers = left / (TUNER_RACE_ROUNDS * turn_s(key)) - 1;
    size_t limit = tuner_side_limit(t, key);
    if (tuner_interrupted(t) || racers < 2) return 1;
    if ((double)count > racers) count = (size_t)racers;
    return count < limit ? count : limit;
}

int tuner_confirm_rounds(const tuner *t, const tuner_key *key) {
    double left = t->end_s - tuner_now(), grace = TUNER_GRACE * t->options->budget_s, round = 2 * turn_s(key);
    if (!tuner_interrupted(t) && CONFIRM_ROUNDS * round < left) return CONFIRM_ROUNDS;
    return HASTY_ROUNDS * round < left + grace ? HASTY_ROUNDS : 0;
}

/* ---- plans as text --------------------------------------------------------------------------------------------- */

void plan_print(char *buf, size_t size, const mot_plan *plan) {
    size_t used = 0;
    if (size) buf[0] = '\0';
    for (int i = 0; i < plan->steps && used + 1 < size; i++) {
        char text[256];
        mot_choice_print(text, sizeof text, &plan->step[i]);
        int n = snprintf(buf + used, size - used, "%s%s", i ? "+" : "", text);
        used += n > 0 ? (size_t)n : 0;
    }
}

json_t *plan_choices(const mot_plan *plan) {
    json_t *choices = json_array();
    for (int i = 0; i < plan->steps; i++) {
        char text[256];
        mot_choice_print(text, sizeof text, &plan->step[i]);
        json_array_append_new(choices, json_string(text));
    }
    return choices;
}

/* Variants of the tuner's list by name alone (a test's have no knobs), else what libmot has. */
static bool parse_choice(mot_choice *out, const char *text, const mot_variant *const *variants, size_t count) {
    for (size_t i = 0; text && i < count; i++)
        if (strcmp(variants[i]->name, text) == 0) {
            *out = (mot_choice){variants[i], mot_config_default(variants[i])};
            return true;
        }
    return text && mot_choice_parse(out, text, mot_registry_find);
}

bool plan_parse(mot_plan *plan, const json_t *choices, const mot_variant *const *variants, size_t count) {
    size_t steps = json_array_size(choices);
    if (steps < 1 || steps > MOT_MAX_STEPS) return false;
    *plan = (mot_plan){.steps = (int)steps};
    for (size_t i = 0; i < steps; i++)
        if (!parse_choice(&plan->step[i], json_string_value(json_array_get(choices, i)), variants, count)) return false;
    return true;
}

bool plan_equal(const mot_plan *a, const mot_plan *b) {
    if (a->steps != b->steps) return false;
    for (int i = 0; i < a->steps; i++)
        if (a->step[i].variant != b->step[i].variant ||
            memcmp(&a->step[i].config, &b->step[i].config, sizeof(mot_config)) != 0)
            return false;
    return true;
}

/* ---- outcomes -------------------------------------------------------------------------------------------------- */

static json_t *entry_of(const tuner *t, const tuner_key *key, const mot_plan *winner, const timing *time,
                        const search_result *found) {
    char now[24];
    const mot_shape *s = key->shape;
    journal_time(now);
    json_t *evidence = json_pack("{s:o,s:i,s:i,s:s,s:s,s:s}", "default", plan_choices(&key->incumbent), "rounds",
                                 time->rounds, "evaluations", found->evaluations, "revision", SAMPLES_REVISION,
                                 "compiler", SAMPLES_COMPILER, "date", now);
    const struct {
        const char *name;
        double value;
    } numbers[] = {
        {"median_ns", time->ns},         {"low_ns", time->low_ns},
        {"high_ns", time->high_ns},      {"default_ns", time->default_ns},
        {"speedup", 1 / time->ratio},    {"speedup_low", 1 / time->high},
        {"speedup_high", 1 / time->low}, {"runner_up_gap", found->runner_up_gap ? found->runner_up_gap : NAN}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) /* json_real refuses what is not finite */
        json_object_set_new(evidence, numbers[i].name,
                            isfinite(numbers[i].value) ? json_real(numbers[i].value) : json_null());
    json_t *entry = json_pack("{s:s,s:s,s:s,s:i,s:s,s:{s:I,s:I,s:I,s:I,s:I},s:o,s:o}", "stage",
                              mot_stage_name(key->stage), "dtype", mot_dtype_name(t->options->dtype), "isa",
                              target_isa(t->options), "threads", target_threads(t->options), "cache",
                              cache_state_name(t->options->cache), "dims", "g", (json_int_t)s->groups, "t",
                              (json_int_t)s->group_size, "e", (json_int_t)s->experts, "d", (json_int_t)s->d_model, "h",
                              (json_int_t)s->d_expert, "choices", plan_choices(winner), "evidence", evidence);
    if (entry && !found->kept) json_object_set_new(entry, "kept", json_false());
    return entry;
}

static bool write_sample(tuner *t, const tuner_key *key, const mot_plan *winner, const timing *time,
                         const search_result *found) {
    char before[TUNER_TEXT], after[TUNER_TEXT];
    ratio speedup = {1 / time->ratio, 1 / time->high, 1 / time->low, time->rounds};
    plan_print(before, sizeof before, &key->incumbent);
    plan_print(after, sizeof after, winner);
    return samples_tune(t->options->samples, key->stage, key->shape, t->options->dtype, target_threads(t->options),
                        before, after, time->default_ns, time->ns, &speedup, found->evaluations, found->kept);
}

/* The profile has this very choice for the key, and it was compared well enough: it is to go. */
static bool contradicts(const tuner *t, const json_t *entry, const timing *time) {
    enum { PAIRS = 8, KEY_TEXT = 256 };
    char key[KEY_TEXT], other[KEY_TEXT];
    const json_t *old;
    size_t i;
    if (time->rounds < PAIRS || !profile_key(key, sizeof key, entry)) return false;
    json_array_foreach(t->seeds, i, old) {
        if (profile_key(other, sizeof other, old) && strcmp(key, other) == 0)
            return json_equal(json_object_get(old, "choices"), json_object_get(entry, "choices"));
    }
    return false;
}

static bool fail(tuner *t, const char *reason) {
    snprintf(t->error, t->error_size, "%s", reason);
    return false;
}

/* An outcome under an interrupt is not final: only the profile gets it. */
bool tuner_result(tuner *t, const tuner_key *key, const mot_plan *winner, const timing *time,
                  const search_result *found) {
    char id[TUNER_TEXT + 16];
    json_t *entry = entry_of(t, key, winner, time, found);
    if (!entry) return fail(t, "out of memory");
    snprintf(id, sizeof id, "result|%s", key->text);
    json_t *line = json_pack("{s:s,s:s,s:s,s:f,s:i,s:o}", "type", "result", "id", id, "key", key->text, "budget_s",
                             t->options->budget_s, "evaluations", found->evaluations, "entry", entry);
    if (found->kept || contradicts(t, entry, time)) json_array_append(t->entries, entry);
    t->summary.kept += found->kept;
    if (found->kept) t->best_ratio = fmin(t->best_ratio, time->ratio);
    if (tuner_interrupted(t))
        json_decref(line);
    else if (!journal_append(t->journal, line))
        return fail(t, journal_error(t->journal));
    return write_sample(t, key, winner, time, found) || fail(t, "cannot write the samples");
}

static json_t *settled_entry(const tuner *t, const tuner_key *key) {
    char id[TUNER_TEXT + 16];
    snprintf(id, sizeof id, "result|%s", key->text);
    const json_t *line = journal_find(t->journal, id);
    const double budget = json_number_value(json_object_get(line, "budget_s"));
    return line && budget >= t->options->budget_s ? json_object_get(line, "entry") : NULL;
}

bool tuner_settled(const tuner *t, const tuner_key *key) { return settled_entry(t, key) != NULL; }

bool tuner_resume(tuner *t, const tuner_key *key, mot_plan *best) {
    json_t *entry = settled_entry(t, key);
    mot_plan winner;
    if (!plan_parse(&winner, json_object_get(entry, "choices"), t->variants, t->variant_count)) return false;
    const bool kept = !json_is_false(json_object_get(entry, "kept"));
    if (kept) json_array_append(t->entries, entry);
    t->summary.kept += kept;
    *best = kept ? winner : key->incumbent;
    return true;
}
