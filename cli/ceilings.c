/* ceilings.c: measures peaks, for `motbench ceilings` and for the runs that relate times to them. */
#include "cuda_device.h"
#include "interrupt.h"
#include "outputs.h"
#include "peaks.h"
#include "selection.h"
#include "verb.h"

#include <stdio.h>
#include <string.h>

static const double default_budget_s = 8;

/* One measurement may hold several thread counts. */
static bool holds(const ceilings *c, int threads) {
    for (int i = 0; i < c->count; i++)
        if (c->item[i].threads == threads) return true;
    return false;
}

const ceilings *peaks_for(const peaks *p, int threads) {
    for (int i = 0; i < p->count; i++)
        if (holds(&p->of[i], threads)) return &p->of[i];
    return NULL;
}

const ceilings *peaks_of_gpu(const peaks *p) { return p->gpu.count ? &p->gpu : NULL; }

static bool store(samples_writer *w, const ceilings *c) {
    for (int i = 0; i < c->count; i++)
        if (!samples_ceiling(w, &c->item[i])) return false;
    return true;
}

/* The largest count first: the smaller ones may come with it. */
static int largest_missing(const peaks *p, const options *o) {
    int largest = 0;
    for (int i = 0; i < o->thread_counts; i++)
        if (o->threads[i] > largest && !peaks_for(p, o->threads[i])) largest = o->threads[i];
    return largest;
}

int peaks_measure(peaks *p, const options *o, double budget_s, samples_writer *samples) {
    int threads;
    *p = (peaks){0};
    while (!interrupt_signal && (threads = largest_missing(p, o))) {
        char error[256] = "no ceiling was measured";
        ceilings *c = &p->of[p->count++];
        double share_s = budget_s / o->thread_counts;
        fprintf(stderr, "ceilings on %d thread%s: about %.0f s\n", threads, threads == 1 ? "" : "s", share_s);
        if (!ceilings_measure(c, threads, share_s, error, sizeof error) || !holds(c, threads))
            return verb_fail(o, EXIT_ENVIRONMENT, "ceilings: %s", error);
        if (!store(samples, c)) return verb_fail(o, EXIT_ENVIRONMENT, "the sample file could not be written");
    }
    return EXIT_OK;
}

int peaks_measure_gpu(peaks *p, const options *o, double budget_s, samples_writer *samples) {
    char note[256];
    if (interrupt_signal) return EXIT_OK;
    if (cuda_why_none()) {
        fprintf(stderr, "ceilings of the GPU: SKIP: %s\n", cuda_why_none());
        return EXIT_OK;
    }
    fprintf(stderr, "ceilings on the GPU: about %.0f s\n", budget_s);
    if (!ceilings_measure_cuda(&p->gpu, budget_s, note, sizeof note))
        return verb_fail(o, EXIT_ENVIRONMENT, "ceilings: %s", note);
    if (*note) fprintf(stderr, "ceilings of the GPU: SKIP: %s\n", note);
    return store(samples, &p->gpu) ? EXIT_OK : verb_fail(o, EXIT_ENVIRONMENT, "the sample file could not be written");
}

static void add_rows(table *t, const ceilings *of, const options *o) {
    for (int k = 0; k < of->count; k++) {
        const ceiling *c = &of->item[k];
        if (!filter_keeps(o->filter, c->name)) continue;
        table_number(t, c->threads,
                     c->threads == 0   ? "on the GPU"
                     : c->threads == 1 ? "%.0f thread"
                                       : "%.0f threads",
                     c->threads);
        table_text(t, c->name);
        table_number(t, c->median, "%.1f", c->median);
        table_number(t, c->low, "%.1f", c->low);
        table_number(t, c->high, "%.1f", c->high);
        table_text(t, c->unit);
        if (c->bytes)
            table_number(t, (double)c->bytes, "%.0f", (double)c->bytes / 1024);
        else
            table_none(t);
    }
}

static table *make_table(const peaks *p, const options *o) {
    static const column columns[] = {{"threads", "", COLUMN_HEADING},
                                     {"name", "ceiling", 0},
                                     {"median", "median", 0},
                                     {"low", "low", 0},
                                     {"high", "high", 0},
                                     {"unit", "unit", 0},
                                     {"bytes", "KiB", 0}};
    table *t = table_new(columns, sizeof columns / sizeof *columns);
    for (int i = 0; i < p->count; i++) add_rows(t, &p->of[i], o);
    add_rows(t, &p->gpu, o);
    return t;
}

static int run_ceilings(options *o) {
    static peaks p;
    outputs out;
    int code = selection_check_threads(o);
    if (!code) code = require_gpu(o);
    if (!code) code = outputs_open(&out, o, OUTPUT_SAMPLES);
    if (code) return code;
    interrupt_catch();
    /* The GPU gets as much as one thread count. */
    const double each_s = o->budget_s > 0 ? o->budget_s / (o->thread_counts + !cuda_why_none()) : default_budget_s;
    code = peaks_measure(&p, o, each_s * o->thread_counts, out.samples);
    if (!code) code = peaks_measure_gpu(&p, o, each_s, out.samples);
    code = interrupt_exit_code(code);
    table *t = make_table(&p, o);
    if (!code && table_rows(t) == 0)
        code = verb_fail(o, EXIT_USAGE, "--filter matches no ceiling; `motbench ceilings` names them");
    code = outputs_finish(&out, table_rows(t) ? table_output : NULL, t, !interrupt_signal, code);
    table_free(t);
    return code;
}

const verb verb_ceilings = {
    .name = "ceilings",
    .summary = "measures this machine's peaks: FMA per ISA and data type, bandwidth per memory level; GPU too",
    .doc =
        "Measures the peaks that times are related to: fused multiply-adds per instruction set and data type, read "
        "and copy bandwidth of each level of the memory; on a GPU the bandwidth of a copy in its memory and the rate "
        "of cuBLAS for each data type.",
    .args = "",
    .flags = FLAG(FILTER) | FLAG(THREADS) | FLAG(CPUS) | FLAG(SEED) | FLAG(BUDGET) | FLAGS_OUTPUT,
    .formats = "text json jsonl csv md",
    .outputs = "also write FILE: samples (.jsonl) or the table (.json .csv .md .txt)",
    .run = run_ceilings,
};
