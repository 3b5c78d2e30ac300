/* ceilings_cuda.c: what the GPU reaches: device memory copied, and square products by cuBLAS, in rounds that interleave
 * them. */
#include "ceilings.h"

#include "candidates.h"
#include "data.h"
#include "measure_cuda.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { JOBS = 4, LARGEST = 8192, SMALLEST = 128, SHORTEST_NS = 1000000, RUNS = CEILING_ROUNDS + 3 };
enum { A_F32, B_F32, A_BF16, B_BF16, RESULT, SCRATCH }; /* places among the device's tensors */

/* A product is a redistribution of one group: out (T,D) = p (T,E) . y (E,D), all of them n. */
typedef struct job {
    ceiling *out;
    const mot_cuda_variant *product; /* NULL: a copy */
    size_t n;
    long calls; /* in a round */
    double call_ns;
} job;

typedef struct plan {
    device on;
    job job[JOBS];
    int count;
    size_t copied, room; /* bytes that a copy reads; of a tensor */
} plan;

/* ---- one call ---- */

static int multiply(const plan *p, const job *j) {
    const mot_shape s = {1, j->n, j->n, j->n, 1};
    const bool bf16 = j->product->variant.dtype == MOT_BF16;
    const mot_config none = {{0}};
    const mot_tensors t = {.p = p->on.tensor[bf16 ? A_BF16 : A_F32],
                           .y = p->on.tensor[bf16 ? B_BF16 : B_F32],
                           .out = p->on.tensor[RESULT],
                           .strides = mot_strides_contiguous(&s),
                           .temperature = 1,
                           .scratch = p->on.tensor[SCRATCH]};
    return p->on.cuda->launch(mot_cuda_index(j->product), &s, &t, &none, p->on.stream);
}

static int call(const plan *p, const job *j) {
    if (j->product) return multiply(p, j);
    return p->on.cuda->copy(p->on.tensor[RESULT], p->on.tensor[A_F32], p->copied, p->on.stream);
}

static double work(const plan *p, const job *j) {
    const double n = (double)j->n;
    return j->product ? 2 * n * n * n : 2 * (double)p->copied;
}

static bool run(plan *p, job *j) {
    const mot_cuda_module *cuda = p->on.cuda;
    float ms = 0;
    int code = cuda->event_record(p->on.begin, p->on.stream);
    for (long i = 0; i < j->calls && !code; i++) code = call(p, j);
    if (!code) code = cuda->event_record(p->on.end, p->on.stream);
    if (!code) code = cuda->wait(p->on.stream);
    if (!code) code = cuda->elapsed(&ms, p->on.begin, p->on.end);
    j->call_ns = (double)ms * 1e6 / (double)j->calls;
    return device_ok(&p->on, code, "measuring its ceilings") &&
           (j->call_ns > 0 || device_ok(&p->on, -1, "its clock stands still"));
}

/* ---- how much of it ---- */

/* As many rows as all rounds have time for: each step is eight times as much work. */
static bool size_up(plan *p, job *j, double share_s) {
    j->calls = 1;
    if (!run(p, j) || !run(p, j)) return false; /* the first one loads the kernel */
    while (j->product && j->n < LARGEST && 16 * j->n * j->n <= p->room && 8 * j->call_ns * RUNS < share_s * 1e9) {
        j->n *= 2;
        if (!run(p, j) || !run(p, j)) return false;
    }
    j->calls = (long)fmax(1, ceil(SHORTEST_NS / j->call_ns));
    return true;
}

/* Random values, for zeros cost less power and run faster; the same block again and again is as good. */
static bool fill(plan *p, int place, mot_dtype dtype) {
    enum { SIDE = 512 };
    static float block[SIDE * SIDE];
    problem pb = problem_make(&(mot_shape){1, 1, 1, SIDE, SIDE}, MOT_STAGE_EXPERTS, DATA_ZERO_MEAN, false, 1);
    pb.dtype = dtype;
    const size_t bytes = sizeof block / sizeof *block * mot_dtype_bytes(dtype);
    data_fill(&pb, MOT_W1, block);
    int code = p->on.cuda->allocate((void **)&p->on.tensor[place], p->room);
    for (size_t at = 0; at < p->room && !code; at += bytes)
        code = p->on.cuda->copy(p->on.tensor[place] + at, block, p->room - at < bytes ? p->room - at : bytes,
                                p->on.stream);
    if (!code) code = p->on.cuda->wait(p->on.stream);
    return device_ok(&p->on, code, "making room for its ceilings");
}

