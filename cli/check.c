/* check.c: `motbench check`. */
#include "check_run.h"
#include "interrupt.h"
#include "progress.h"
#include "verb.h"

#include <stdio.h>
#include <string.h>

enum { CHECK_SHAPES_MAX = 8192 };

/* These presets have shapes of their own for checking: small and odd rather than typical. */
static bool is_check_set(const char *name) {
    return !strcmp(name, "smoke") || !strcmp(name, "ci") || !strcmp(name, "full");
}

static size_t gather(const options *o, mot_shape *shapes) {
    size_t n = 0;
    if (o->sets == 0) return check_shapes(shapes, CHECK_SHAPES_MAX, "ci", o->seed);
    for (int i = 0; i < o->sets; i++) {
        const shape_set *set = &o->set[i];
        if (is_check_set(set->name))
            n += check_shapes(shapes + n, CHECK_SHAPES_MAX - n, set->name, o->seed);
        else
            for (size_t k = 0; k < set->list.count && n < CHECK_SHAPES_MAX; k++) shapes[n++] = set->list.item[k];
    }
    return n;
}

static void print_plan(const selection *selected, const mot_shape *shapes, size_t count) {
    for (size_t i = 0; i < selected->count; i++) puts(selected->item[i].name);
    for (size_t i = 0; i < count; i++) {
        char text[SHAPE_TEXT];
        shape_print(text, &shapes[i]);
        puts(text);
    }
}

static int report(const options *o, outputs *out, const check_rows *rows, const selection *selected, double seconds) {
    bool stopped = rows->count < selected->count || interrupt_signal;
    if (strcmp(o->format, "text"))
        for (size_t i = 0; i < rows->count; i++) {
            char repro[400];
            if (!check_is_failure(rows->row[i].worst.verdict)) continue;
            check_repro(&rows->row[i], repro, sizeof repro);
            fprintf(stderr, "REPRO: %s\n", repro);
        }
    int code = interrupt_exit_code(check_exit_code(rows, stopped));
    code = outputs_finish(out, check_write, rows, !stopped, code);
    fprintf(stderr, "%d passed, %d failed, %d skipped%s in %.1f s (seed %llu)\n", rows->passed, rows->failed,
            rows->skipped, stopped ? ", then stopped" : "", seconds, (unsigned long long)o->seed);
    if (rows->write_failed) code = verb_fail(o, EXIT_ENVIRONMENT, "the sample file could not be written");
    return code;
}

static int run_selected(options *o, const selection *selected) {
    static mot_shape shapes[CHECK_SHAPES_MAX];
    size_t count = gather(o, shapes);
    double start = clock_s();
    check_rows rows;
    outputs out;
    if (o->dry_run) {
        print_plan(selected, shapes, count);
        return EXIT_OK;
    }
    int code = outputs_open(&out, o, OUTPUT_SAMPLES);
    if (code) return code;
    check_job job = {.options = o,
                     .selection = selected,
                     .shapes = shapes,
                     .shape_count = count,
                     .settings = !o->choice_count,
                     .deadline_s = o->budget_s > 0 ? start + o->budget_s : 0,
                     .samples = out.samples};
    interrupt_catch();
    if (!check_rows_run(&job, &rows))
        return outputs_finish(&out, NULL, NULL, false, verb_fail(o, EXIT_ENVIRONMENT, "out of memory"));
    code = report(o, &out, &rows, selected, clock_s() - start);
    check_rows_free(&rows);
    return code;
}

static int run_check(options *o) {
    selection selected;
    int code = selection_make(&selected, o);
    for (size_t i = 0; !code && i < selected.count; i++)
        if (selected.item[i].cuda) code = require_gpu(o);
    if (!code) code = run_selected(o, &selected);
    selection_free(&selected);
    return code;
}

const verb verb_check = {
    .name = "check",
    .summary = "numerical agreement of every variant with the f64 oracle",
    .doc = "Checks variants and whole layers against the f64 oracle: exact integers, error bound, propagated variance, "
           "memory guards, properties. --shapes smoke, ci (default) or full: small odd shapes made for checking. "
           "As many checks run side by side as --threads says.",
    .args = "",
    .flags = FLAGS_SHAPES | FLAG(STAGE) | FLAG(ISA) | FLAG(DTYPE) | FLAG(FILTER) | FLAG(CHOICE) | FLAG(THREADS) |
             FLAG(CPUS) | FLAG(SEED) | FLAG(TIMEOUT) | FLAG(BUDGET) | FLAG(DRY_RUN) | FLAGS_OUTPUT,
    .formats = "text json jsonl csv md junit",
    .outputs = "also write FILE: samples (.jsonl) or the table (.json .csv .md .txt .xml)",
    .dtypes = DTYPES_ALL,
    .run = run_check,
};
