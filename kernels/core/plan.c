#include "plan.h"

#include "threads.h"

static size_t align64(size_t bytes) { return (bytes + 63) / 64 * 64; }

static size_t thread_scratch_bytes(const mot_choice *c, const mot_shape *s) {
    return c->variant->scratch_bytes ? align64(c->variant->scratch_bytes(s, &c->config)) : 0;
}

/* SIZE_MAX where the sum does not fit: no allocation of it succeeds. */
static size_t add(size_t a, size_t b) { return a > SIZE_MAX - b ? SIZE_MAX : a + b; }

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
    const size_t n = j->units / (size_t)j->threads, rest = j->units % (size_t)j->threads, k = (size_t)i;
    const size_t begin = n * k + (k < rest ? k : rest);
    return (mot_range){begin, begin + n + (k < rest)};
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

mot_dtype mot_plan_dtype(const mot_plan *p) { return p->step[0].variant->dtype; }

bool mot_plan_is_layer(const mot_plan *p) {
    const int between = MOT_P | MOT_MIXED | MOT_Y;
    int done = 0;
    for (int i = 0; i < p->steps; i++) {
        if (!p->step[i].variant || p->step[i].variant->dtype != mot_plan_dtype(p)) return false;
        const mot_stage stage = p->step[i].variant->stage;
        if ((mot_stage_reads(stage) & between) & ~done) return false; /* reads what nobody has written */
        done |= mot_stage_writes(stage);
    }
    return done == (between | MOT_OUT);
}

/* The workspace's map: | p (G,T,E) | mixed (E,G,D) | y (E,G,D) | scratch: one piece per thread | */
typedef struct layout {
    size_t p, mixed, y, scratch, bytes;
} layout;

static layout lay_out(const mot_plan *plan, const mot_shape *s, int threads) {
    const size_t element = mot_dtype_bytes(mot_plan_dtype(plan));
    const size_t weights = align64(s->groups * s->group_size * s->experts * element);
    const size_t tokens = align64(s->groups * s->experts * s->d_model * element);
    layout l = {.p = 0, .mixed = weights, .y = weights + tokens, .scratch = weights + 2 * tokens};
    size_t scratch = 0;
    for (int i = 0; i < plan->steps; i++) {
        const size_t need = mot_step_scratch_bytes(&plan->step[i], s, threads);
        if (need > scratch) scratch = need;
    }
    l.bytes = add(l.scratch, scratch);
    return l;
}

size_t mot_plan_workspace_bytes(const mot_plan *p, const mot_shape *s, int threads) {
    return lay_out(p, s, threads).bytes;
}

void mot_plan_run(const mot_plan *plan, const mot_shape *s, const mot_tensors *t, void *workspace, int threads) {
    const layout l = lay_out(plan, s, threads);
    mot_tensors full = *t;
    full.p = (char *)workspace + l.p;
    full.mixed = (char *)workspace + l.mixed;
    full.y = (char *)workspace + l.y;
    full.scratch = (char *)workspace + l.scratch;
    for (int i = 0; i < plan->steps; i++) mot_step_run(&plan->step[i], s, &full, threads);
}
