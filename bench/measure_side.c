/* measure_side.c: one contestant: its packed weights and workspace, and a batch of its calls. */
#include "measure_side.h"

#include "measure_hash.h"
#include "timer.h"

#include <string.h>

side side_of(const contestant *c, measurement *out, int threads) {
    side s = {.contestant = c, .out = out, .threads = threads, .layer = c->plan.steps > 1};
    for (int i = 0; i < c->plan.steps; i++) {
        const mot_choice *step = &c->plan.step[i];
        s.reads |= mot_stage_reads(step->variant->stage);
        s.writes |= mot_stage_writes(step->variant->stage);
        if (step->variant->pack_bytes) s.packs = step;
        if (!s.peer) s.peer = candidate_peer(step->variant);
    }
    if (s.layer) { /* what is between the steps lies in the workspace */
        s.reads &= MOT_X | MOT_CONTROLLER | MOT_W1 | MOT_W2;
        s.writes &= MOT_OUT;
    }
    return s;
}

size_t side_packed_bytes(const side *s, const mot_shape *shape) {
    return s->packs ? s->packs->variant->pack_bytes(shape, &s->packs->config) : 0;
}

size_t side_workspace_bytes(const side *s, const mot_shape *shape) {
    const mot_plan *plan = &s->contestant->plan;
    return s->layer ? mot_plan_workspace_bytes(plan, shape, s->threads)
                    : mot_step_scratch_bytes(&plan->step[0], shape, s->threads);
}

int side_rotating(const side *s, cache_state cache) {
    if (cache == CACHE_HOT) return 0;
    return cache == CACHE_COLD_WEIGHTS ? s->reads & TENSOR_WEIGHTS : s->reads | s->writes;
}

/* ---- one call ---- */

static void *tensor_at(const side *s, int tensor, size_t copy) {
    return rotor_at(&s->tensors->at[__builtin_ctz((unsigned)tensor)], copy);
}

static mot_tensors tensors_of(const side *s, size_t copy) {
    return (mot_tensors){.x = tensor_at(s, MOT_X, copy),
                         .controller = tensor_at(s, MOT_CONTROLLER, copy),
                         .w1 = tensor_at(s, MOT_W1, copy),
                         .w2 = tensor_at(s, MOT_W2, copy),
                         .packed = rotor_at(&s->packed, copy),
                         .p = tensor_at(s, MOT_P, copy),
                         .mixed = tensor_at(s, MOT_MIXED, copy),
                         .y = tensor_at(s, MOT_Y, copy),
                         .out = tensor_at(s, MOT_OUT, copy),
                         .strides = s->tensors->strides,
                         .temperature = 1,
                         .scratch = s->workspace.base};
}

static void call(side *s) {
    const mot_plan *plan = &s->contestant->plan;
    const mot_tensors t = tensors_of(s, s->next++ % s->tensors->copies);
    if (s->layer)
        mot_plan_run(plan, &s->tensors->shape, &t, s->workspace.base, s->threads);
    else
        mot_step_run(&plan->step[0], &s->tensors->shape, &t, s->threads);
}

double side_time_calls(side *s, long calls) {
    const int64_t begin = timer_now();
    for (long i = 0; i < calls; i++) call(s);
    return (double)(timer_now() - begin);
}

/* ---- outputs: poisoned before, looked at after ---- */

_Static_assert((int)COUNTER_MAX == (int)GBENCH_COUNTERS && (int)COUNTER_NAME == (int)GBENCH_NAME,
               "counters pass through");

/* NaNs that no arithmetic makes: its own have an empty payload. */
static const uint32_t poison = 0x7fc0dead;
static const mot_bf16 poison_bf16 = 0x7fed;

/* Every `step`-th element and the last: all of them once, later one a page so that caches stay as they are. */
static void poison_tensor(void *data, size_t bytes, mot_dtype dtype, size_t step) {
    const size_t n = bytes / mot_dtype_bytes(dtype);
    uint32_t *word = data;
    mot_bf16 *half = data;
    for (size_t at = 0; dtype == MOT_F32 && at < n; at += step) word[at] = poison;
    for (size_t at = 0; dtype == MOT_BF16 && at < n; at += step) half[at] = poison_bf16;
    if (dtype == MOT_F32)
        word[n - 1] = poison;
    else
        half[n - 1] = poison_bf16;
}

