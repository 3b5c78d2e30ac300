/* tuner_time.c: check -> measure -> journal, for a handful of plans against the incumbent. */
#include "tuner.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const phase_names[] = {"trial", "race", "confirm"};
static const double DROP = 1.3;         /* a candidate this much slower after one round gets no more */
static const double ORACLE_FLOPS = 1e8; /* per data mode: what the full check of a winner may cost */
enum { CHECK_GROUPS = 8, CHECK_EXPERTS = 2, FULL_CHECK_S = 60 };

/* One plan on its way. */
typedef struct job {
    const mot_plan *plan;
    timing *out;
    char id[2 * TUNER_TEXT], name[TUNER_TEXT];
} job;

/* ---- the journal's lines --------------------------------------------------------------------------------------- */

static double number(const json_t *line, const char *name, double missing) {
    const json_t *value = json_object_get(line, name);
    return json_is_number(value) ? json_number_value(value) : missing;
}

/* A line is all that is known of an evaluation, so what is read back is what was found. */
static void read_line(const json_t *line, timing *out) {
    out->ratio = number(line, "ratio", INFINITY);
    out->low = number(line, "low", 0);
    out->high = number(line, "high", INFINITY);
    out->ns = number(line, "median_ns", 0);
    out->low_ns = number(line, "low_ns", NAN);
    out->high_ns = number(line, "high_ns", NAN);
    out->default_ns = number(line, "default_median_ns", 0);
    out->rounds = (int)number(line, "rounds", 0);
}

static void set_real(json_t *line, const char *name, double value) {
    if (isfinite(value)) json_object_set_new(line, name, json_real(value));
}

static json_t *samples_of(const measurement *m) {
    json_t *array = json_array();
    for (int i = 0; i < m->samples; i++) json_array_append_new(array, json_real(m->ns[i]));
    return array;
}

static json_t *new_line(const tuner_key *key, const job *j, phase p, const char *verdict, const char *reason) {
    return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s}", "type", phase_names[p], "id", j->id, "key", key->text, "choice",
                     j->name, "verdict", verdict, "reason", reason);
}

static bool append(tuner *t, json_t *line, timing *out) {
    if (line) read_line(line, out);
    if (journal_append(t->journal, line)) return true;
    snprintf(t->error, t->error_size, "%s", journal_error(t->journal));
    return false;
}

/* ---- check ----------------------------------------------------------------------------------------------------- */

/* A shape with the same blocks but fewer groups, and for the experts alone fewer experts, since they are independent.
 */
static mot_shape check_shape(const mot_plan *plan, const tuner_key *key) {
    mot_shape s = *key->shape;
    if (key->stage == MOT_STAGE_EXPERTS && s.experts > CHECK_EXPERTS) s.experts = CHECK_EXPERTS;
    if (s.groups > CHECK_GROUPS) s.groups = CHECK_GROUPS;
    while (s.groups > 1 && mot_stage_flops(key->stage, &s) > ORACLE_FLOPS) s.groups--;
    for (int i = 0; i < plan->steps; i++)
        if (!plan->step[i].variant->supports(&s, &plan->step[i].config)) return *key->shape;
    return s;
}

/* A crash, a hang and a wrong result are verdicts like any other. */
static bool passes(tuner *t, const tuner_key *key, job *j, phase p, bool *written) {
    const check_result found = check_before_timing(j->plan, key->shape);
    *written = true;
    if (found.verdict == VERDICT_PASS) return true;
    /* Ctrl-C reaches the child too: then its end says nothing of the plan. */
    if (!tuner_interrupted(t))
        *written = append(t, new_line(key, j, p, verdict_name(found.verdict), found.reason), j->out);
    return false;
}

bool tuner_passes_fully(const tuner *t, const tuner_key *key, const mot_plan *plan) {
    const mot_shape shape = check_shape(plan, key);
    const check_options options = {.seed = t->options->seed, .threads = t->options->threads, .strided = true};
    return check_plan_forked(plan, &shape, &options, FULL_CHECK_S).verdict == VERDICT_PASS;
}

