/* run.c: `motbench run`: everything in order within a budget. */
#include "run_steps.h"
#include "interrupt.h"
#include "progress.h"
#include "report.h"
#include "selection.h"
#include "verb.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const double default_budget_s = 120;
static const double usual_prep_s = 1e-9; /* until the first part has shown how long preparing takes here */

void run_heading(run_state *r, const char *what) {
    fprintf(stderr, "\n== %s (%.0f of %.0f s used)\n", what, clock_s() - r->budget.start_s, r->budget.total_s);
}

/* Of several exit codes the one that matters most is kept. */
void run_note(run_state *r, int code) {
    static const int order[] = {EXIT_CHECK, EXIT_ENVIRONMENT, EXIT_USAGE, EXIT_INCONCLUSIVE};
    for (size_t i = 0; i < sizeof order / sizeof *order; i++)
        if (code == order[i] || r->code == order[i]) {
            r->code = order[i];
            return;
        }
}

/* ---- the folder */

static int prepare_folder(const options *o, const char *folder) {
    struct stat st;
    if (mkdir(folder, 0777) != 0 && errno != EEXIST)
        return verb_fail(o, EXIT_ENVIRONMENT, "cannot make the folder '%.200s': %s", folder, strerror(errno));
    if (stat(folder, &st) != 0 || !S_ISDIR(st.st_mode))
        return verb_fail(o, EXIT_ENVIRONMENT, "'%.200s' is no folder: --out-dir names one", folder);
    if (access(folder, W_OK | X_OK) == 0) return EXIT_OK;
    return verb_fail(o, EXIT_ENVIRONMENT, "cannot write to '%.200s': %s", folder, strerror(errno));
}

static bool name_files(run_state *r, const char *folder) {
    static const char *const names[RUN_FILES] = {"samples.jsonl", "profile.json", "trials.jsonl", "report.html",
                                                 "report.md"};
    for (int i = 0; i < RUN_FILES; i++)
        if (snprintf(r->path[i], sizeof r->path[i], "%s/%s", folder, names[i]) >= (int)sizeof r->path[i]) return false;
    return true;
}

/* ---- the report */

/* Beside its name until it is whole. */
static bool write_file(const report *r, const char *path, const char *format) {
    char temporary[4096 + 16];
    snprintf(temporary, sizeof temporary, "%s.partial", path);
    FILE *file = fopen(temporary, "we");
    bool ok = file && report_write(r, format, file) && fflush(file) == 0 && fsync(fileno(file)) == 0;
    if (file && fclose(file) != 0) ok = false;
    return ok && rename(temporary, path) == 0;
}

static void write_reports(run_state *r) {
    const char *samples = r->path[RUN_SAMPLES],
               *profile = access(r->path[RUN_PROFILE], R_OK) == 0 ? r->path[RUN_PROFILE] : NULL;
    char error[512] = "";
    report *report = NULL;
    run_heading(r, "report");
    if (!report_load(&report, &samples, 1, profile, error, sizeof error)) {
        run_note(r, verb_fail(r->options, EXIT_ENVIRONMENT, "report: %s", error));
        return;
    }
    for (int i = RUN_HTML; i <= RUN_MD; i++)
        if (!write_file(report, r->path[i], i == RUN_HTML ? "html" : "md"))
            run_note(r,
                     verb_fail(r->options, EXIT_ENVIRONMENT, "cannot write '%.200s': %s", r->path[i], strerror(errno)));
    if (!report_write(report, "text", stdout)) run_note(r, EXIT_ENVIRONMENT);
    report_free(report);
}

static void print_files(const run_state *r) {
    static const struct {
        int file;
        const char *what;
    } shown[] = {{RUN_HTML, "report"}, {RUN_MD, "report"}, {RUN_PROFILE, "profile"}, {RUN_SAMPLES, "samples"}};
    putchar('\n');
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
        if (access(r->path[shown[i].file], F_OK) == 0) printf("%-8s %s\n", shown[i].what, r->path[shown[i].file]);
}

/* ---- the verb */

static void say_left_out(const run_state *r) {
    char checks[64] = "";
    if (r->unchecked) snprintf(checks, sizeof checks, "%s%zu checks", *r->left_out ? ", " : "", r->unchecked);
    if (*r->left_out || r->unchecked)
        fprintf(stderr, "did not fit in %.0f s: %s%s; give a longer --budget\n", r->budget.total_s, r->left_out,
                checks);
}

static int run_steps(run_state *r) {
    char error[256];
    if (!samples_open(&r->samples, r->path[RUN_SAMPLES], r->options->argc, r->options->argv, r->options->seed, error,
                      sizeof error))
        return verb_fail(r->options, EXIT_ENVIRONMENT, "'%.200s': %s", r->path[RUN_SAMPLES], error);
    interrupt_catch();
    run_doctor_step(r);
    run_check_layers_step(r);
    run_ceilings_step(r);
    run_tune_step(r);
    run_headline_step(r);
    run_check_rest_step(r);
    run_rest_step(r);
    int code = interrupt_exit_code(r->code);
    if (!samples_close(r->samples, !interrupt_signal, code))
        run_note(r, verb_fail(r->options, EXIT_ENVIRONMENT, "cannot write '%.200s'", r->path[RUN_SAMPLES]));
    write_reports(r);
    print_files(r);
    say_left_out(r);
    return interrupt_exit_code(r->code);
}

static int run_run(options *o) {
    static run_state r;
    const char *folder = o->out_dir ? o->out_dir : "motbench-out";
    r = (run_state){
        .options = o, .budget = {clock_s(), o->budget_s > 0 ? o->budget_s : default_budget_s}, .prep_s = usual_prep_s};
    int code = selection_check_threads(o);
    if (!code && o->thread_counts > 1) code = verb_fail(o, EXIT_USAGE, "--threads: give one thread count");
    if (!code && !name_files(&r, folder)) code = verb_fail(o, EXIT_USAGE, "--out-dir: the path is too long");
    if (!code && o->dry_run) return run_print_steps(&r);
    if (!code) code = prepare_folder(o, folder);
    return code ? code : run_steps(&r);
}

const verb verb_run = {
    .name = "run",
    .summary = "all of it in order within --budget: doctor, check, ceilings, tune, bench, report",
    .doc = "Checks, measures and tunes this machine on the paper's configuration, the headline before all the rest, "
           "and leaves samples.jsonl, profile.json, "
           "report.html and report.md in --out-dir. Default budget: 120 s.",
    .args = "",
    .flags = FLAG(DTYPE) | FLAG(THREADS) | FLAG(CPUS) | FLAG(SEED) | FLAG(BUDGET) | FLAG(DRY_RUN) | FLAG(OUT_DIR),
    .formats = "",
    .outputs = "",
    .run = run_run,
};
