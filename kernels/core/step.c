/* step.c: one step of a plan, its units shared evenly among threads. */
#include "plan.h"

#include "threads.h"

static size_t thread_scratch_bytes(const mot_choice *c, const mot_shape *s) {
    return c->variant->scratch_bytes ? mot_align64(c->variant->scratch_bytes(s, &c->config)) : 0;
}

size_t mot_step_scratch_bytes(const mot_choice *c, const mot_shape *s, int threads) {
    size_t bytes;
    return __builtin_mul_overflow(thread_scratch_bytes(c, s), (size_t)threads, &bytes) ? SIZE_MAX : bytes;
}

/* What a thread needs to know to take its share of n units. */
typedef struct job {
    const mot_choice *choice;
    const mot_shape *shape;
    const mot_tensors *tensors;
    void *packed;
    size_t units, scratch;
    int threads;
} job;

static mot_range share_of(const job *j, int i) {
    const size_t threads = (size_t)j->threads, k = (size_t)i;
    return (mot_range){mot_share(j->units, threads, k), mot_share(j->units, threads, k + 1)};
}

static void run_share(void *data, int i) {
    const job *j = data;
    const mot_range r = share_of(j, i);
    if (r.begin == r.end) return;
    mot_tensors t = *j->tensors;
    t.scratch = (char *)t.scratch + j->scratch * (size_t)i;
    j->choice->variant->run(j->shape, &t, &j->choice->config, r);
}

static void run_job(mot_task task, job *j) {
    if ((size_t)j->threads > j->units) j->threads = (int)j->units;
    if (j->threads > 0) mot_threads_run(task, j, j->threads);
}

/* Waking a thread takes microseconds: each gets work for as long at least, by a rough guess of what a core does. */
static int worth_waking(const mot_choice *c, const mot_shape *s, int threads) {
    static const double least_ns = 5000, ns_per_byte = 0.02;
    const mot_variant *v = c->variant;
    if (threads == 1 || !mot_threads_are_ours()) return threads;
    const double ns_per_flop = v->isa == MOT_ISA_SCALAR ? 0.2 : 0.01;
    const double ns = mot_stage_flops(v->stage, s) * ns_per_flop + mot_stage_bytes(v->stage, s, v->dtype) * ns_per_byte;
    return ns >= least_ns * threads ? threads : 1 + (int)(ns / least_ns);
}

void mot_step_run(const mot_choice *c, const mot_shape *s, const mot_tensors *t, int threads) {
    job j = {.choice = c,
             .shape = s,
             .tensors = t,
             .units = c->variant->units(s),
             .scratch = thread_scratch_bytes(c, s),
             .threads = worth_waking(c, s, threads)};
    run_job(run_share, &j);
}

static void pack_share(void *data, int i) {
    const job *j = data;
    const mot_range r = share_of(j, i);
    j->choice->variant->pack(j->shape, j->tensors, &j->choice->config, j->packed, r);
}

void mot_step_pack(const mot_choice *c, const mot_shape *s, const mot_tensors *t, void *packed, int threads) {
    job j = {.choice = c, .shape = s, .tensors = t, .packed = packed, .units = s->experts, .threads = threads};
    if (c->variant->pack) run_job(pack_share, &j);
}