/* ---- measure --------------------------------------------------------------------------------------------------- */

static bool keep_going(void *data, int done, int total) {
    (void)done, (void)total;
    return !tuner_interrupted(data);
}

static double fastest(const measurement *m) {
    double best = INFINITY;
    for (int i = 0; i < m->samples; i++)
        if (m->ns[i] > 0) best = fmin(best, m->ns[i]);
    return best;
}

/* On a busy machine hardly a sample is clean. Then all of them count: pairs of the same round suffer alike, and the
 * sign test does not mind a few wild ones. */
static ratio paired_ratio(const measurement *m, const measurement *base) {
    enum { PAIRS = 8 };
    const ratio r = measure_ratio(m, base);
    if (r.pairs >= PAIRS) return r;
    measurement every[2] = {*m, *base};
    for (int i = 0; i < 2; i++) {
        memset(every[i].taint, 0, sizeof every[i].taint);
        every[i].tainted = 0;
    }
    return measure_ratio(&every[0], &every[1]);
}

/* Noise only ever adds time, so the fastest samples of few rounds say most; where there are enough for an interval, it
 * is widened to the fastest ones and the worse of both estimates is taken: no gain is claimed that these do not show.
 */
static ratio cautious_ratio(const measurement *m, const measurement *base, phase p) {
    const double least = fastest(m) / fastest(base);
    ratio r = paired_ratio(m, base);
    if (p == PHASE_TRIAL)
        r.median = least;
    else
        r.median = fmax(r.median, least);
    r.low = fmin(r.low, r.median);
    r.high = fmax(r.high, r.median);
    return r;
}

static double median_of(const measurement *m) {
    double sorted[MEASURE_MAX_ROUNDS];
    if (m->median_ns > 0 || m->samples == 0) return m->median_ns;
    for (int i = 0; i < m->samples; i++) {
        int at = i;
        for (; at > 0 && sorted[at - 1] > m->ns[i]; at--) sorted[at] = sorted[at - 1];
        sorted[at] = m->ns[i];
    }
    return (sorted[(m->samples - 1) / 2] + sorted[m->samples / 2]) / 2;
}

static json_t *timed_line(const tuner_key *key, const job *j, phase p, const measurement *base, const measurement *m) {
    json_t *line = new_line(key, j, p, "PASS", "");
    const ratio r = cautious_ratio(m, base, p);
    json_object_set_new(line, "rounds", json_integer(r.pairs));
    json_object_set_new(line, "tainted", json_integer(m->tainted));
    set_real(line, "ratio", r.median);
    set_real(line, "low", r.low);
    set_real(line, "high", r.high);
    set_real(line, "median_ns", median_of(m));
    if (m->median_ns > 0) { /* else nothing was clean */
        set_real(line, "low_ns", m->low_ns);
        set_real(line, "high_ns", m->high_ns);
    }
    set_real(line, "default_median_ns", median_of(base));
    json_object_set_new(line, "samples_ns", samples_of(m));
    json_object_set_new(line, "default_ns", samples_of(base));
    return line;
}

/* What an interrupt or the budget cut short is not an evaluation. */
static bool record(tuner *t, const tuner_key *key, job *j, phase p, const measurement *base, const measurement *m) {
    if (m->samples == 0 || base->samples == 0 || strcmp(m->stop, "interrupted") == 0) return true;
    t->summary.evaluations += p == PHASE_TRIAL;
    if (strcmp(m->status, "mistrusted") == 0) return append(t, new_line(key, j, p, "MISTRUSTED", m->reason), j->out);
    return append(t, timed_line(key, j, p, base, m), j->out);
}

/* Nothing may run far past its time; a second is always granted, and to a confirmation half of the key's share again.
 */
static double budget_of(const tuner_key *key, phase p) {
    const double end = p == PHASE_TRIAL  ? key->search_end_s
                       : p == PHASE_RACE ? key->end_s
                                         : key->end_s + key->share_s / 2;
    return fmax(end - tuner_now(), 1);
}

