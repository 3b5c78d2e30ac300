/* fake_module.c: the module of cuda_module.h on a "device" that is this process's memory, whose kernels are libmot's
 * scalar ones. All that the suite does with a GPU can so be tested without one. MOT_FAKE_CUDA names faults to show,
 * separated by commas: see faults. */
#include "cuda_table.h"

#include "blas.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- faults ---- */

static bool fault(const char *name) {
    const char *faults = getenv("MOT_FAKE_CUDA"), *found = faults ? strstr(faults, name) : NULL;
    return found && (found[strlen(name)] == 0 || found[strlen(name)] == ',');
}

static const char *error(int code) {
    return code == 35 ? "CUDA driver version is insufficient" : code == 100 ? "no CUDA-capable device" : "fake error";
}

/* ---- the device ---- */

enum { L2_BYTES = 1 << 20, ERROR_MEMORY = 2, ERROR_ACCESS = 700, ERROR_CAPTURE = 900, ERROR_WARM = 901 };

static int count(int *devices) {
    *devices = fault("none") ? 0 : 1;
    return fault("no_driver") ? MOT_CUDA_NO_DRIVER : fault("no_device") ? MOT_CUDA_NO_DEVICE : 0;
}

static int architecture(int device, int *sm) {
    *sm = fault("sm75") ? 75 : 90;
    return device == 0 ? 0 : MOT_CUDA_NO_DEVICE;
}

static int describe(int device, mot_cuda_device *out) {
    *out = (mot_cuda_device){.name = "host memory (fake)",
                             .multiprocessors = 1,
                             .clock_mhz = 1000,
                             .memory_bytes = (size_t)1 << 28,
                             .l2_bytes = L2_BYTES,
                             .driver = 13000,
                             .runtime = 13000};
    return architecture(device, &out->sm);
}

static int current(int *device) { return *device = 0, 0; }
static int use(int device) { return device == 0 ? 0 : MOT_CUDA_NO_DEVICE; }

/* ---- memory: queued work is done at once ---- */

static int allocate(void **out, size_t bytes) {
    *out = fault("memory") ? NULL : aligned_alloc(256, (bytes + 255) / 256 * 256);
    return *out ? 0 : ERROR_MEMORY;
}
static int release(void *memory) { return free(memory), 0; }
static int allocate_queued(void **out, size_t bytes, void *stream) { return (void)stream, allocate(out, bytes); }
static int release_queued(void *memory, void *stream) { return (void)stream, release(memory); }
static int copy(void *to, const void *from, size_t bytes, void *stream) {
    return (void)stream, memcpy(to, from, bytes), 0;
}

/* Whether L2 was flushed before the event that a graph comes after. */
static bool flushed, flushed_before;
static int fill(void *to, int byte, size_t bytes, void *stream) {
    (void)stream;
    flushed = flushed || bytes > L2_BYTES;
    return memset(to, byte, bytes), 0;
}

/* ---- kernels ---- */

typedef struct node {
    size_t variant;
    mot_shape shape;
    mot_tensors tensors;
} node;

static int run_on_cpu(const node *n) {
    const mot_variant *v = &mot_cuda_at(n->variant)->variant;
    const mot_choice c = mot_select_stage(v->stage, &n->shape, MOT_ISA_SCALAR, v->dtype);
    mot_tensors t = n->tensors;
    t.scratch = mot_alloc(mot_step_scratch_bytes(&c, &n->shape, 1));
    mot_step_run(&c, &n->shape, &t, 1);
    mot_free(t.scratch);
    return 0;
}

/* ---- a kernel that rounds its factors to TF32, as tensor cores do ---- */

static float *rounded(const void *from, size_t n) {
    float *to = mot_alloc(n * sizeof *to);
    memcpy(to, from, n * sizeof *to);
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, &to[i], sizeof bits);
        if ((bits >> 23 & 0xff) != 0xff) bits = (bits + 0x1000) & ~(uint32_t)0x1fff;
        memcpy(&to[i], &bits, sizeof bits);
    }
    return to;
}

