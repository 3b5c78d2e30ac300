/* check_run.c: runs the checks and keeps the worst of each subject. */
#include "check_run.h"
#include "progress.h"
#include "interrupt.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SETTING_SHAPES = 6 }; /* other knob settings are checked on this many shapes */
static const double default_timeout_s = 60;

static bool stopped(const check_job *job) {
    return interrupt_signal || (job->deadline_s > 0 && clock_s() > job->deadline_s);
}

/* How bad: what was not run, what passed, what only z complains of, and the rest. */
static int rank(verdict v) { return v == VERDICT_SKIP ? 0 : v == VERDICT_PASS ? 1 : v == VERDICT_MARGINAL ? 2 : 3; }

/* One check that is about to be run. */
typedef struct trial {
    check_row *row;
    const mot_shape *shape;
    const char *choice;
    int threads;
} trial;

static void absorb(const trial *t, const check_result *r) {
    check_row *row = t->row;
    check_result *worst = &row->worst;
    double fraction = fmax(worst->fraction, r->fraction), rms = fmax(worst->z_rms, r->z_rms),
           max = fmax(worst->z_max, r->z_max);
    size_t compared = worst->compared + r->compared;
    if (row->trials++ == 0 || rank(r->verdict) > rank(worst->verdict)) {
        *worst = *r;
        row->shape = *t->shape;
        row->threads = t->threads;
        snprintf(row->choice, sizeof row->choice, "%s", t->choice);
    }
    worst->fraction = fraction;
    worst->z_rms = rms;
    worst->z_max = max;
    worst->compared = compared;
}

static check_result run_trial(const check_job *job, const trial *t, const mot_choice *setting) {
    const subject *s = t->row->subject;
    const options *o = job->options;
    check_options with = {
        .seed = o->seed, .threads = t->threads, .strided = true, .enter = s->peer ? s->peer->enter : NULL};
    check_result none = {.verdict = VERDICT_SKIP, .reason = "no variant supports this shape", .seed = o->seed};
    mot_plan plan;
    if (s->kind == SUBJECT_PROPERTIES) return check_properties(t->shape, s->isa, s->dtype, o->seed);
    if (!subject_plan(s, t->shape, &plan)) return none;
    if (setting) plan.step[0] = *setting;
    return check_plan_forked(&plan, t->shape, &with, o->timeout_s > 0 ? o->timeout_s : default_timeout_s);
}

static void check_one(const check_job *job, check_rows *rows, trial *t, const mot_choice *setting) {
    check_result r = run_trial(job, t, setting);
    absorb(t, &r);
    if (r.verdict == VERDICT_SKIP) return;
    if (!samples_check(job->samples, t->choice, t->shape, t->row->subject->stage, &r)) rows->write_failed = true;
}

/* The subject as it is selected, over all shapes and thread counts. */
static void check_default(const check_job *job, check_rows *rows, check_row *row, progress *p, int done) {
    for (size_t i = 0; i < job->shape_count && !stopped(job); i++) {
        bool ran = false;
        for (int n = 0; n < job->options->thread_counts && !stopped(job); n++) {
            trial t = {row, &job->shapes[i], row->subject->name, job->options->threads[n]};
            size_t before = row->worst.compared;
            check_one(job, rows, &t, NULL);
            ran |= row->worst.compared > before || check_is_failure(row->worst.verdict);
            if (row->subject->kind == SUBJECT_PROPERTIES) break; /* it tries thread counts by itself */
        }
        row->shapes += ran;
        progress_show(p, done, (double)i / (double)job->shape_count, row->subject->name);
    }
}

/* Every other value of every knob, one at a time, on a few shapes. */
static void check_settings(const check_job *job, check_rows *rows, check_row *row) {
    const mot_variant *v = row->subject->choice.variant;
    for (int k = 0; k < v->knob_count; k++)
        for (int i = 0; i < v->knobs[k].count; i++) {
            mot_choice setting = {v, mot_config_default(v)};
            char name[SUBJECT_NAME];
            setting.config.value[k] = v->knobs[k].values[i];
            if (v->knobs[k].values[i] == v->knobs[k].preset || !mot_config_legal(v, &setting.config)) continue;
            mot_choice_print(name, sizeof name, &setting);
            row->settings++;
            for (size_t n = 0; n < job->shape_count && n < SETTING_SHAPES && !stopped(job); n++) {
                trial t = {row, &job->shapes[n], name, job->options->threads[0]};
                check_one(job, rows, &t, &setting);
            }
        }
}

static void count_row(check_rows *rows, const check_row *row) {
    if (row->worst.verdict == VERDICT_SKIP)
        rows->skipped++;
    else if (check_is_failure(row->worst.verdict))
        rows->failed++;
    else
        rows->passed++;
}

static void check_subject(const check_job *job, check_rows *rows, check_row *row, progress *p, int done) {
    const char *reason = subject_why_not(row->subject, job->options);
    double start = clock_s();
    snprintf(row->choice, sizeof row->choice, "%s", row->subject->name);
    row->settings = 1;
    if (reason) {
        row->worst.verdict = VERDICT_SKIP;
        snprintf(row->worst.reason, sizeof row->worst.reason, "%s", reason);
    } else {
        check_default(job, rows, row, p, done);
        if (job->settings && row->subject->kind == SUBJECT_STAGE && !row->subject->peer) check_settings(job, rows, row);
    }
    row->seconds = clock_s() - start;
    count_row(rows, row);
}

/* Properties run in this process and may start threads, after which a fork could not use OpenMP: they come last. */
bool check_rows_run(const check_job *job, check_rows *rows) {
    progress p;
    *rows = (check_rows){.row = calloc(job->selection->count, sizeof *rows->row)};
    if (!rows->row) return false;
    progress_begin(&p, "check", (int)job->selection->count);
    for (size_t i = 0; i < job->selection->count && !stopped(job); i++) {
        check_row *row = &rows->row[rows->count++];
        row->subject = &job->selection->item[i];
        row->worst.seed = job->options->seed;
        check_subject(job, rows, row, &p, (int)i);
        if (rows->failed) progress_best(&p, "%d FAILED", rows->failed);
        progress_show(&p, (int)i + 1, 0, row->subject->name);
    }
    progress_end(&p);
    return true;
}

void check_rows_free(check_rows *rows) {
    free(rows->row);
    *rows = (check_rows){0};
}