/* Experts are independent and their weights are read once, so candidates of that stage are tried with as many experts
 * as it takes to overflow the caches; races and confirmations have all of them. */
static mot_shape timed_shape(const tuner *t, const tuner_key *key, phase p) {
    mot_shape s = *key->shape;
    const size_t cold = 3 * (t->cpu.l3 ? t->cpu.l3 : (size_t)32 << 20),
                 expert = 2 * mot_dtype_bytes(t->options->dtype) * s.d_model * s.d_expert;
    size_t enough = cold / (expert ? expert : 1) + 4 * (size_t)t->options->threads;
    if (p == PHASE_TRIAL && key->stage == MOT_STAGE_EXPERTS && s.experts > enough) s.experts = enough;
    return s;
}

static bool time_jobs(tuner *t, tuner_key *key, job *const *jobs, size_t count, phase p, int rounds) {
    contestant side[TUNER_BATCH + 1] = {{.plan = key->incumbent, .name = "default"}};
    measurement *m = calloc(count + 1, sizeof *m);
    for (size_t i = 0; i < count; i++) side[i + 1] = (contestant){.plan = *jobs[i]->plan, .name = jobs[i]->name};
    measure_options options = {.threads = t->options->threads,
                               .cache = t->options->cache,
                               .rounds = rounds,
                               .budget_s = budget_of(key, p),
                               .seed = t->options->seed,
                               .drop = p == PHASE_TRIAL ? DROP : 0,
                               .progress = p == PHASE_CONFIRM ? NULL : keep_going,
                               .progress_data = t};
    const mot_shape shape = timed_shape(t, key, p);
    bool ok = m != NULL;
    if (!ok)
        snprintf(t->error, t->error_size, "out of memory");
    else
        ok = measure(side, count + 1, &shape, &options, m, t->error, t->error_size);
    if (ok && m[0].samples > 0)
        key->default_ns = median_of(&m[0]) * (double)key->shape->experts / (double)shape.experts;
    for (size_t i = 0; ok && i < count; i++) ok = record(t, key, jobs[i], p, &m[0], &m[i + 1]);
    free(m);
    return ok;
}

/* ---- all of it ------------------------------------------------------------------------------------------------- */

/* Candidates need time; the winner's confirmation is had even under an interrupt. */
static bool may_start(const tuner *t, const tuner_key *key, phase p) {
    if (p == PHASE_CONFIRM) return true;
    return !tuner_interrupted(t) && (p == PHASE_RACE || tuner_now() <= key->search_end_s);
}

bool tuner_time(tuner *t, tuner_key *key, const mot_plan *plans, size_t count, phase p, int rounds, timing *out) {
    job all[TUNER_BATCH], *open[TUNER_BATCH];
    size_t opened = 0;
    for (size_t i = 0; i < count; i++) {
        job *j = &all[i];
        *j = (job){.plan = &plans[i], .out = &out[i]};
        *j->out = (timing){.ratio = NAN};
        plan_print(j->name, sizeof j->name, &plans[i]);
        snprintf(j->id, sizeof j->id, "%s|%s|%d|%s", phase_names[p], key->text, rounds, j->name);
        const json_t *known = journal_find(t->journal, j->id);
        bool written = true;
        if (known)
            read_line(known, j->out);
        else if (may_start(t, key, p) && passes(t, key, j, p, &written))
            open[opened++] = j;
        if (!written) return false;
    }
    if (opened == 0) return true;
    return time_jobs(t, key, open, opened, p, rounds);
}

bool tuner_confirm(tuner *t, tuner_key *key, const mot_plan *plan, timing *out) {
    const int rounds = tuner_confirm_rounds(t, key);
    *out = (timing){.ratio = NAN, .high = INFINITY};
    if (rounds == 0) return true;
    if (!tuner_time(t, key, plan, 1, PHASE_CONFIRM, rounds, out)) return false;
    if (out->high < 1 && !tuner_passes_fully(t, key, plan)) *out = (timing){.ratio = INFINITY, .high = INFINITY};
    return true;
}
