/* measure_cuda_device.c: what a comparison on the device needs there. */
#include "measure_cuda.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

bool device_ok(device *a, int code, const char *doing) {
    if (code) snprintf(a->error, a->error_size, "CUDA, %s: %s (error %d)", doing, a->cuda->error(code), code);
    return code == 0;
}

/* Checks have a process of their own, which must begin before this one uses the device. */
bool device_start(device *a) {
    const char *missing;
    a->cuda = cuda_module(&missing);
    if (!a->cuda || !check_worker_start()) {
        snprintf(a->error, a->error_size, "%s", a->cuda ? "the process for checks cannot be started" : missing);
        return false;
    }
    int code = a->cuda->use(0);
    if (!code) code = a->cuda->describe(0, &a->facts);
    if (!code) code = a->cuda->stream_create(&a->stream);
    if (!code) code = a->cuda->event_create(&a->begin);
    if (!code) code = a->cuda->event_create(&a->end);
    return device_ok(a, code, "starting");
}

/* ---- how much ---- */

static size_t workspace_bytes(const comparison *c, const side *s) {
    const mot_plan *plan = &s->contestant->plan;
    return s->layer ? mot_cuda_plan_workspace_bytes(plan, &c->shape)
                    : mot_step_scratch_bytes(&plan->step[0], &c->shape, 1);
}

/* Copies so that the contestant with the smallest set misses L2 too, as many as fit in 80 % of the memory. */
static size_t copies_of(device *a, comparison *c, int present, int rotating) {
    tensors *t = &c->arena[0].tensors;
    size_t smallest = 0, once = tensors_bytes(&c->shape, c->dtype, present & ~rotating) + 2 * a->facts.l2_bytes;
    for (size_t i = 0; i < c->count; i++) {
        const size_t set = tensors_bytes(&c->shape, c->dtype, side_rotating(&c->side[i], c->options.cache));
        if (set && (!smallest || set < smallest)) smallest = set;
        once += workspace_bytes(c, &c->side[i]);
    }
    const size_t wanted = smallest ? rotation_copies(smallest, a->facts.l2_bytes) : 1;
    const size_t each = tensors_bytes(&c->shape, c->dtype, rotating), room = a->facts.memory_bytes / 10 * 8;
    const size_t fit = !each ? wanted : once < room ? (room - once) / each : 0;
    if (c->options.cache != CACHE_HOT && !smallest)
        snprintf(t->note, sizeof t->note, "no weights to rotate in this stage: as hot");
    else if (fit < wanted)
        snprintf(t->note, sizeof t->note, "%zu of %zu rotating copies fit on the device", fit, wanted);
    return fit < wanted ? fit : wanted;
}

/* ---- tensors ---- */

static bool upload(device *a, const comparison *c, int i, bool rotates) {
    const rotor *host = &c->arena[0].tensors.at[i];
    const size_t copies = rotates ? a->copies : 1, stride = (host->bytes + 255) / 256 * 256;
    int code = a->cuda->allocate((void **)&a->tensor[i], copies * stride);
    a->stride[i] = rotates ? stride : 0;
    for (size_t k = 0; k < copies && !code; k++)
        code = a->cuda->copy(a->tensor[i] + k * stride, host->base, host->bytes, a->stream);
    return device_ok(a, code, "copying tensors");
}

static bool make_flush(device *a) {
    a->flush_bytes = 2 * a->facts.l2_bytes;
    return device_ok(a, a->cuda->allocate(&a->flush, a->flush_bytes), "making room to flush L2");
}

static bool make_tensors(device *a, comparison *c) {
    int present = 0, rotating = 0;
    for (size_t i = 0; i < c->count; i++) {
        present |= c->side[i].reads | c->side[i].writes;
        rotating |= side_rotating(&c->side[i], c->options.cache);
    }
    a->copies = copies_of(a, c, present, rotating);
    if (!a->copies) return device_ok(a, 2, "making room for the tensors");
    tensors *t = &c->arena[0].tensors;
    t->dtype = c->dtype, t->present = present, t->copies = 1, t->cache = c->options.cache;
    if (!tensors_make(&c->arena[0].tensors, c->options.seed)) return device_ok(a, 2, "making the tensors");
    for (int i = 0; i < TENSOR_COUNT; i++)
        if (present >> i & 1 && !upload(a, c, i, rotating >> i & 1)) return false;
    t->rotating = rotating;
    return device_ok(a, a->cuda->wait(a->stream), "copying tensors") && (!rotating || make_flush(a));
}

static mot_tensors tensors_at(const device *a, const comparison *c, const lane *l, size_t copy) {
    void *at[TENSOR_COUNT];
    for (int i = 0; i < TENSOR_COUNT; i++) at[i] = a->tensor[i] ? a->tensor[i] + copy * a->stride[i] : NULL;
    return (mot_tensors){.x = at[0],
                         .controller = at[1],
                         .p = at[2],
                         .mixed = at[3],
                         .w1 = at[4],
                         .w2 = at[5],
                         .y = at[6],
                         .out = at[7],
                         .strides = c->arena[0].tensors.strides,
                         .temperature = 1,
                         .scratch = l->workspace};
}

