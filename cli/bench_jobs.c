/* bench_jobs.c: see bench_jobs.h. */
#include "bench_jobs.h"
#include "cuda_device.h"
#include "cpu.h"
#include "profile.h"
#include "selection.h"
#include "tune.h"
#include "verb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the jobs are made from. */
typedef struct maker {
    bench_jobs *jobs;
    const options *options;
    const mot_profile *profile;
    size_t offered; /* contestants before the filter */
    bool memory;
    uint32_t said; /* DTYPE() bits whose CUDA kernels have their rows that say why they are skipped */
} maker;

/* ---- contestants */

static mot_isa isa_of(const mot_plan *plan) {
    mot_isa isa = MOT_ISA_SCALAR;
    for (int i = 0; i < plan->steps; i++)
        if (plan->step[i].variant->isa > isa) isa = plan->step[i].variant->isa;
    return isa;
}

static bool same_choice(const mot_choice *a, const mot_choice *b) {
    return a->variant == b->variant && !memcmp(&a->config, &b->config, sizeof a->config);
}

static bool is_choice(const char *text, const contestant *c) {
    mot_choice choice;
    if (!strcmp(text, c->name)) return true;
    if (c->plan.steps != 1 || c->own.groups) return false; /* the dense FFN has an experts kernel too */
    return mot_choice_parse(&choice, text, candidate_find) && same_choice(&choice, &c->plan.step[0]);
}

static bool is_chosen(const options *o, const contestant *c) {
    for (int i = 0; i < o->choice_count; i++)
        if (is_choice(o->choices[i], c)) return true;
    return o->choice_count == 0;
}

/* Who names a choice has asked for it. */
static bool is_wanted_peer(const options *o, const peer *p, mot_dtype dtype) {
    return o->peers || o->choice_count || p == peer_default(dtype);
}

static bool wanted(const options *o, const contestant *c) {
    const peer *p = candidate_peer(c->plan.step[0].variant);
    const bool of_isa = plan_is_cuda(&c->plan) ? selection_has_cuda(o) : selection_has_isa(o, isa_of(&c->plan));
    return (p ? is_wanted_peer(o, p, mot_plan_dtype(&c->plan)) : of_isa) && filter_keeps(o->filter, c->name) &&
           is_chosen(o, c);
}

static void free_names(bench_job *job) {
    for (int i = 0; i < MAX_CHOICES; i++) free(job->own_name[i]);
}

static void keep_wanted(const maker *m, bench_job *job) {
    size_t kept = 0;
    for (size_t i = 0; i < job->count; i++)
        if (wanted(m->options, &job->contestant[i])) job->contestant[kept++] = job->contestant[i];
    job->count = kept;
}

static bool has_name(const bench_job *job, const char *name) {
    for (size_t i = 0; i < job->count; i++)
        if (!strcmp(job->contestant[i].name, name)) return true;
    return false;
}

/* A choice that the contestants do not have yet. */
static void add_choice(bench_job *job, const mot_choice *choice) {
    for (size_t i = 0; i < job->count; i++)
        if (same_choice(&job->contestant[i].plan.step[0], choice)) return;
    if (job->count == CONTESTANTS_MAX || !choice->variant->supports(&job->shape, &choice->config)) return;
    char name[160];
    mot_choice_print(name, sizeof name, choice);
    /* A variant's plain name means that it runs as suits the shape. */
    if (has_name(job, name)) mot_choice_spell(name, sizeof name, choice);
    int free_name = 0;
    while (job->own_name[free_name]) free_name++;
    job->own_name[free_name] = strdup(name);
    const contestant added = {.plan = {.steps = 1, .step = {*choice}}, .name = job->own_name[free_name]};
    if (added.name) job->contestant[job->count++] = added;
}

/* One with knobs that the stage's contestants do not have. */
static void add_chosen(bench_job *job, mot_stage stage, const char *text) {
    mot_choice choice;
    if (!has_name(job, text) && mot_choice_parse(&choice, text, candidate_find) && choice.variant->stage == stage &&
        choice.variant->dtype == job->dtype && !candidate_cuda(choice.variant))
        add_choice(job, &choice);
}