static int run_in_tf32(const node *n) {
    const mot_shape *s = &n->shape;
    const size_t matrix = s->experts * s->d_model * s->d_expert;
    node own = *n;
    float *mixed = rounded(n->tensors.mixed, s->experts * s->groups * s->d_model);
    float *w1 = rounded(n->tensors.w1, matrix), *w2 = rounded(n->tensors.w2, matrix);
    own.tensors.mixed = mixed, own.tensors.w1 = w1, own.tensors.w2 = w2;
    const int code = run_on_cpu(&own);
    mot_free(mixed), mot_free(w1), mot_free(w2);
    return code;
}

static bool in_tf32(const node *n) {
    const mot_variant *v = &mot_cuda_at(n->variant)->variant;
    return fault("tf32") && v->stage == MOT_STAGE_EXPERTS && v->dtype == MOT_F32;
}

/* With "cublas" the suite's own use of NVIDIA's libraries runs, on libraries of the tests. */
static bool by_library(const node *n) { return fault("cublas") && mot_cuda_at(n->variant)->baseline; }

static int run_library(const node *n) {
    const mot_cuda_variant *v = mot_cuda_at(n->variant);
    int (*const run)(mot_stage, mot_cuda_blas_type, const mot_shape *, const mot_tensors *, void *) =
        strcmp(v->family, "cublas") ? mot_cuda_cublaslt : mot_cuda_cublas;
    return run(v->variant.stage, (mot_cuda_blas_type){v->variant.dtype, v->tf32}, &n->shape, &n->tensors, NULL);
}

/* After the kernel, so that a check has something to find. */
static void spoil(const node *n, bool captured) {
    static unsigned char calls;
    const mot_variant *v = &mot_cuda_at(n->variant)->variant;
    const size_t elements = n->shape.experts * n->shape.groups * n->shape.d_model;
    unsigned char *mixed = n->tensors.mixed;
    if (fault("scratch") && v->scratch_bytes && v->stage == MOT_STAGE_EXPERTS)
        ((unsigned char *)n->tensors.scratch)[v->scratch_bytes(&n->shape, &(mot_config){{0}}) + 3] = 0;
    if (v->stage != MOT_STAGE_MIX) return;
    if (fault("wrong")) mixed[mot_dtype_bytes(v->dtype) - 1] ^= 0x40;
    if (fault("stray")) mixed[elements * mot_dtype_bytes(v->dtype) + 5] = 0;
    if (fault("input")) ((unsigned char *)n->tensors.x)[0] ^= 1;
    if (fault("flaky")) mixed[0] ^= calls++ & 1;
    if (fault("late") && captured) mixed[0] ^= 1;
}

/* The last kernels of the list, which are picked, are slow with "lame"; with "hasty" a wrong one is fast. */
static bool is_lame(const node *n) {
    const mot_variant *v = &mot_cuda_at(n->variant)->variant;
    if (mot_cuda_at(n->variant)->baseline) return false;
    for (size_t i = n->variant + 1; i < mot_cuda_count(); i++) {
        const mot_cuda_variant *other = mot_cuda_at(i);
        if (other->variant.stage == v->stage && other->variant.dtype == v->dtype && !other->tf32) return false;
    }
    return true;
}

static bool is_hasty(const node *n) { return !strcmp(mot_cuda_at(n->variant)->variant.name, "mix_cuda_naive"); }

static void idle_us(long us) {
    struct timespec begin, now;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    do clock_gettime(CLOCK_MONOTONIC, &now);
    while ((now.tv_sec - begin.tv_sec) * 1000000 + (now.tv_nsec - begin.tv_nsec) / 1000 < us);
}

static int run(const node *n, bool captured) {
    if (fault("hasty") && is_hasty(n)) return 0;
    if (fault("hasty")) idle_us(50);
    for (int i = 0; fault("lame") && is_lame(n) && i < 8; i++) run_on_cpu(n);
    if (fault("access")) return ERROR_ACCESS;
    if (fault("die")) _exit(3);
    if (fault("hang")) pause();
    const int code = fault("nothing") ? 0
                     : by_library(n)  ? run_library(n)
                     : in_tf32(n)     ? run_in_tf32(n)
                                      : run_on_cpu(n);
    spoil(n, captured);
    return code;
}

/* ---- streams and graphs: a graph is a list of launches ---- */