/* ---- contestants ---- */

static int queue(const device *a, const comparison *c, const lane *l, size_t copy) {
    const mot_plan *plan = &l->side->contestant->plan;
    const mot_choice *first = &plan->step[0];
    const mot_tensors t = tensors_at(a, c, l, copy);
    if (l->side->layer) return mot_cuda_plan_launch(a->cuda, plan, &c->shape, &t, l->workspace, a->stream);
    return a->cuda->launch(mot_cuda_index(candidate_cuda(first->variant)), &c->shape, &t, &first->config, a->stream);
}

static bool record(device *a, const comparison *c, lane *l) {
    int code = a->cuda->capture_begin(a->stream);
    if (!device_ok(a, code, "recording a graph")) return false;
    for (long i = 0; i < a->calls && !code; i++) code = queue(a, c, l, (size_t)i % a->copies);
    const int ended = a->cuda->capture_end(a->stream, &l->graph);
    return device_ok(a, code ? code : ended, "recording a graph");
}

bool device_take_outputs(device *a, const side *s) {
    int code = 0;
    for (int i = 0; i < TENSOR_COUNT && !code; i++)
        if (s->writes >> i & 1)
            code = a->cuda->copy(s->tensors->at[i].base, a->tensor[i], s->tensors->at[i].bytes, a->stream);
    if (!code) code = a->cuda->wait(a->stream);
    return device_ok(a, code, "copying outputs back");
}

/* The first call, on poisoned outputs: were they written, and are they the first contestant's? */
static bool run_once(device *a, comparison *c, lane *l) {
    side *s = l->side;
    int code = 0;
    side_poison(s, 0, 1);
    for (int i = 0; i < TENSOR_COUNT && !code; i++)
        if (s->writes >> i & 1)
            code =
                a->cuda->copy(a->tensor[i], c->arena[0].tensors.at[i].base, c->arena[0].tensors.at[i].bytes, a->stream);
    if (!code) code = queue(a, c, l, 0);
    if (!device_ok(a, code, "starting a kernel") || !device_take_outputs(a, s)) return false;
    s->wrong = !side_written(s, 0);
    s->outputs = side_hash(s, 0);
    return arena_witness(&c->arena[0], s) || device_ok(a, 2, "comparing outputs");
}

/* The second call: the first one had the kernel's code to load. */
static bool time_once(device *a, const comparison *c, lane *l) {
    float ms = 0;
    int code = a->cuda->event_record(a->begin, a->stream);
    if (!code) code = queue(a, c, l, 0);
    if (!code) code = a->cuda->event_record(a->end, a->stream);
    if (!code) code = a->cuda->wait(a->stream);
    if (!code) code = a->cuda->elapsed(&ms, a->begin, a->end);
    l->side->call_ns = (double)ms * 1e6;
    return device_ok(a, code, "timing a call");
}

static bool enter(device *a, comparison *c, size_t i) {
    lane *l = &a->lane[i];
    const size_t bytes = workspace_bytes(c, &c->side[i]);
    l->side = &c->side[i];
    if (bytes && !device_ok(a, a->cuda->allocate(&l->workspace, bytes), "making a workspace")) return false;
    return run_once(a, c, l) && time_once(a, c, l);
}

/* So many that the fastest one's graph is long compared with its start; all copies, the same number of times. */
static long calls_in_a_graph(const device *a, const comparison *c) {
    static const double long_ns = 2e5;
    double fastest = long_ns, copies = (double)a->copies;
    for (size_t i = 0; i < c->count; i++)
        if (c->side[i].call_ns > 0) fastest = fmin(fastest, c->side[i].call_ns);
    return (long)(ceil(fmin(long_ns / fastest, 64) / copies) * copies);
}

bool device_make(device *a, comparison *c) {
    if (!device_start(a) || !make_tensors(a, c)) return false;
    a->lane = calloc(c->count, sizeof *a->lane);
    if (!a->lane) return device_ok(a, 2, "preparing");
    for (size_t i = 0; i < c->count && comparison_goes_on(c, 0); i++)
        if (!enter(a, c, i)) return false;
    a->calls = calls_in_a_graph(a, c);
    for (size_t i = 0; i < c->count && !c->stop; i++)
        if (!record(a, c, &a->lane[i])) return false;
    return true;
}

void device_free(device *a, const comparison *c) {
    for (size_t i = 0; a->lane && i < c->count; i++) {
        if (a->lane[i].graph) a->cuda->graph_destroy(a->lane[i].graph);
        if (a->lane[i].workspace) a->cuda->release(a->lane[i].workspace);
    }
    for (int i = 0; i < TENSOR_COUNT; i++)
        if (a->tensor[i]) a->cuda->release(a->tensor[i]);
    if (a->flush) a->cuda->release(a->flush);
    if (a->begin) a->cuda->event_destroy(a->begin);
    if (a->end) a->cuda->event_destroy(a->end);
    if (a->stream) a->cuda->stream_destroy(a->stream);
    free(a->lane);
}
