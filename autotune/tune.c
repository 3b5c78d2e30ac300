/* tune.c: the shapes one after the other, the budget among them, the profile after each. */
#include "tune.h"

#include "cuda_device.h"
#include "files.h"
#include "profile.h"
#include "target.h"
#include "tuner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In this order; the layer last, since it is made of the others. */
static const mot_stage order[] = {MOT_STAGE_EXPERTS, MOT_STAGE_FRONT,        MOT_STAGE_ROUTE,
                                  MOT_STAGE_MIX,     MOT_STAGE_REDISTRIBUTE, MOT_STAGE_LAYER};
enum { KEYS = sizeof order / sizeof *order, PATH_BYTES = 4096 };

/* ---- where files live ------------------------------------------------------------------------------------------ */

bool tune_default_path(char *buf, size_t size) {
    char folder[PATH_BYTES], machine[256];
    const char *named = getenv("MOT_PROFILE");
    int n = 0;
    if (named && named[0])
        n = snprintf(buf, size, "%s", named);
    else if (mot_xdg_folder(folder, sizeof folder, "XDG_CACHE_HOME", ".cache")) {
        mot_cpu_fingerprint(machine, sizeof machine);
        n = snprintf(buf, size, "%s/%s.json", folder, machine);
    }
    return n > 0 && (size_t)n < size;
}

bool tune_cuda_path(char *buf, size_t size, const char *cpu) {
    char folder[PATH_BYTES];
    const profile_owner owner = target_owner(true);
    const size_t length = cpu ? strlen(cpu) : 0;
    const size_t stem = length > 5 && !strcmp(cpu + length - 5, ".json") ? length - 5 : length;
    if (cpu) return snprintf(buf, size, "%.*s.cuda%s", (int)stem, cpu, cpu + stem) < (int)size;
    if (!mot_xdg_folder(folder, sizeof folder, "XDG_CACHE_HOME", ".cache")) return false;
    int n = snprintf(buf, size, "%s/%s.json", folder, owner.machine);
    return n > 0 && (size_t)n < size;
}

bool tune_default_journal(char *buf, size_t size) {
    char folder[PATH_BYTES];
    if (!mot_xdg_folder(folder, sizeof folder, "XDG_STATE_HOME", ".local/state")) return false;
    int n = snprintf(buf, size, "%s/trials.jsonl", folder);
    return n > 0 && (size_t)n < size;
}

/* ---- the budget ------------------------------------------------------------------------------------------------ */

/* A key shorter than this finds nothing: its share goes to the others. */
static const double LEAST_KEY_S = 0.7;

/* What a key's share of the time goes by: roughly the seconds of a call, and a flat part of the layer's. */
static double weight(mot_stage stage, const mot_shape *s, mot_dtype dtype) {
    static const double flops_per_s = 1e11, bytes_per_s = 2e10, flat = 0.15;
    double own = mot_stage_flops(stage, s) / flops_per_s + mot_stage_bytes(stage, s, dtype) / bytes_per_s;
    double layer =
        mot_stage_flops(MOT_STAGE_LAYER, s) / flops_per_s + mot_stage_bytes(MOT_STAGE_LAYER, s, dtype) / bytes_per_s;
    return stage == MOT_STAGE_LAYER ? layer / 2 : own + flat * layer; /* few layers are compared */
}

static double weights_from(const tuner *t, const shape_list *shapes, size_t shape, int key) {
    double sum = 0;
    for (size_t i = shape; i < shapes->count; i++)
        for (int k = i == shape ? key : 0; k < KEYS; k++) sum += weight(order[k], &shapes->item[i], t->options->dtype);
    return sum;
}

/* This key's share of the time that is left, two thirds of it for the search. */
static void set_times(const tuner *t, tuner_key *key, double share) {
    double now = tuner_now(), left = t->end_s > now ? t->end_s - now : 0;
    key->share_s = left * share;
    key->end_s = now + key->share_s;
    key->search_end_s = now + key->share_s * 2 / 3;
}

/* Seconds below which a shape finds nothing: six keys, and weights that are filled and packed again for every
 * comparison. */
