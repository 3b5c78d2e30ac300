/* run_steps.c: see run_steps.h. */
#include "run_steps.h"
#include "bench_run.h"
#include "check_run.h"
#include "interrupt.h"
#include "machine.h"
#include "progress.h"
#include "tune_run.h"
#include "verb.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* When each step ends, as a share of the budget; a step that needs less leaves the rest to those after it. */
static const double check_end = 0.15, ceilings_share = 0.06, tune_end = 0.45, bench_end = 0.97;
static const char *const tuned_shapes[] = {"g64t32e32d512h2048", "g32t32e32d256h1024"};
enum { TUNED_SHAPES = sizeof tuned_shapes / sizeof *tuned_shapes };

#define STAGE(name) (1u << MOT_STAGE_##name)

/* What is timed, in this order, with a share of the time that is left then. The first is small and shows how
 * long preparing takes on this machine. The sweeps are the presets' at half the
 * widths, so that they fit, and begin with the points that say most. */
static const struct part {
    const char *what, *group;
    const char *shapes; /* separated by blanks */
    uint32_t stages;
    const char *filter; /* or NULL */
    double share;
    bool best_isa; /* the variants of the best ISA and the peers only */
} parts[] = {
    {"layers at half the paper's widths", "", "g32t32e32d256h1024", STAGE(LAYER), NULL, 0.12, false},
    {"layers of the paper's configuration", "", "g64t32e32d512h2048", STAGE(LAYER), NULL, 0.30, false},
    {"its small stages", "", "g64t32e32d512h2048", STAGE(ROUTE) | STAGE(MIX) | STAGE(FRONT) | STAGE(REDISTRIBUTE), NULL,
     0.20, false},
    {"its experts", "", "g64t32e32d512h2048", STAGE(EXPERTS), NULL, 0.35, true},
    {"sweep over the group size", "sweep-group",
     "g512t2e2d256h1024 g128t8e8d256h1024 g32t32e32d256h1024 g8t128e128d256h1024 g256t4e4d256h1024 g64t16e16d256h1024 "
     "g16t64e64d256h1024",
     STAGE(LAYER), "^layer_(avx|tuned|openblas)", 0.45, false},
    {"sweep over the number of experts", "sweep-experts",
     "g32t32e8d256h1024 g32t32e32,128d256h1024 g32t32e16,64d256h1024", STAGE(LAYER), "^layer_(avx|tuned|openblas)",
     0.50, false},
    {"decode", "", "g1,4t32e32d512h2048", STAGE(LAYER), "^layer_(avx|tuned|openblas)", 0.55, false},
    {"sweep over the granularity", "sweep-granularity",
     "g32t32e32d256h1024 g32t32e128d256h256 g32t32e512d256h64 g32t32e64d256h512 g32t32e256d256h128", STAGE(LAYER),
     "^layer_(avx|tuned|openblas)", 1, false},
};
enum { PARTS = sizeof parts / sizeof *parts };

static double deadline(const run_state *r, double share) { return r->start_s + share * r->budget_s; }

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

void run_check_step(run_state *r) {
    mot_shape shapes[256];
    selection selected;
    check_rows rows = {0};
    run_heading(r, "check");
    int code = selection_make(&selected, r->options);
    selection_keep_default_peer(&selected);
    check_job job = {.options = r->options,
                     .selection = &selected,
                     .shapes = shapes,
                     .deadline_s = deadline(r, check_end),
                     .samples = r->samples};
    job.shape_count = check_shapes(shapes, sizeof shapes / sizeof *shapes, "smoke", r->options->seed);
    if (!code && !check_rows_run(&job, &rows)) code = verb_fail(r->options, EXIT_ENVIRONMENT, "out of memory");
    for (size_t i = 0; i < rows.count; i++) {
        char repro[400];
        if (!check_is_failure(rows.row[i].worst.verdict)) continue;
        check_repro(&rows.row[i], repro, sizeof repro);
        fprintf(stderr, "%s %s: %s\nREPRO: %s\n", verdict_name(rows.row[i].worst.verdict), rows.row[i].choice,
                rows.row[i].worst.reason, repro);
    }
    fprintf(stderr, "%d passed, %d failed, %d skipped, %zu not reached\n", rows.passed, rows.failed, rows.skipped,
            selected.count - rows.count);
    run_note(r, code ? code : rows.failed ? EXIT_CHECK : rows.write_failed ? EXIT_ENVIRONMENT : EXIT_OK);
    check_rows_free(&rows);
    selection_free(&selected);
}

/* ---- ceilings */