static bool has_poison(const void *data, size_t bytes, mot_dtype dtype) {
    const size_t n = bytes / mot_dtype_bytes(dtype);
    const uint32_t *word = data;
    const mot_bf16 *half = data;
    for (size_t at = 0; at < n; at++)
        if (dtype == MOT_F32 ? word[at] == poison : half[at] == poison_bf16) return true;
    return false;
}

void side_poison(const side *s, size_t copy, size_t step) {
    const tensors *t = s->tensors;
    for (int i = 0; i < TENSOR_COUNT; i++)
        if (s->writes & 1 << i) poison_tensor(rotor_at(&t->at[i], copy), t->at[i].bytes, t->dtype, step);
}

uint64_t side_hash(const side *s, size_t copy) {
    uint64_t hash = 0;
    for (int i = 0; i < TENSOR_COUNT; i++)
        if (s->writes & 1 << i)
            hash = hash * 31 + hash_memory(rotor_at(&s->tensors->at[i], copy), s->tensors->at[i].bytes);
    return hash;
}

bool side_written(const side *s, size_t copy) {
    const tensors *t = s->tensors;
    for (int i = 0; i < TENSOR_COUNT; i++)
        if (s->writes & 1 << i && has_poison(rotor_at(&t->at[i], copy), t->at[i].bytes, t->dtype)) return false;
    return true;
}

/* Copies of the outputs that `calls` calls write, from the next one on. */
static size_t copies_written(const side *s, long calls) {
    const bool rotate = s->writes & s->tensors->rotating;
    const size_t copies = rotate ? s->tensors->copies : 1;
    return (size_t)calls < copies ? (size_t)calls : copies;
}

/* ---- life ---- */

static bool pack(side *s) {
    const size_t bytes = side_packed_bytes(s, &s->tensors->shape);
    const bool rotates = side_rotating(s, s->tensors->cache) & (MOT_W1 | MOT_W2);
    if (!rotor_map(&s->packed, bytes, rotates ? s->tensors->copies : 1)) return false;
    if (!s->packs) return true;
    const mot_tensors t = tensors_of(s, 0);
    mot_step_pack(s->packs, &s->tensors->shape, &t, s->packed.base, s->threads);
    rotor_spread(&s->packed);
    return true;
}

bool side_prepare(side *s, const tensors *t) {
    s->tensors = t;
    if (!pack(s) || !rotor_map(&s->workspace, side_workspace_bytes(s, &t->shape), 1)) return false;
    side_poison(s, 0, 1);
    if (s->peer) s->peer->enter();
    s->next = 0;
    s->call_ns = side_time_calls(s, 1);
    s->wrong = !side_written(s, 0);
    s->outputs = side_hash(s, 0);
    return true;
}

void side_free(side *s) {
    rotor_unmap(&s->packed);
    rotor_unmap(&s->workspace);
}

/* ---- a batch ---- */

static void report_counters(side *s, gbench_batch *b) {
    counters_stop(&s->counted, (double)b->iterations);
    b->counter_count = s->counted.count;
    for (int i = 0; i < b->counter_count; i++) {
        memcpy(b->counter_name[i], s->counted.name[i], GBENCH_NAME);
        b->counter[i] = s->counted.value[i];
    }
}

void side_batch(void *data, gbench_batch *b) {
    side *s = data;
    enum { PAGE = 4096 };
    const size_t copies = s->tensors->copies, a_page = PAGE / mot_dtype_bytes(s->tensors->dtype);
    if (s->peer) s->peer->enter();
    if (s->warm) side_time_calls(s, 1);
    const size_t first = s->next, written = copies_written(s, b->iterations);
    for (size_t i = 0; i < written; i++) side_poison(s, (first + i) % copies, a_page);
    if (s->probe) taint_begin(s->probe);
    const bool counting = s->counters && counters_start(s->counters);
    const double ns = side_time_calls(s, b->iterations);
    if (counting) report_counters(s, b);
    if (s->probe) s->disturbance = taint_end(s->probe, ns);
    b->seconds = ns / 1e9;
    for (size_t i = 0; i < written; i++) s->wrong |= side_hash(s, (first + i) % copies) != s->outputs;
}
