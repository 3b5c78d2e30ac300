/* bench_run.c: see bench_run.h. */
#include "bench_run.h"
#include "check.h"
#include "check_run.h"
#include "interrupt.h"
#include "progress.h"
#include "verb.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double default_job_s = 20, quick_job_s = 8;

typedef struct watch {
    progress *progress;
    const char *item;
    int done;
    double first_s; /* when the first sample was there; 0: not yet */
} watch;

static bool keep_on(void *data, int done, int total) {
    watch *w = data;
    if (done && w->first_s == 0) w->first_s = clock_s();
    progress_show(w->progress, w->done, total ? (double)done / total : 0, w->item);
    return !interrupt_signal;
}

/* What is filled, packed, run and checked before a job's first sample, in bytes: portable code, the slowest, does 16
 * FLOPs or so while a byte is filled and packed. */
static double work_of(const bench_job *job) {
    static const double flops_per_byte = 16;
    double work = 0;
    for (const contestant *c = job->contestant; c < job->contestant + job->count; c++) {
        const mot_shape *shape = contestant_shape(c, &job->shape);
        mot_stage stage = c->plan.steps == 1 ? c->plan.step[0].variant->stage : MOT_STAGE_LAYER;
        work += mot_stage_bytes(stage, shape, job->dtype) + mot_stage_flops(stage, shape) / flops_per_byte;
    }
    return work;
}
static double prep_of(const bench_run *run, const bench_job *job) { return run->prep_s * work_of(job); }

/* Layers and the dense FFN beside them: twice as many contestants. */
static double weight_of(const bench_job *job) { return bench_has_dense(job) ? 2 : 1; }

/* A share of the time that the samples of the remaining jobs have, and the job's own preparation. */
static double budget_of(const bench_run *run, const bench_job *job) {
    const double least_s = fmax(run->least_s, 0.2);
    double left = run->deadline_s - clock_s(), weights = 0;
    if (run->deadline_s <= 0) return weight_of(job) * (run->options->quick ? quick_job_s : default_job_s);
    for (size_t i = run->done; i < run->jobs->count; i++) {
        left -= prep_of(run, &run->jobs->item[i]);
        weights += weight_of(&run->jobs->item[i]);
    }
    return prep_of(run, job) + fmax(left * weight_of(job) / weights, least_s);
}

static measure_options options_of(const bench_run *run, const bench_job *job, watch *w) {
    const options *o = run->options;
    return (measure_options){.threads = job->threads,
                             .cache = job->cache,
                             .rounds = o->repeat  ? o->repeat
                                       : o->quick ? 8
                                                  : 0,
                             .min_time_s = o->min_time_s,
                             .max_noise = o->max_noise,
                             .budget_s = budget_of(run, job),
                             .seed = o->seed,
                             .counters = o->counters,
                             .progress = keep_on,
                             .progress_data = w};
}

static bool is_failure(const bench_job *job, const contestant *c) {
    return check_is_failure(check_before_timing(&c->plan, contestant_shape(c, &job->shape)).verdict);
}

/* What a skipped row means for the exit code: a failed check or a machine that cannot run it. */
static void count(bench_run *run, const bench_job *job, const measurement *results) {
    for (size_t i = 0; i < job->count; i++) {
        const measurement *m = &results[i];
        if (strcmp(m->status, "skipped"))
            run->timed++;
        else if (is_failure(job, &job->contestant[i]))
            run->failed++;
        else
            run->skipped++;
        run->inconclusive += !strcmp(m->status, "inconclusive");
    }
}

static void note_best(progress *p, const bench_job *job, const measurement *results) {
    size_t best = job->count;
    for (size_t i = 0; i < job->count && !(best < i && job->contestant[i].own.groups); i++) /* of layers, if any */
        if (results[i].median_ns > 0 && (best == job->count || results[i].median_ns < results[best].median_ns))
            best = i;
    if (best < job->count) progress_best(p, "%.60s %.3g ms", job->contestant[best].name, results[best].median_ns / 1e6);
}