static void gather_stage(const maker *m, bench_job *job, mot_stage stage) {
    mot_isa cap = selection_cap(m->options);
    mot_choice choice;
    job->count = contestants_for_stage(stage, &job->shape, job->dtype, cap, job->contestant, CONTESTANTS_MAX);
    for (int i = 0; i < m->options->choice_count; i++) add_chosen(job, stage, m->options->choices[i]);
    if (!m->options->choice_count &&
        mot_profile_stage(m->profile, stage, &job->shape, cap, job->dtype, job->threads, &choice))
        add_choice(job, &choice);
}

/* Interleaved with the layers, so that the two are compared round by round. */
static void add_dense(bench_job *job, mot_isa cap) {
    mot_shape dense;
    if (dense_ffn_shape(&job->shape, &dense))
        job->count +=
            contestants_for_dense(&dense, job->dtype, cap, job->contestant + job->count, CONTESTANTS_MAX - job->count);
}

static void gather_layer(const maker *m, bench_job *job) {
    mot_isa cap = selection_cap(m->options);
    mot_plan tuned;
    bool has = mot_profile_layer(m->profile, &job->shape, cap, job->dtype, job->threads, &tuned);
    job->count =
        contestants_for_layer(&job->shape, job->dtype, cap, has ? &tuned : NULL, job->contestant, CONTESTANTS_MAX);
    add_dense(job, cap);
}

/* ---- jobs */

static bool append(bench_jobs *jobs, const bench_job *job) {
    if (jobs->count == jobs->capacity) {
        size_t capacity = jobs->capacity ? 2 * jobs->capacity : 32;
        bench_job *grown = realloc(jobs->item, capacity * sizeof *grown);
        if (!grown) return false;
        jobs->item = grown;
        jobs->capacity = capacity;
    }
    jobs->item[jobs->count++] = *job;
    return true;
}

static void add_job(maker *m, bench_job *job) {
    m->offered += job->count;
    keep_wanted(m, job);
    if (job->count && (m->memory = m->memory && append(m->jobs, job))) return;
    free_names(job);
}

static bool has_stage(const options *o, mot_stage s) { return !o->stages || (o->stages >> s & 1); }

static void make_stages(maker *m, const bench_job *condition) {
    for (int s = 0; s < MOT_STAGE_COUNT; s++) {
        bench_job job = *condition;
        if (!has_stage(m->options, (mot_stage)s)) continue;
        job.stage = mot_stage_name((mot_stage)s);
        if (s == MOT_STAGE_LAYER)
            gather_layer(m, &job);
        else
            gather_stage(m, &job, (mot_stage)s);
        add_job(m, &job);
    }
}

/* What the GPU's profile has for this layer. */
static void add_tuned(const maker *m, bench_job *job) {
    static const char *const name[] = {"layer_cuda_tuned", "layer_bf16_cuda_tuned"};
    char path[4096];
    mot_plan plan;
    if (cuda_why_none() || job->count == CONTESTANTS_MAX || !tune_cuda_path(path, sizeof path, m->options->profile))
        return;
    if (tune_find_cuda_layer(path, &job->shape, job->dtype, &plan))
        job->contestant[job->count++] = (contestant){.plan = plan, .name = name[job->dtype]};
}

/* Where no GPU can be used, the first shape's rows say so for all. */
static void make_cuda(maker *m, const bench_job *condition) {
    if (cuda_why_none() && m->said >> condition->dtype & 1) return;
    m->said |= 1u << condition->dtype;
    for (int s = 0; s < MOT_STAGE_COUNT; s++) {
        bench_job job = *condition;
        if (!has_stage(m->options, (mot_stage)s)) continue;
        job.stage = mot_stage_name((mot_stage)s);
        job.cuda = true, job.threads = 1;
        job.count = contestants_for_cuda((mot_stage)s, &job.shape, job.dtype, job.contestant, CONTESTANTS_MAX);
        if (s == MOT_STAGE_LAYER) add_tuned(m, &job);
        add_job(m, &job);
    }
}

static void make_conditions(maker *m, const mot_shape *shape, const char *group) {
    const options *o = m->options;
    uint32_t caches = o->caches ? o->caches : 1u << CACHE_COLD_WEIGHTS;
    for (int n = 0; n < o->thread_counts; n++)
        for (int c = 0; c < CACHE_STATE_COUNT; c++)
            for (mot_dtype d = MOT_F32; d <= MOT_BF16; d++) {
                bench_job condition = {
                    .shape = *shape, .group = group, .threads = o->threads[n], .cache = (cache_state)c, .dtype = d};
                if (!(caches >> c & 1) || !options_dtype(o, d)) continue;
                if (selection_has_cpu(o)) make_stages(m, &condition);
                if (n == 0) make_cuda(m, &condition);
            }
}