typedef struct graph {
    size_t count, capacity;
    node *item;
} graph;
typedef struct stream {
    graph *recording; /* NULL: work is done at once */
} stream;

static int append(graph *g, const node *n) {
    if (g->count == g->capacity) {
        g->capacity = g->capacity ? 2 * g->capacity : 16;
        g->item = realloc(g->item, g->capacity * sizeof *g->item);
    }
    g->item[g->count++] = *n;
    return 0;
}

static const char *missing(size_t variant) {
    const mot_cuda_variant *v = mot_cuda_at(variant);
    if (!v->baseline) return NULL;
    if (!strcmp(v->family, "cublas"))
        return fault("no_cublas") ? "libcublas.so is not here" : fault("cublas") ? mot_cuda_cublas_missing() : NULL;
    return fault("no_blas") ? "libcublasLt.so is not here" : fault("cublas") ? mot_cuda_cublaslt_missing() : NULL;
}

static int launch(size_t variant, const mot_shape *s, const mot_tensors *t, const mot_config *c, void *on) {
    const node n = {variant, *s, *t};
    stream *st = on;
    (void)c;
    return st && st->recording ? append(st->recording, &n) : run(&n, false);
}

static int stream_create(void **out) { return *out = calloc(1, sizeof(stream)), *out ? 0 : ERROR_MEMORY; }
static int stream_destroy(void *s) { return free(s), 0; }
static int wait(void *s) { return (void)s, 0; }

static int capture_begin(void *on) {
    stream *s = on;
    if (!s || s->recording) return ERROR_CAPTURE;
    s->recording = calloc(1, sizeof(graph));
    return s->recording ? 0 : ERROR_MEMORY;
}
static int capture_end(void *on, void **out) {
    stream *s = on;
    *out = s->recording;
    s->recording = NULL;
    return *out ? 0 : ERROR_CAPTURE;
}
static bool capturing(void *on) { return on && ((stream *)on)->recording; }
static int graph_launch(void *data, void *s) {
    const graph *g = data;
    (void)s;
    if (fault("warm") && !flushed_before) return ERROR_WARM;
    for (size_t i = 0; i < g->count; i++) {
        const int code = run(&g->item[i], true);
        if (code) return code;
    }
    return 0;
}
static int graph_destroy(void *data) {
    graph *g = data;
    free(g->item);
    return free(g), 0;
}

/* ---- time ---- */

static int event_create(void **out) { return *out = calloc(1, sizeof(struct timespec)), *out ? 0 : ERROR_MEMORY; }
static int event_destroy(void *event) { return free(event), 0; }
static int event_record(void *event, void *s) {
    (void)s;
    flushed_before = flushed;
    flushed = false;
    return clock_gettime(CLOCK_MONOTONIC, event);
}
static int elapsed(float *ms, void *begin, void *end) {
    const struct timespec *a = begin, *b = end;
    *ms = (float)((double)(b->tv_sec - a->tv_sec) * 1e3 + (double)(b->tv_nsec - a->tv_nsec) / 1e6);
    return 0;
}
static int clock_now(double *mhz, void *s) { return (void)s, *mhz = fault("slow") ? 500 : 1000, 0; }

__attribute__((visibility("default"))) const mot_cuda_module mot_cuda_module_table = {
    .abi = MOT_CUDA_ABI,
    .real = false,
    .table = mot_cuda_table_hash,
    .error = error,
    .count = count,
    .describe = describe,
    .architecture = architecture,
    .current = current,
    .use = use,
    .allocate = allocate,
    .release = release,
    .allocate_queued = allocate_queued,
    .release_queued = release_queued,
    .copy = copy,
    .fill = fill,
    .missing = missing,
    .launch = launch,
    .stream_create = stream_create,
    .stream_destroy = stream_destroy,
    .wait = wait,
    .event_create = event_create,
    .event_destroy = event_destroy,
    .event_record = event_record,
    .elapsed = elapsed,
    .capture_begin = capture_begin,
    .capture_end = capture_end,
    .capturing = capturing,
    .graph_launch = graph_launch,
    .graph_destroy = graph_destroy,
    .clock = clock_now,
};