static double least_s(const mot_shape *s, mot_dtype dtype) {
    static const double fixed = 6, passes = 20, bytes_per_s = 1e9;
    const double weights = 2 * (double)s->experts * (double)s->d_model * (double)s->d_expert;
    return fixed + passes * weights * (double)mot_dtype_bytes(dtype) / bytes_per_s;
}

/* ---- one shape ------------------------------------------------------------------------------------------------- */

static tuner_key new_key(const tuner *t, const mot_shape *shape, mot_stage stage) {
    char text[SHAPE_TEXT];
    tuner_key key = {.shape = shape, .stage = stage, .incumbent = target_default(t->options, stage, shape)};
    shape_print(text, shape);
    snprintf(key.text, sizeof key.text, "%s|%s|t%d|%s|%s|%s", mot_stage_name(stage), text, target_threads(t->options),
             cache_state_name(t->options->cache), target_isa(t->options), mot_dtype_name(t->options->dtype));
    return key;
}

/* Under an interrupt the winners that there are still become a layer, quickly. With a journal to take up nothing is
 * skipped for want of time: what is known there costs none. */
static bool worth_it(const tuner *t, const tuner_key *key, bool winners) {
    if (t->options->dry_run) return key->stage != MOT_STAGE_LAYER;
    if (tuner_interrupted(t)) return key->stage == MOT_STAGE_LAYER && winners;
    return t->options->resume || key->end_s - tuner_now() >= LEAST_KEY_S;
}

static bool tune_shape(tuner *t, const shape_list *shapes, size_t index) {
    mot_plan best[MOT_STAGE_COUNT] = {{0}};
    bool winners = false;
    for (int k = 0; k < KEYS; k++, t->keys_done++) {
        const mot_shape *shape = &shapes->item[index];
        tuner_key key = new_key(t, shape, order[k]);
        mot_plan *won = &best[order[k]];
        set_times(t, &key, weight(order[k], shape, t->options->dtype) / weights_from(t, shapes, index, k));
        *won = key.incumbent;
        if (!worth_it(t, &key, winners)) continue;
        if (order[k] == MOT_STAGE_LAYER ? !tune_layer(t, &key, best) : !tune_stage(t, &key, won)) return false;
        winners = winners || !plan_equal(won, &key.incumbent);
        t->summary.keys++;
    }
    return true;
}

/* ---- the run --------------------------------------------------------------------------------------------------- */

static bool write_entries(tuner *t, const char *path) {
    const profile_owner owner = target_owner(t->options->cuda);
    return json_array_size(t->entries) == 0 || profile_write_of(&owner, path, t->entries, t->error, t->error_size);
}

/* Says so and goes on. */
static void pass_over(tuner *t, const mot_shape *shape, int keys_done) {
    const tuner_key key = new_key(t, shape, MOT_STAGE_LAYER);
    char reason[TUNER_TEXT];
    snprintf(reason, sizeof reason, "passed over: %s", t->error);
    t->keys_done = keys_done;
    tuner_report(t, &key, reason);
}

/* A shape that cannot be measured (no memory for it) must not cost the others; a journal that cannot be written must.
 */
static bool tune_shapes(tuner *t, const shape_list *shapes, const char *path) {
    size_t failed = 0;
    for (size_t i = 0; i < shapes->count && (i == 0 || !tuner_interrupted(t)); i++) {
        const int after = t->keys_done + KEYS;
        const bool ok = tune_shape(t, shapes, i);
        if (!ok && journal_error(t->journal)[0]) return false;
        if (!ok) pass_over(t, &shapes->item[i], after);
        failed += !ok;
        if (ok && !write_entries(t, path)) return false;
        json_array_clear(t->entries);
    }
    if (failed < shapes->count) t->error[0] = '\0';
    return failed < shapes->count;
}

/* The first shapes that the budget can do something for; better those than none of many. What the journal has settled
 * takes no time. */