/* The highest that any of the data types has variants for. */
static mot_isa top_isa(const options *o) {
    return options_dtype(o, MOT_BF16) ? mot_isa_top(MOT_BF16) : mot_isa_top(MOT_F32);
}

static int refuse(const maker *m) {
    const options *o = m->options;
    if (!m->memory) return verb_fail(o, EXIT_ENVIRONMENT, "out of memory");
    for (mot_isa isa = MOT_ISA_SCALAR; isa <= top_isa(o); isa++)
        if ((o->isas >> isa & 1) && isa > selection_cap(o))
            return verb_fail(o, EXIT_SKIPPED, "--isa %s: skipped: %s", mot_isa_name(isa),
                             mot_cpu_why_not(isa) ? mot_cpu_why_not(isa) : "MOT_ISA is lower");
    return verb_fail(
        o, EXIT_USAGE,
        "--stage, --isa, --dtype, --filter and --choice leave none of %zu candidates; `motbench list variants` names "
        "them%s",
        m->offered, o->peers || peer_count() < 2 ? "" : ", --peers adds all peer libraries");
}

/* The first choice that no job has, or NULL. */
static const char *unmet_choice(const bench_jobs *jobs, const options *o) {
    for (int c = 0; c < o->choice_count; c++) {
        bool met = false;
        for (size_t i = 0; i < jobs->count && !met; i++)
            for (size_t k = 0; k < jobs->item[i].count && !met; k++)
                met = is_choice(o->choices[c], &jobs->item[i].contestant[k]);
        if (!met) return o->choices[c];
    }
    return NULL;
}

int bench_jobs_make(bench_jobs *jobs, const options *o, const mot_profile *profile) {
    maker m = {jobs, o, profile, 0, true, 0};
    *jobs = (bench_jobs){0};
    for (int i = 0; i < o->sets; i++) {
        const char *group = strncmp(o->set[i].name, "sweep-", 6) ? "" : o->set[i].name;
        for (size_t n = 0; n < o->set[i].list.count; n++) make_conditions(&m, &o->set[i].list.item[n], group);
    }
    for (size_t i = 0; m.memory && i < jobs->count; i++)
        if (jobs->item[i].cuda) return require_gpu(o);
    const char *unmet = unmet_choice(jobs, o);
    if (!jobs->count || !m.memory) return refuse(&m);
    if (!unmet) return EXIT_OK;
    return verb_fail(o, EXIT_USAGE,
                     "--choice '%.100s' is unknown or fits none of the shapes; `motbench list variants` names all",
                     unmet);
}

void bench_jobs_free(bench_jobs *jobs) {
    for (size_t i = 0; i < jobs->count; i++) free_names(&jobs->item[i]);
    free(jobs->item);
    *jobs = (bench_jobs){0};
}

void bench_jobs_print(const bench_jobs *jobs) {
    for (size_t i = 0; i < jobs->count; i++) {
        const bench_job *job = &jobs->item[i];
        char shape[SHAPE_TEXT], where[16] = "gpu";
        if (!job->cuda) snprintf(where, sizeof where, "t%d", job->threads);
        for (size_t n = 0; n < job->count; n++) {
            shape_print(shape, contestant_shape(&job->contestant[n], &job->shape));
            printf("%s/%s/%s/%s\n", job->contestant[n].name, shape, where, cache_state_name(job->cache));
        }
    }
}

const char *bench_stage(const bench_job *job, const contestant *c) { return c->own.groups ? "dense" : job->stage; }

bool bench_has_dense(const bench_job *job) { return job->contestant[job->count - 1].own.groups > 0; }

int bench_profile(mot_profile **out, const options *o) {
    *out = NULL;
    if (!selection_has_cpu(o)) return EXIT_OK;
    mot_status status = o->profile ? mot_profile_load(out, o->profile) : mot_profile_find(out);
    if (status == MOT_OK || (!o->profile && status == MOT_ERROR_PROFILE_NOT_FOUND)) return EXIT_OK;
    if (o->profile) return verb_fail(o, EXIT_USAGE, "--profile '%.200s': %s", o->profile, mot_status_string(status));
    fprintf(stderr, "motbench %s: the machine's profile is left out: %s; `motbench tune` writes a new one\n",
            o->verb->name, mot_status_string(status));
    return EXIT_OK;
}
