/* ceilings.c: which peaks to measure, on which working sets, in rounds that interleave them. */
#include "ceilings.h"

#include "ceilings_sets.h"
#include "ceilings_team.h"
#include "cpu.h"
#include "registry.h"
#include "timer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = CEILING_ROUNDS };
static const int64_t SHORTEST_NS = 100000;

typedef struct plan {
    int count;
    team_job job[CEILING_MAX];
    ceilings *out; /* names, units, threads and sizes of the same jobs */
} plan;

/* Of f32, and of all that only moves bytes. */
static const peak_kernels *kernels_of(mot_isa isa) {
    return isa >= MOT_ISA_AVX512 ? &peak_avx512 : isa == MOT_ISA_AVX2 ? &peak_avx2 : &peak_scalar;
}

static void add(plan *p, const char *name, team_job job) {
    if (p->count == CEILING_MAX) return;
    ceiling *c = &p->out->item[p->count];
    snprintf(c->name, sizeof c->name, "%s", name);
    strcpy(c->unit, job.kind == TEAM_FMA ? "GFLOP/s" : "GB/s");
    c->threads = job.members;
    c->bytes = job.set * (size_t)job.members;
    p->job[p->count++] = job;
    p->out->count = p->count;
}

/* ---- the plan ---- */

static void plan_compute(plan *p, int threads) {
    for (mot_isa isa = MOT_ISA_SCALAR; isa <= mot_isa_for(mot_cpu_isa(), MOT_F32); isa++) {
        char name[32];
        snprintf(name, sizeof name, "fma_%s_f32", mot_isa_name(isa));
        add(p, name, (team_job){.kind = TEAM_FMA, .kernels = kernels_of(isa), .members = threads});
    }
    if (mot_cpu_isa() >= MOT_ISA_AVX512BF16)
        add(p, "fma_avx512bf16_bf16", (team_job){.kind = TEAM_FMA, .kernels = &peak_avx512bf16, .members = threads});
    if (mot_cpu_isa() >= MOT_ISA_AMX)
        add(p, "fma_amx_bf16", (team_job){.kind = TEAM_FMA, .kernels = &peak_amx, .members = threads});
}

static void plan_memory(plan *p, const topology *t, int threads) {
    team_job job = {.kind = TEAM_READ, .kernels = kernels_of(mot_cpu_isa()), .members = threads, .resident = true};
    static const char *const names[] = {"read_L1", "read_L2", "read_L3"};
    for (int level = 1; level <= 3; level++)
        if ((job.set = ceilings_cache_set(t, level, threads)) > 0) add(p, names[level - 1], job);
    job.resident = false;
    if ((job.set = ceilings_dram_set(t, threads)) == 0) return;
    add(p, "read_DRAM", job);
    job.kind = TEAM_COPY;
    add(p, "copy_DRAM", job);
    job.kind = TEAM_COPY_NT;
    add(p, "copy_nt_DRAM", job);
}

static void make_plan(plan *p, const topology *t, int threads) {
    plan_compute(p, 1);
    plan_memory(p, t, 1);
    if (threads == 1) return;
    plan_compute(p, threads);
    plan_memory(p, t, threads);
}

static team *gather(const plan *p, const topology *t, int threads, char *error, size_t error_size) {
    size_t *bytes = calloc((size_t)threads, sizeof *bytes);
    if (!bytes) return snprintf(error, error_size, "out of memory"), NULL;
    for (int j = 0; j < p->count; j++)
        for (int i = 0; i < p->job[j].members; i++)
            if (p->job[j].set > bytes[i]) bytes[i] = p->job[j].set;
    team *team = team_create(t, threads, bytes, error, error_size);
    free(bytes);
    return team;
}

/* ---- rounds and statistics ---- */

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The 2nd and the 8th of 9 enclose the median in 96 % of all cases, whatever the distribution. */
void ceiling_summarise(ceiling *c) {
    double rate[ROUNDS];
    memcpy(rate, c->rate, sizeof rate);
    qsort(rate, ROUNDS, sizeof *rate, by_value);
    c->median = rate[ROUNDS / 2];
    c->low = rate[1];
    c->high = rate[ROUNDS - 2];
}

static void run_rounds(plan *p, team *team, double seconds) {
    int64_t slice = (int64_t)(seconds * 1e9 / (p->count * ROUNDS));
    if (slice < SHORTEST_NS) slice = SHORTEST_NS;
    for (int round = 0; round < ROUNDS; round++)
        for (int i = 0; i < p->count; i++) {
            const int j = (i + round) % p->count;
            p->job[j].ns = slice;
            p->out->item[j].rate[round] = team_run(team, &p->job[j]);
        }
}

static bool refuse(const topology *t, int threads, char *error, size_t error_size) {
    const timer_facts timer = timer_validate();
    if (threads < 1 || threads > t->cpu_count)
        snprintf(error, error_size, "%d threads: this process may use 1 to %d", threads, t->cpu_count);
    else if (!timer.usable)
        snprintf(error, error_size, "the timer is not usable: %s", timer.reason);
    else
        return false;
    return true;
}

bool ceilings_measure(ceilings *out, int threads, double budget_s, char *error, size_t error_size) {
    const int64_t begin = timer_now();
    topology t;
    memset(out, 0, sizeof *out);
    if (!topology_load(&t)) return snprintf(error, error_size, "the topology cannot be read"), false;
    if (refuse(&t, threads, error, error_size)) return false;
    plan p = {.out = out};
    make_plan(&p, &t, threads);
    team *team = gather(&p, &t, threads, error, error_size);
    if (!team) return out->count = 0, false;
    /* A tenth is kept for warming up and waking. */
    run_rounds(&p, team, 0.9 * (budget_s - (double)(timer_now() - begin) * 1e-9));
    for (int j = 0; j < p.count; j++) ceiling_summarise(&out->item[j]);
    const bool stayed = team_stayed(team);
    team_destroy(team);
    if (stayed) return true;
    out->count = 0;
    return snprintf(error, error_size, "a pinned thread was moved to another CPU; is something changing affinities?"),
           false;
}
