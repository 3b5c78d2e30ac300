/* run_steps.c: see run_steps.h. */
#include "run_steps.h"
#include "check_run.h"
#include "interrupt.h"
#include "machine.h"
#include "progress.h"
#include "tune_run.h"
#include "verb.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const double ceilings_most_s = 8;
static const char *const tuned_shapes[] = {"g64t32e32d512h2048", "g32t32e32d256h1024"};
enum { TUNED_SHAPES = sizeof tuned_shapes / sizeof *tuned_shapes };

/* ---- doctor */

void run_doctor_step(run_state *r) {
    run_heading(r, "doctor");
    json_t *grades = machine_doctor();
    int worse = 0;
    for (size_t i = 0; i < json_array_size(grades); i++) {
        const char *name, *grade, *found, *advice;
        if (json_unpack(json_array_get(grades, i), "{s:s,s:s,s:s,s:s}", "name", &name, "grade", &grade, "found", &found,
                        "advice", &advice))
            continue;
        if (strcmp(grade, "warn") && strcmp(grade, "bad")) continue;
        fprintf(stderr, "%-5s %s: %s%s%s\n", grade, name, found, *advice ? "; " : "", advice);
        worse++;
    }
    if (!worse) fputs("nothing that disturbs timings was found\n", stderr);
    json_decref(grades);
}

/* ---- check */

static void say_failures(const check_rows *rows) {
    for (size_t i = 0; i < rows->count; i++) {
        char repro[400];
        if (!check_is_failure(rows->row[i].worst.verdict)) continue;
        check_repro(&rows->row[i], repro, sizeof repro);
        fprintf(stderr, "%s %s: %s\nREPRO: %s\n", verdict_name(rows->row[i].worst.verdict), rows->row[i].choice,
                rows->row[i].worst.reason, repro);
    }
}

/* What the headline times: layers of the best ISA, ours before those of peers. */
static bool is_headline(const subject *s, const options *o) {
    return s->kind == SUBJECT_LAYER && !s->cuda && (s->peer || s->isa == mot_isa_for(selection_cap(o), s->dtype));
}

static void keep_step(selection *s, const options *o, run_step step) {
    size_t kept = 0;
    for (size_t i = 0; i < s->count; i++)
        if (is_headline(&s->item[i], o) == (step == RUN_CHECK_LAYERS)) s->item[kept++] = s->item[i];
    s->count = kept;
}

static void check_step(run_state *r, run_step step) {
    mot_shape shapes[256];
    selection selected;
    check_rows rows = {0};
    options o = *r->options;
    if (run_has_bf16(&o)) o.dtypes = DTYPES_ALL;
    int code = selection_make(&selected, &o);
    if (code) {
        run_note(r, code);
        return;
    }
    selection_keep_default_peer(&selected);
    keep_step(&selected, &o, step);
    check_job job = {.options = &o,
                     .selection = &selected,
                     .shapes = shapes,
                     .deadline_s = run_step_end(&r->budget, step, clock_s()),
                     .samples = r->samples};
    job.shape_count = check_shapes(shapes, sizeof shapes / sizeof *shapes, "smoke", r->options->seed);
    if (!check_rows_run(&job, &rows)) code = verb_fail(r->options, EXIT_ENVIRONMENT, "out of memory");
    say_failures(&rows);
    r->unchecked += selected.count - rows.count;
    fprintf(stderr, "%d passed, %d failed, %d skipped, %zu not reached\n", rows.passed, rows.failed, rows.skipped,
            selected.count - rows.count);
    run_note(r, code ? code : rows.failed ? EXIT_CHECK : rows.write_failed ? EXIT_ENVIRONMENT : EXIT_OK);
    check_rows_free(&rows);
    selection_free(&selected);
}

/* The others follow when the headline has been timed. */
void run_check_layers_step(run_state *r) {
    if (interrupt_signal) return;
    run_heading(r, "check: the headline's layers");
    check_step(r, RUN_CHECK_LAYERS);
}

void run_check_rest_step(run_state *r) {
    if (interrupt_signal) return;
    run_heading(r, "check: the rest");
    check_step(r, RUN_CHECK_REST);
}

/* ---- ceilings */

void run_ceilings_step(run_state *r) {
    const double now = clock_s();
    if (interrupt_signal) return;
    run_heading(r, "ceilings");
    const double each_s = fmin(run_step_end(&r->budget, RUN_CEILINGS, now) - now, ceilings_most_s);
    run_note(r, peaks_measure(&r->peaks, r->options, each_s, r->samples));
    run_note(r, peaks_measure_gpu(&r->peaks, r->options, each_s, r->samples));
}

/* ---- tune */

void run_tune_step(run_state *r) {
    shape_list shapes = {0};
    tune_summary s = {0};
    problem p = {""};
    const double now = clock_s(), budget = run_step_end(&r->budget, RUN_TUNE, now) - now;
    if (interrupt_signal) return;
    run_heading(r, "tune");
    bool ok = true;
    for (int i = 0; i < TUNED_SHAPES; i++) ok = ok && shape_parse(&shapes, tuned_shapes[i], p.text, sizeof p.text);
    int code = ok ? tune_run_all(r->options, false, &shapes, fmax(budget, 1), r->path[RUN_PROFILE],
                                 r->path[RUN_JOURNAL], r->samples, &s)
                  : verb_fail(r->options, EXIT_ENVIRONMENT, "%s", p.text);
    fprintf(stderr, "%d keys, %d evaluations, %d faster than the default beyond their interval\n", s.keys,
            s.evaluations, s.kept);
    run_note(r, code);
    shape_list_free(&shapes);
}

/* ---- --dry-run */

int run_print_steps(const run_state *r) {
    const double total = r->budget.total_s;
    printf("doctor\ncheck smoke of the headline's layers, until %.0f s\nceilings, until %.0f s\n",
           run_step_share(RUN_CHECK_LAYERS) * total, run_step_share(RUN_CEILINGS) * total);
    for (int i = 0; i < TUNED_SHAPES; i++) printf("tune %s\n", tuned_shapes[i]);
    printf("until %.0f s; then bench, until %.0f s:\n", run_step_share(RUN_TUNE) * total,
           run_step_share(RUN_HEADLINE_BF16) * total);
    run_print_parts(r->options, false);
    printf("check smoke of the rest, until %.0f s; then bench, until %.0f s:\n", run_step_share(RUN_CHECK_REST) * total,
           run_step_share(RUN_REST) * total);
    run_print_parts(r->options, true);
    printf("report into %s and %s\n", r->path[RUN_HTML], r->path[RUN_MD]);
    return EXIT_OK;
}