static size_t affordable_shapes(const tuner *t, const shape_list *shapes) {
    double left = t->options->budget_s;
    size_t count = 0;
    for (; count < shapes->count; count++) {
        const tuner_key key = new_key(t, &shapes->item[count], MOT_STAGE_EXPERTS);
        if (!t->options->dry_run && !tuner_settled(t, &key)) left -= least_s(&shapes->item[count], t->options->dtype);
        if (left < 0 && count > 0) break;
    }
    return count;
}

static bool tune_affordable(tuner *t, const shape_list *shapes, const char *path) {
    shape_list some = *shapes;
    some.count = affordable_shapes(t, shapes);
    t->keys_total = (int)some.count * KEYS;
    if (some.count < shapes->count) {
        char what[128];
        const tuner_key key = new_key(t, &shapes->item[some.count], MOT_STAGE_LAYER);
        snprintf(what, sizeof what, "left out with %zu more, since %g s are enough for %zu shapes only",
                 shapes->count - some.count - 1, t->options->budget_s, some.count);
        tuner_report(t, &key, what);
    }
    return tune_shapes(t, &some, path);
}

static bool load_seeds(tuner *t, const char *path) {
    bool missing;
    char ignored[256];
    json_t *old = profile_read(path, &missing, ignored, sizeof ignored);
    json_t *entries = json_object_get(old, "entries");
    t->seeds = entries ? json_incref(entries) : json_array();
    json_decref(old);
    return t->seeds != NULL;
}

static bool open_journal(tuner *t) {
    char env[320], standard[PATH_BYTES];
    const char *path = t->options->journal_path;
    const profile_owner owner = target_owner(t->options->cuda);
    snprintf(env, sizeof env, "%s/%s", owner.machine, owner.kernels);
    if (!path && tune_default_journal(standard, sizeof standard)) path = standard;
    if (!path) return files_error(t->error, t->error_size, "no place for the journal: set HOME or XDG_STATE_HOME");
    return journal_open(&t->journal, path, env, t->options->resume, t->error, t->error_size);
}

static bool run(tuner *t, const shape_list *shapes) {
    char standard[PATH_BYTES];
    const char *path = t->options->profile_path;
    const size_t size = sizeof standard;
    if (!path && (t->options->cuda ? tune_cuda_path(standard, size, NULL) : tune_default_path(standard, size)))
        path = standard;
    if (!path)
        return files_error(t->error, t->error_size,
                           "no place for the profile: set HOME, XDG_CACHE_HOME or MOT_PROFILE");
    if (!t->options->dry_run && (!profile_check(path, t->error, t->error_size) || !open_journal(t))) return false;
    t->entries = json_array();
    if (!t->entries || !load_seeds(t, path)) return files_error(t->error, t->error_size, "out of memory");
    return tune_affordable(t, shapes, path);
}

bool tune_variants(const shape_list *shapes, const tune_options *options, const mot_variant *const *variants,
                   size_t count, tune_summary *summary, char *error, size_t error_size) {
    tune_options own = *options;
    own.isa = own.cuda ? MOT_ISA_SCALAR : mot_isa_for(own.isa, own.dtype); /* a key names one that the type has */
    if (own.cuda) own.threads = 1;                                         /* of the host */
    tuner t = {.options = &own,
               .variants = variants,
               .variant_count = count,
               .end_s = tuner_now() + options->budget_s,
               .best_ratio = 1,
               .error = error,
               .error_size = error_size};
    mot_cpu_describe(&t.cpu);
    if (own.cuda) t.cpu.l3 = cuda_probe()->device.l2_bytes; /* what cold is measured by */
    bool ok = run(&t, shapes);
    t.summary.interrupted = tuner_interrupted(&t);
    if (summary) *summary = t.summary;
    journal_close(t.journal);
    json_decref(t.entries);
    json_decref(t.seeds);
    return ok;
}

bool tune_run(const shape_list *shapes, const tune_options *options, tune_summary *summary, char *error,
              size_t error_size) {
    const mot_variant **variants = malloc(target_most(options->cuda) * sizeof *variants);
    if (!variants) return files_error(error, error_size, "out of memory");
    const size_t count = target_variants(options, variants);
    bool ok = tune_variants(shapes, options, variants, count, summary, error, error_size);
    free(variants);
    return ok;
}
