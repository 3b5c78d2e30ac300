/* check_run.c: runs the checks and keeps the worst of each subject. */
#include "check_run.h"
#include "interrupt.h"
#include "progress.h"

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

/* One check that is about to be run, or under way. */
typedef struct trial {
    const mot_shape *shape;
    char choice[SUBJECT_NAME];
    int threads;
    bool selected; /* the subject as it is selected, not another setting of its knobs */
    check_pending pending;
} trial;

/* The checks of one subject, which run side by side; they are told of in the order in which they began. */
typedef struct trials {
    const check_job *job;
    check_rows *rows;
    check_row *row;
    const mot_shape *counted; /* the last shape of row->shapes */
    trial item[CHECK_MOST_AT_ONCE];
    int first, count;
} trials;

static void absorb(trials *ts, const trial *t, const check_result *r) {
    check_row *row = ts->row;
    check_result *worst = &row->worst;
    double fraction = fmax(worst->fraction, r->fraction), rms = fmax(worst->z_rms, r->z_rms),
           max = fmax(worst->z_max, r->z_max);
    size_t compared = worst->compared + r->compared;
    if (t->selected && (r->compared || check_is_failure(r->verdict)) && ts->counted != t->shape)
        row->shapes++, ts->counted = t->shape;
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

/* The oldest one, if it has ended. */
static bool take_first(trials *ts) {
    trial *t = &ts->item[ts->first];
    if (!ts->count || t->pending.pid) return false;
    const check_result r = check_plan_end(&t->pending);
    ts->first = (ts->first + 1) % CHECK_MOST_AT_ONCE, ts->count--;
    absorb(ts, t, &r);
    if (r.verdict != VERDICT_SKIP && !samples_check(ts->job->samples, t->choice, t->shape, ts->row->subject->stage, &r))
        ts->rows->write_failed = true;
    return true;
}

/* Until at most so many run. */
static void wait_until(trials *ts, int most) {
    for (;;) {
        check_pending *running[CHECK_MOST_AT_ONCE];
        int n = 0;
        while (take_first(ts)) continue;
        for (int i = 0; i < ts->count; i++) {
            trial *t = &ts->item[(ts->first + i) % CHECK_MOST_AT_ONCE];
            if (t->pending.pid) running[n++] = &t->pending;
        }
        if (n <= most && ts->count < CHECK_MOST_AT_ONCE) return;
        check_plan_end_any(running, n);
    }
}

/* As many as --threads says, each on one CPU. */
static int most_at_once(const options *o) {
    int most = 1;
    for (int i = 0; i < o->thread_counts; i++)
        if (o->threads[i] > most) most = o->threads[i];
    return most < CHECK_MOST_AT_ONCE ? most : CHECK_MOST_AT_ONCE;
}

static check_pending begin(const check_job *job, const subject *s, const trial *t, const mot_choice *setting) {
    const options *o = job->options;
    const check_options with = {
        .seed = o->seed, .threads = t->threads, .strided = true, .enter = s->peer ? s->peer->enter : NULL};
    check_pending none = {.result = {.verdict = VERDICT_SKIP, .seed = o->seed}};
    mot_plan plan;
    snprintf(none.result.reason, sizeof none.result.reason, "no variant supports this shape");
    if (s->kind == SUBJECT_PROPERTIES) return none.result = check_properties(t->shape, s->isa, s->dtype, o->seed), none;
    if (!subject_plan(s, t->shape, &plan)) return none;
    if (setting) plan.step[0] = *setting;
    return check_plan_begin(&plan, t->shape, &with, o->timeout_s > 0 ? o->timeout_s : default_timeout_s);
}

/* setting: NULL for the subject as it is selected. */
static void check_one(trials *ts, const mot_shape *shape, int threads, const char *choice, const mot_choice *setting) {
    const subject *s = ts->row->subject;
    const int most = check_fit_side_by_side(shape, s->dtype, most_at_once(ts->job->options));
    wait_until(ts, most - 1);
    trial *t = &ts->item[(ts->first + ts->count) % CHECK_MOST_AT_ONCE];
    *t = (trial){.shape = shape, .threads = threads, .selected = !setting};
    snprintf(t->choice, sizeof t->choice, "%s", choice);
    t->pending = begin(ts->job, s, t, setting);
    ts->count++;
}

/* The subject as it is selected, over all shapes and thread counts. */
static void check_default(trials *ts, progress *p, int done) {
    const check_job *job = ts->job;
    const subject *s = ts->row->subject;
    for (size_t i = 0; i < job->shape_count && !stopped(job); i++) {
        for (int n = 0; n < job->options->thread_counts && !stopped(job); n++) {
            check_one(ts, &job->shapes[i], job->options->threads[n], s->name, NULL);
            if (s->kind == SUBJECT_PROPERTIES) break; /* it tries thread counts by itself */
        }
        progress_show(p, done, (double)i / (double)job->shape_count, s->name);
    }
}

/* Every other value of every knob, one at a time, on a few shapes. */
static void check_settings(trials *ts) {
    const check_job *job = ts->job;
    const mot_variant *v = ts->row->subject->choice.variant;
    for (int k = 0; k < v->knob_count; k++)
        for (int i = 0; i < v->knobs[k].count; i++) {
            mot_choice setting = {v, mot_config_default(v)};
            char name[SUBJECT_NAME];
            setting.config.value[k] = v->knobs[k].values[i];
            if (v->knobs[k].values[i] == v->knobs[k].preset || !mot_config_legal(v, &setting.config)) continue;
            mot_choice_print(name, sizeof name, &setting);
            ts->row->settings++;
            for (size_t n = 0; n < job->shape_count && n < SETTING_SHAPES && !stopped(job); n++)
                check_one(ts, &job->shapes[n], job->options->threads[0], name, &setting);
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
        trials ts = {.job = job, .rows = rows, .row = row};
        check_default(&ts, p, done);
        if (job->settings && row->subject->kind == SUBJECT_STAGE && !row->subject->peer) check_settings(&ts);
        wait_until(&ts, 0);
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
