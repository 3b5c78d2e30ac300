#include "model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool is(const char *text, const char *what) { return strcasecmp(text, what) == 0; }
static bool failed(const char *v) { return is(v, "FAIL") || is(v, "CRASH") || is(v, "TIMEOUT") || is(v, "MISTRUSTED"); }

/* The worst verdict speaks for the choice. */
static int badness(const char *v) { return failed(v) ? 3 : is(v, "MARGINAL") ? 2 : is(v, "PASS") ? 1 : 0; }

static accuracy_row *accuracy_of(model *m, store *s, const check_record *c) {
    for (size_t i = 0; i < m->accuracy_count; i++)
        if (strcmp(m->accuracy[i].choice, c->choice) == 0) return &m->accuracy[i];
    accuracy_row *a = store_push(s, &m->accuracy, &m->accuracy_count, sizeof *a);
    *a = (accuracy_row){.choice = c->choice,
                        .stage = c->stage,
                        .verdict = c->verdict,
                        .reason = "",
                        .where = "",
                        .seed = c->seed,
                        .fraction = NAN,
                        .z_rms = NAN,
                        .z_max = NAN};
    return a;
}

static void larger(double *worst, double value) {
    if (isfinite(value) && !(*worst >= value)) *worst = value;
}

static void add_check(model *m, store *s, const check_record *c) {
    accuracy_row *a = accuracy_of(m, s, c);
    bool worse = badness(c->verdict) > badness(a->verdict);
    if (worse || !*a->where || (badness(c->verdict) == badness(a->verdict) && c->fraction > a->fraction)) {
        a->where = c->shape;
        a->seed = c->seed;
    }
    if (worse || a->shapes == 0) {
        a->verdict = c->verdict;
        a->reason = c->reason;
    }
    larger(&a->fraction, c->fraction);
    larger(&a->z_rms, c->z_rms);
    larger(&a->z_max, c->z_max);
    if (c->compared > 0) a->compared += c->compared;
    a->shapes++;
}

static bool alike(const skipped_row *a, const skipped_row *b) {
    return is(a->reason, b->reason) && is(a->kind, b->kind) && is(a->stage, b->stage);
}

static void add_skipped(model *m, store *s, const skipped_row *row) {
    for (size_t i = 0; i < m->skipped_count; i++) {
        skipped_row *k = &m->skipped[i];
        if (!is(k->name, row->name) || !alike(k, row)) continue;
        k->times++;
        return;
    }
    skipped_row *k = store_push(s, &m->skipped, &m->skipped_count, sizeof *k);
    *k = *row;
}

/* One line for all of a stage that were skipped alike. */
static void fold_skipped(model *m) {
    size_t kept = 0;
    for (size_t i = 0; i < m->skipped_count; i++) {
        size_t first = 0;
        while (first < kept && !alike(&m->skipped[first], &m->skipped[i])) first++;
        if (first == kept) {
            m->skipped[kept++] = m->skipped[i];
        } else {
            m->skipped[first].times += m->skipped[i].times;
            m->skipped[first].others++;
        }
    }
    m->skipped_count = kept;
}

static const char *or_none(const char *reason) { return *reason ? reason : "no reason given"; }

static void judge_all(model *m, store *s) {
    size_t passed = 0, marginal = 0, bad = 0, skipped = 0;
    double fraction = NAN, z = NAN;
    for (size_t i = 0; i < m->records->check_count; i++) {
        const check_record *c = &m->records->checks[i];
        passed += is(c->verdict, "PASS");
        marginal += is(c->verdict, "MARGINAL");
        bad += failed(c->verdict);
        skipped += is(c->verdict, "SKIP");
        larger(&fraction, c->fraction);
        larger(&z, c->z_rms);
    }
    char worst[96] = "", others[96] = "";
    if (isfinite(fraction) && isfinite(z))
        snprintf(worst, sizeof worst, "; worst error %.3g of its bound, worst rms z %.2f", fraction, z);
    if (skipped) snprintf(others, sizeof others, "; %zu skipped", skipped);
    m->verdict = bad ? "fail" : marginal ? "marginal" : passed ? "pass" : "unchecked";
    m->verdict_text =
        bad ? store_print(s, "%zu of %zu numerical checks failed%s", bad, passed + marginal + bad, others)
        : marginal
            ? store_print(s, "%zu of %zu numerical checks are marginal%s%s", marginal, passed + marginal, worst, others)
        : passed ? store_print(s, "all %zu numerical checks against the f64 oracle passed%s%s", passed, worst, others)
                 : "these files hold no check results: each timed choice passed its quick check before it was timed; "
                   "motbench check is the full one";
}

static int worst_first(const void *a, const void *b) {
    const accuracy_row *x = a, *y = b;
    if (badness(x->verdict) != badness(y->verdict)) return badness(y->verdict) - badness(x->verdict);
    int stage = strcmp(x->stage, y->stage);
    return stage ? stage : strcmp(x->choice, y->choice);
}

void model_checks(model *m, store *s) {
    for (size_t i = 0; i < m->records->check_count; i++) {
        const check_record *c = &m->records->checks[i];
        if (is(c->verdict, "SKIP"))
            add_skipped(m, s, &(skipped_row){c->choice, "check", c->stage, or_none(c->reason), 1, 0});
        else
            add_check(m, s, c);
    }
    for (size_t i = 0; i < m->records->bench_count; i++) {
        const bench_record *b = &m->records->benches[i];
        bool shown = b->time.value > 0 && !model_is_sweep(b); /* in its table, with its status */
        const char *kind = *b->status ? b->status : "unknown";
        if (!b->usable && !shown) add_skipped(m, s, &(skipped_row){b->name, kind, b->stage, or_none(b->reason), 1, 0});
    }
    fold_skipped(m);
    if (m->accuracy_count) qsort(m->accuracy, m->accuracy_count, sizeof *m->accuracy, worst_first);
    judge_all(m, s);
}