void run_ceilings_step(run_state *r) {
    if (interrupt_signal) return;
    run_heading(r, "ceilings");
    run_note(r, peaks_measure(&r->peaks, r->options, fmin(ceilings_share * r->budget_s, 8), r->samples));
}

/* ---- tune */

void run_tune_step(run_state *r) {
    shape_list shapes = {0};
    tune_summary s = {0};
    problem p = {""};
    double budget = deadline(r, tune_end) - clock_s();
    if (interrupt_signal) return;
    run_heading(r, "tune");
    bool ok = true;
    for (int i = 0; i < TUNED_SHAPES; i++) ok = ok && shape_parse(&shapes, tuned_shapes[i], p.text, sizeof p.text);
    int code = ok ? tune_run_all(r->options, &shapes, fmax(budget, 1), r->path[RUN_PROFILE], r->path[RUN_JOURNAL],
                                 r->samples, &s)
                  : verb_fail(r->options, EXIT_ENVIRONMENT, "%s", p.text);
    fprintf(stderr, "%d keys, %d evaluations, %d faster than the default beyond their interval\n", s.keys,
            s.evaluations, s.kept);
    run_note(r, code);
    shape_list_free(&shapes);
}

/* ---- bench */

static bool add_shapes(shape_list *list, const char *texts, problem *p) {
    char copy[400], *rest = copy, *text;
    snprintf(copy, sizeof copy, "%s", texts);
    while ((text = strsep(&rest, " ")))
        if (!shape_parse(list, text, p->text, sizeof p->text)) return false;
    return true;
}

/* The flags that `motbench bench` would have got for this part. */
static bool part_options(options *o, const options *from, const struct part *part, const char *profile, problem *p) {
    *o = *from;
    memset(o->kept, 0, sizeof o->kept); /* those stay with their owner */
    o->sets = 1;
    o->filter = NULL;
    o->stages = part->stages;
    if (part->best_isa) o->isas = 1u << selection_cap(o);
    o->profile = profile;
    o->set[0] = (shape_set){.name = part->group};
    return add_shapes(&o->set[0].list, part->shapes, p) && (!part->filter || filter_new(&o->filter, part->filter, p)) &&
           counters_parse(&o->counters, "auto", p->text, sizeof p->text);
}

/* False: nothing can be timed here at all. */
static bool bench_part(run_state *r, const struct part *part, const mot_profile *profile) {
    options o;
    problem p = {""};
    bench_jobs jobs = {0};
    double left = deadline(r, bench_end) - clock_s();
    bool ok = part_options(&o, r->options, part, r->path[RUN_PROFILE], &p);
    int code = ok ? bench_jobs_make(&jobs, &o, profile) : verb_fail(r->options, EXIT_ENVIRONMENT, "%s", p.text);
    table *t = bench_table(&o);
    bench_run run = {.options = &o,
                     .jobs = &jobs,
                     .peaks = &r->peaks,
                     .samples = r->samples,
                     .table = t,
                     .title = part->what,
                     .prep_s = r->prep_s,
                     .last_s = deadline(r, bench_end),
                     .deadline_s = clock_s() + fmax(left, 0) * part->share};
    if (!code && left > 0) code = bench_run_jobs(&run);
    if (code != EXIT_ENVIRONMENT) r->left_out += (int)(jobs.count - run.done + run.unfit);
    r->prep_s = run.prep_s;
    run_note(r, code);
    table_free(t);
    bench_jobs_free(&jobs);
    options_free(&o);
    return code != EXIT_ENVIRONMENT;
}

void run_bench_step(run_state *r) {
    mot_profile *profile = NULL;
    if (interrupt_signal) return;
    run_heading(r, "bench");
    if (mot_profile_load(&profile, r->path[RUN_PROFILE]) != MOT_OK) profile = NULL; /* nothing was gained by tuning */
    for (int i = 0; i < PARTS && !interrupt_signal; i++)
        if (!bench_part(r, &parts[i], profile)) break;
    mot_profile_destroy(profile);
}

int run_print_steps(const run_state *r) {
    printf("doctor\ncheck smoke, until %.0f s\nceilings, %.0f s\n", check_end * r->budget_s,
           fmin(ceilings_share * r->budget_s, 8));
    for (int i = 0; i < TUNED_SHAPES; i++) printf("tune %s\n", tuned_shapes[i]);
    printf("until %.0f s; then bench, until %.0f s:\n", tune_end * r->budget_s, bench_end * r->budget_s);
    for (int i = 0; i < PARTS; i++) printf("  %s (%s)\n", parts[i].what, parts[i].shapes);
    printf("report into %s and %s\n", r->path[RUN_HTML], r->path[RUN_MD]);
    return EXIT_OK;
}