const ceilings *bench_ceilings(const bench_run *run, const bench_job *job) {
    return job->cuda ? peaks_of_gpu(run->peaks) : peaks_for(run->peaks, job->threads);
}

static bool store(const bench_run *run, const bench_job *job, const measure_options *o, const measurement *results) {
    for (size_t i = 0; i < job->count; i++)
        if (!samples_bench(run->samples, &job->contestant[i], &job->shape, o, &results[i], bench_ceilings(run, job),
                           job->group))
            return false;
    return true;
}

/* A budget is kept by leaving out what cannot be prepared in time; how long that takes shows in the jobs before. */
static bool fits(const bench_run *run, const bench_job *job) {
    double end_s = run->last_s > 0 ? run->last_s : run->deadline_s;
    return end_s <= 0 || run->prep_s == 0 || clock_s() + prep_of(run, job) < end_s;
}

/* Checks come first, so that what is learned of preparing is of preparing alone; measure finds their verdicts. False:
 * they have taken the time that there was. */
static bool is_checked_in_time(const bench_run *run, const bench_job *job) {
    for (size_t i = 0; i < job->count && !interrupt_signal && fits(run, job); i++) is_failure(job, &job->contestant[i]);
    return fits(run, job);
}

/* Some of it goes by the call rather than by the byte: the rest says how long a larger job would take. */
static void learn_prep(bench_run *run, const bench_job *job, double prep_s) {
    const double fixed_s = 0.1 * (double)job->count;
    run->prep_s = fmax(prep_s - fixed_s, 0) / work_of(job) + 1e-10;
}

static bool run_job(bench_run *run, const bench_job *job, progress *p) {
    static measurement results[CONTESTANTS_MAX];
    char shape[SHAPE_TEXT], item[SHAPE_TEXT + 48], why[256] = "";
    shape_print(shape, &job->shape);
    snprintf(item, sizeof item, "%s %s t%d %s %s", job->stage, shape, job->threads, cache_state_name(job->cache),
             mot_dtype_name(job->dtype));
    watch w = {.progress = p, .item = item, .done = (int)run->done};
    progress_show(p, (int)run->done, 0, item);
    measure_options o = options_of(run, job, &w);
    memset(results, 0, sizeof results);
    double begin_s = clock_s();
    if (!measure(job->contestant, job->count, &job->shape, &o, results, why, sizeof why)) {
        snprintf(run->error, sizeof run->error, "%s: %s", item, why);
        return false;
    }
    learn_prep(run, job, (w.first_s > 0 ? w.first_s : clock_s()) - begin_s);
    if (!store(run, job, &o, results)) {
        const char *trouble = samples_error(run->samples);
        snprintf(run->error, sizeof run->error, "%s", trouble ? trouble : "the sample file could not be written");
        return false;
    }
    bench_table_rows(run->table, run, job, &o, results);
    if (run->against) bench_peers_add(run->against, job, &o, results, bench_ceilings(run, job));
    count(run, job, results);
    note_best(p, job, results);
    return true;
}

static int exit_code(const bench_run *run) {
    if (run->error[0]) return verb_fail(run->options, EXIT_ENVIRONMENT, "%s", run->error);
    if (run->failed) return EXIT_CHECK;
    if (run->inconclusive && run->options->strict) return EXIT_INCONCLUSIVE;
    return run->timed == 0 && run->skipped ? EXIT_SKIPPED : EXIT_OK;
}

int bench_run_jobs(bench_run *run) {
    progress p;
    progress_begin(&p, run->title, (int)run->jobs->count);
    while (run->done < run->jobs->count && !interrupt_signal) {
        const bench_job *job = &run->jobs->item[run->done];
        if (run->deadline_s > 0 && clock_s() > run->deadline_s) break;
        if (!is_checked_in_time(run, job))
            run->unfit++;
        else if (!run_job(run, job, &p))
            break;
        run->done++;
        progress_show(&p, (int)run->done, 0, "");
    }
    progress_end(&p);
    return exit_code(run);
}
