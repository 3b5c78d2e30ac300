/* module.c: the table of cuda_module.h over the CUDA runtime. */
#include "cuda_table.h"

#include "blas.h"

#include <cuda_runtime_api.h>
#include <string.h>

/* ---- kernels ---- */

typedef int (*launch_fn)(const mot_shape *, const mot_tensors *, const mot_config *, void *stream);

#define BASELINE(library, name, STAGE, DTYPE, tf32)                                                                    \
    static int name##_launch(const mot_shape *s, const mot_tensors *t, const mot_config *c, void *stream) {            \
        (void)c;                                                                                                       \
        return mot_cuda_##library(MOT_STAGE_##STAGE, (mot_cuda_blas_type){MOT_##DTYPE, tf32}, s, t, stream);           \
    }
#define MOT_CUDA_CUBLAS(name, STAGE, DTYPE, tf32) BASELINE(cublas, name, STAGE, DTYPE, tf32)
#define MOT_CUDA_CUBLASLT(name, STAGE, DTYPE, tf32) BASELINE(cublaslt, name, STAGE, DTYPE, tf32)
#define DECLARE(name) int name##_launch(const mot_shape *, const mot_tensors *, const mot_config *, void *stream);
#define MOT_CUDA_NAIVE(name, ...) DECLARE(name)
#define MOT_CUDA_TILED(name, ...) DECLARE(name)
#define MOT_CUDA_MMA(name, ...) DECLARE(name)
#define MOT_CUDA_FRONT(name, ...) DECLARE(name)
#define MOT_CUDA_HOPPER(name, ...) DECLARE(name)
#define MOT_CUDA_STREAM(name, ...) DECLARE(name)
#include "cuda_variants.def"

static const launch_fn launches[] = {
#define MOT_CUDA_CUBLAS(name, ...) name##_launch,
#define MOT_CUDA_CUBLASLT(name, ...) name##_launch,
#define MOT_CUDA_NAIVE(name, ...) name##_launch,
#define MOT_CUDA_TILED(name, ...) name##_launch,
#define MOT_CUDA_MMA(name, ...) name##_launch,
#define MOT_CUDA_FRONT(name, ...) name##_launch,
#define MOT_CUDA_HOPPER(name, ...) name##_launch,
#define MOT_CUDA_STREAM(name, ...) name##_launch,
#include "cuda_variants.def"
};

static int launch(size_t variant, const mot_shape *s, const mot_tensors *t, const mot_config *c, void *stream) {
    return s->groups ? launches[variant](s, t, c, stream) : cudaSuccess;
}

static const char *missing(size_t variant) {
    const mot_cuda_variant *v = mot_cuda_at(variant);
    if (!v->baseline) return NULL;
    return strcmp(v->family, "cublas") ? mot_cuda_cublaslt_missing() : mot_cuda_cublas_missing();
}

/* ---- the device ---- */

static const char *error(int code) { return cudaGetErrorString((cudaError_t)code); }
static int count(int *devices) { return cudaGetDeviceCount(devices); }
static int current(int *device) { return cudaGetDevice(device); }
static int use(int device) { return cudaSetDevice(device); }

static int architecture(int device, int *sm) {
    int major = 0, minor = 0;
    cudaError_t code = cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device);
    if (!code) code = cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, device);
    *sm = 10 * major + minor;
    return code;
}

static int describe(int device, mot_cuda_device *out) {
    struct cudaDeviceProp p;
    int khz = 0;
    cudaError_t code = cudaGetDeviceProperties(&p, device);
    if (!code) code = cudaDeviceGetAttribute(&khz, cudaDevAttrClockRate, device);
    if (code) return code;
    *out = (mot_cuda_device){.sm = 10 * p.major + p.minor,
                             .multiprocessors = p.multiProcessorCount,
                             .clock_mhz = khz / 1000,
                             .memory_bytes = p.totalGlobalMem,
                             .l2_bytes = (size_t)p.l2CacheSize};
    for (size_t i = 0; i + 1 < sizeof out->name && p.name[i]; i++) out->name[i] = p.name[i];
    code = cudaDriverGetVersion(&out->driver);
    return code ? code : cudaRuntimeGetVersion(&out->runtime);
}

/* ---- memory ---- */

static int allocate(void **out, size_t bytes) { return cudaMalloc(out, bytes); }
static int release(void *memory) { return cudaFree(memory); }
static int allocate_queued(void **out, size_t bytes, void *stream) { return cudaMallocAsync(out, bytes, stream); }
static int release_queued(void *memory, void *stream) { return cudaFreeAsync(memory, stream); }
static int copy(void *to, const void *from, size_t bytes, void *stream) {
    return cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, stream);
}
static int fill(void *to, int byte, size_t bytes, void *stream) { return cudaMemsetAsync(to, byte, bytes, stream); }

/* ---- streams, events, graphs ---- */

static int stream_create(void **out) { return cudaStreamCreateWithFlags((cudaStream_t *)out, cudaStreamNonBlocking); }
static int stream_destroy(void *stream) { return cudaStreamDestroy(stream); }
static int wait(void *stream) { return cudaStreamSynchronize(stream); }
static int event_create(void **out) { return cudaEventCreate((cudaEvent_t *)out); }
static int event_destroy(void *event) { return cudaEventDestroy(event); }
static int event_record(void *event, void *stream) { return cudaEventRecord(event, stream); }
static int elapsed(float *ms, void *begin, void *end) { return cudaEventElapsedTime(ms, begin, end); }
static int capture_begin(void *stream) { return cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal); }

static int capture_end(void *stream, void **graph) {
    cudaGraph_t captured = NULL;
    cudaError_t code = cudaStreamEndCapture(stream, &captured);
    if (!code) code = cudaGraphInstantiate((cudaGraphExec_t *)graph, captured, 0);
    if (captured) cudaGraphDestroy(captured);
    return code;
}
static bool capturing(void *stream) {
    enum cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
    return !cudaStreamIsCapturing(stream, &status) && status != cudaStreamCaptureStatusNone;
}
static int graph_launch(void *graph, void *stream) { return cudaGraphLaunch(graph, stream); }
static int graph_destroy(void *graph) { return cudaGraphExecDestroy(graph); }

int mot_cuda_clock(double *mhz, void *stream); /* clock.cu */

__attribute__((visibility("default"))) const mot_cuda_module mot_cuda_module_table = {
    .abi = MOT_CUDA_ABI,
    .real = true,
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
    .clock = mot_cuda_clock,
};
