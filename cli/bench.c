/* bench.c: `motbench bench`. */
#include "bench_run.h"
#include "interrupt.h"
#include "outputs.h"
#include "progress.h"
#include "selection.h"
#include "verb.h"

#include <stdio.h>
#include <string.h>

static const double ceilings_s = 3; /* per thread count: enough to relate times to */

/* The headline configuration of the paper where no shape is given. */
static int default_shape(options *o) {
    problem p;
    if (o->sets) return EXIT_OK;
    o->set[o->sets++] = (shape_set){.name = ""};
    if (shape_parse(&o->set[0].list, "g64t32e32d512h2048", p.text, sizeof p.text)) return EXIT_OK;
    return verb_fail(o, EXIT_ENVIRONMENT, "%s", p.text);
}

static int settle_counters(options *o) {
    problem p;
    if (!options_seen(o, FLAG_COUNTERS) && !counters_parse(&o->counters, "auto", p.text, sizeof p.text))
        return verb_fail(o, EXIT_ENVIRONMENT, "%s", p.text);
    for (int i = 0; o->require_counters && i < o->counters.count; i++) {
        const char *reason = counters_why_not(o->counters.name[i]);
        if (reason)
            return verb_fail(o, EXIT_ENVIRONMENT, "--require-counters: %s: n/a (%s)", o->counters.name[i], reason);
    }
    return EXIT_OK;
}

static void say_result(const bench_run *run) {
    fprintf(stderr, "%d timed, %d skipped, %d failed their check", run->timed, run->skipped, run->failed);
    if (run->inconclusive) fprintf(stderr, ", %d inconclusive", run->inconclusive);
    if (run->done < run->jobs->count)
        fprintf(stderr, "; %zu of %zu comparisons not begun or not finished (%s)", run->jobs->count - run->done,
                run->jobs->count,
                interrupt_signal ? "interrupted"
                : run->error[0]  ? "stopped"
                                 : "budget");
    if (run->unfit) fprintf(stderr, "; %zu left out: preparing them takes longer than the budget", run->unfit);
    if (run->options->quick || (run->options->repeat && run->options->repeat < 12))
        fputs("; exploratory: few rounds", stderr);
    fputc('\n', stderr);
}

static void say_peers(void) {
    for (size_t i = 0; i < peer_count(); i++) fprintf(stderr, "peer: %s\n", peer_at(i)->version());
    if (peer_count() == 0) fputs("built without any peer library\n", stderr);
}

/* Why bf16 stands alone; f32 does so only where no library was built in at all. */
static void say_no_peer(const options *o) {
    if (options_dtype(o, MOT_BF16) && peer_count() && !peer_default(MOT_BF16))
        fputs("bf16 has no peer here: of the libraries that may be built in only oneDNN and LIBXSMM multiply it, on a "
              "processor with AVX512_BF16\n",
              stderr);
}

/* The rows, then, where they were asked for, the lines against the best peer. */
static bool write_tables(const void *data, const char *format, FILE *file, bool colours) {
    const bench_run *run = data;
    const bool json = !strcmp(format, "json");
    if (!run->against) return table_output(run->table, format, file, colours);
    table *lines = bench_peers_table(run->against);
    fputs(json ? "{\"rows\": " : "", file);
    bool ok = table_output(run->table, format, file, colours);
    fputs(json                       ? ", \"peers\": "
          : !strcmp(format, "jsonl") ? ""
          : !strcmp(format, "md")    ? "\n## Ours against the best peer\n\n"
                                     : "\n",
          file);
    ok = table_output(lines, format, file, colours) && ok;
    fputs(json ? "}\n" : "", file);
    table_free(lines);
    return fflush(file) == 0 && ok;
}

/* Of what the jobs run on. */
static int measure_peaks(peaks *p, const options *o, const bench_jobs *jobs, samples_writer *samples) {
    bool cpu = false, gpu = false;
    int code = EXIT_OK;
    for (size_t i = 0; i < jobs->count; i++) *(jobs->item[i].cuda ? &gpu : &cpu) = true;
    if (cpu) code = peaks_measure(p, o, ceilings_s * o->thread_counts, samples);
    return code || !gpu ? code : peaks_measure_gpu(p, o, ceilings_s, samples);
}

static int run_jobs(options *o, const bench_jobs *jobs) {
    static peaks p;
    outputs out;
    double start = clock_s();
    int code = outputs_open(&out, o, OUTPUT_SAMPLES);
    if (code) return code;
    interrupt_catch();
    table *t = bench_table(o);
    if (o->peers) say_peers();
    say_no_peer(o);
    if (!o->no_ceilings) code = measure_peaks(&p, o, jobs, out.samples);
    bench_run run = {.options = o,
                     .jobs = jobs,
                     .peaks = &p,
                     .samples = out.samples,
                     .table = t,
                     .against = o->peers ? bench_peers_new() : NULL,
                     .title = "bench",
                     .deadline_s = o->budget_s > 0 ? start + o->budget_s : 0};
    if (!code) code = bench_run_jobs(&run);
    code = interrupt_exit_code(code);
    code = outputs_finish(&out, write_tables, &run, !interrupt_signal && !run.error[0], code);
    say_result(&run);
    bench_peers_free(run.against);
    table_free(t);
    return code;
}

static int run_bench(options *o) {
    bench_jobs jobs = {0};
    mot_profile *profile = NULL;
    int code = default_shape(o);
    if (!code) code = selection_check_threads(o);
    if (!code) code = settle_counters(o);
    if (!code) code = bench_profile(&profile, o);
    if (!code) code = bench_jobs_make(&jobs, o, profile);
    if (!code && o->dry_run)
        bench_jobs_print(&jobs);
    else if (!code)
        code = run_jobs(o, &jobs);
    bench_jobs_free(&jobs);
    mot_profile_destroy(profile);
    return code;
}

const verb verb_bench = {
    .name = "bench",
    .summary = "times variants and layers over shapes, threads and cache states",
    .doc = "Times all candidates of a stage, whole layers and the FLOP-matched dense FFN against each other, "
           "interleaved, after "
           "each has passed its check. Default: g64t32e32d512h2048, all CPUs, cold weights, 20 s a comparison; of "
           "peer libraries OpenBLAS only (in bf16 oneDNN), with --peers all that were built.",
    .args = "",
    .flags = FLAGS_SHAPES | FLAG(STAGE) | FLAG(ISA) | FLAG(DTYPE) | FLAG(FILTER) | FLAG(CHOICE) | FLAG(THREADS) |
             FLAG(CPUS) | FLAG(CACHE) | FLAG(COUNTERS) | FLAG(REQUIRE_COUNTERS) | FLAG(SEED) | FLAG(REPEAT) |
             FLAG(MIN_TIME) | FLAG(MAX_NOISE) | FLAG(BUDGET) | FLAG(QUICK) | FLAG(STRICT) | FLAG(NO_CEILINGS) |
             FLAG(PROFILE) | FLAG(PEERS) | FLAG(DRY_RUN) | FLAGS_OUTPUT,
    .formats = "text json jsonl csv md",
    .outputs = "also write FILE: samples (.jsonl) or the table (.json .csv .md .txt)",
    .run = run_bench,
};