/* The largest product's matrices, or what a copy reads; a sixteenth of the memory at most. */
static bool make_room(plan *p) {
    const size_t most = p->on.facts.memory_bytes / 16, largest = (size_t)LARGEST * LARGEST * sizeof(float);
    p->copied = p->on.facts.l2_bytes * CEILING_L2S / 2;
    p->room = largest > p->copied ? largest : p->copied;
    if (p->room > most) p->room = most;
    if (p->copied > p->room) p->copied = p->room;
    int code = p->on.cuda->allocate((void **)&p->on.tensor[RESULT], p->room);
    if (!code) code = p->on.cuda->allocate((void **)&p->on.tensor[SCRATCH], (size_t)64 << 20);
    return device_ok(&p->on, code, "making room for its ceilings") && fill(p, A_F32, MOT_F32) &&
           fill(p, B_F32, MOT_F32) && fill(p, A_BF16, MOT_BF16) && fill(p, B_BF16, MOT_BF16);
}

/* ---- the plan ---- */

static void add(plan *p, ceilings *out, const char *name, const char *unit, const mot_cuda_variant *product) {
    ceiling *c = &out->item[out->count++];
    snprintf(c->name, sizeof c->name, "%s", name);
    snprintf(c->unit, sizeof c->unit, "%s", unit);
    p->job[p->count++] = (job){.out = c, .product = product, .n = product ? SMALLEST : 0, .calls = 1};
}

static void make_plan(plan *p, ceilings *out, char *note, size_t size) {
    static const struct {
        const char *ceiling, *variant;
    } products[] = {{"gemm_f32", "redistribute_cuda_cublas"},
                    {"gemm_tf32", "redistribute_cuda_tf32_cublas"},
                    {"gemm_bf16", "redistribute_cuda_bf16_cublas"}};
    add(p, out, "copy_device", "GB/s", NULL);
    for (size_t i = 0; i < sizeof products / sizeof *products; i++) {
        const mot_cuda_variant *v = candidate_cuda(candidate_find(products[i].variant));
        const char *missing = cuda_why_not(v);
        if (missing)
            snprintf(note, size, "no FLOP rates: %s", missing);
        else
            add(p, out, products[i].ceiling, "GFLOP/s", v);
    }
}

/* GB/s and GFLOP/s are bytes and FLOPs per ns. */
static bool play(plan *p, double budget_s) {
    for (int i = 0; i < p->count; i++)
        if (!size_up(p, &p->job[i], budget_s / p->count)) return false;
    for (int round = 0; round < CEILING_ROUNDS; round++)
        for (int i = 0; i < p->count; i++) {
            job *j = &p->job[(i + round) % p->count];
            if (!run(p, j)) return false;
            j->out->rate[round] = work(p, j) / j->call_ns;
        }
    return true;
}

bool ceilings_measure_cuda(ceilings *out, double budget_s, char *note, size_t size) {
    const comparison none = {.count = 0};
    plan p = {.on = {.error = note, .error_size = size}};
    *note = 0;
    *out = (ceilings){0};
    make_plan(&p, out, note, size);
    const bool ok = device_start(&p.on) && make_room(&p) && play(&p, budget_s);
    for (int i = 0; i < p.count; i++) {
        const size_t n = p.job[i].n, element = p.job[i].product ? mot_dtype_bytes(p.job[i].product->variant.dtype) : 0;
        ceiling_summarise(p.job[i].out);
        p.job[i].out->bytes = p.job[i].product ? 3 * n * n * element : 2 * p.copied;
    }
    if (p.on.cuda) device_free(&p.on, &none);
    if (!ok) out->count = 0;
    return ok;
}
