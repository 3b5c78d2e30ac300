/* blas_cublaslt.c: see blas.h. Its matrices are column by column: a row-major c = a.b is to it c' = b'.a'. */
#include "blas.h"
#include "cuda_module.h"

#include <cublasLt.h>
#include <dlfcn.h>
#include <math.h>

#define FUNCTIONS(F)                                                                                                   \
    F(cublasLtCreate)                                                                                                  \
    F(cublasLtMatmulDescCreate)                                                                                        \
    F(cublasLtMatmulDescDestroy)                                                                                       \
    F(cublasLtMatmulDescSetAttribute)                                                                                  \
    F(cublasLtMatrixLayoutCreate)                                                                                      \
    F(cublasLtMatrixLayoutDestroy)                                                                                     \
    F(cublasLtMatrixLayoutSetAttribute)                                                                                \
    F(cublasLtMatmulPreferenceCreate)                                                                                  \
    F(cublasLtMatmulPreferenceDestroy)                                                                                 \
    F(cublasLtMatmulPreferenceSetAttribute)                                                                            \
    F(cublasLtMatmulAlgoGetHeuristic)                                                                                  \
    F(cublasLtMatmul)

/* The library's functions, found at run time. */
static struct {
#define MEMBER(name) __typeof__(&name) name;
    FUNCTIONS(MEMBER)
#undef MEMBER
} lt;

static bool load(void) {
    const char *const names[] = {"libcublasLt.so.13", "libcublasLt.so.12", "libcublasLt.so"};
    void *library = NULL;
    for (int i = 0; i < 3 && !library; i++) library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    if (!library) return false;
#define FIND(name)                                                                                                     \
    lt.name = (__typeof__(lt.name))dlsym(library, #name);                                                              \
    if (!lt.name) return false;
    FUNCTIONS(FIND)
#undef FIND
    return true;
}

const char *mot_cuda_cublaslt_missing(void) {
    static int tried; /* 1: it is there, -1: it is not */
    if (!tried) tried = load() ? 1 : -1;
    return tried > 0 ? NULL : "libcublasLt.so is not here";
}

/* One handle for the process: it belongs to the device that is current at its first use. */
static cublasStatus_t handle_of(cublasLtHandle_t *out) {
    static cublasLtHandle_t handle;
    const cublasStatus_t status = handle ? CUBLAS_STATUS_SUCCESS : lt.cublasLtCreate(&handle);
    *out = handle;
    return status;
}

/* ---- one batched product ---- */

/* c (m,n) = a (m,k) . b (k,n) for each expert, row-major, contiguous. */
typedef struct sizes {
    size_t m, n, k, batches;
    cudaDataType_t type;
    cublasComputeType_t how;
    bool relu;
} sizes;
typedef struct product {
    sizes of;
    const void *a, *b;
    void *c, *workspace;
} product;

typedef struct plan {
    cublasLtMatmulDesc_t what;
    cublasLtMatrixLayout_t a, b, c;
    cublasLtMatmulPreference_t wish;
} plan;

static cublasStatus_t matrix(cublasLtMatrixLayout_t *out, const product *p, size_t rows, size_t columns) {
    const int32_t batches = (int32_t)p->of.batches;
    const int64_t step = (int64_t)(rows * columns);
    cublasStatus_t s = lt.cublasLtMatrixLayoutCreate(out, p->of.type, columns, rows, (int64_t)columns);
    if (!s) s = lt.cublasLtMatrixLayoutSetAttribute(*out, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &batches, sizeof batches);
    if (s) return s;
    return lt.cublasLtMatrixLayoutSetAttribute(*out, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, &step, sizeof step);
}

static cublasStatus_t describe(plan *out, const product *p) {
    const cublasLtEpilogue_t epilogue = p->of.relu ? CUBLASLT_EPILOGUE_RELU : CUBLASLT_EPILOGUE_DEFAULT;
    const uint64_t bytes = MOT_CUDA_BLAS_WORKSPACE;
    cublasStatus_t s = lt.cublasLtMatmulDescCreate(&out->what, p->of.how, CUDA_R_32F);
    if (!s) s = lt.cublasLtMatmulDescSetAttribute(out->what, CUBLASLT_MATMUL_DESC_EPILOGUE, &epilogue, sizeof epilogue);
    if (!s) s = matrix(&out->a, p, p->of.m, p->of.k);
    if (!s) s = matrix(&out->b, p, p->of.k, p->of.n);
    if (!s) s = matrix(&out->c, p, p->of.m, p->of.n);
    if (!s) s = lt.cublasLtMatmulPreferenceCreate(&out->wish);
    if (s) return s;
    return lt.cublasLtMatmulPreferenceSetAttribute(out->wish, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &bytes,
                                                   sizeof bytes);
}

static void forget(plan *x) {
    if (x->what) lt.cublasLtMatmulDescDestroy(x->what);
    if (x->a) lt.cublasLtMatrixLayoutDestroy(x->a);
    if (x->b) lt.cublasLtMatrixLayoutDestroy(x->b);
    if (x->c) lt.cublasLtMatrixLayoutDestroy(x->c);
    if (x->wish) lt.cublasLtMatmulPreferenceDestroy(x->wish);
}

static cublasStatus_t multiply(const plan *x, const product *p, const cublasLtMatmulAlgo_t *algorithm, void *stream) {
    const float one = 1, zero = 0;
    cublasLtHandle_t handle;
    const cublasStatus_t s = handle_of(&handle);
    if (s) return s;
    return lt.cublasLtMatmul(handle, x->what, &one, p->b, x->b, p->a, x->a, &zero, p->c, x->c, p->c, x->c, algorithm,
                             p->workspace, MOT_CUDA_BLAS_WORKSPACE, stream);
}

/* ---- the algorithm ---- */

enum { TRIED = 8, REPEATS = 4, KNOWN = 64 };

/* Milliseconds of a few calls after a first one; infinite for an algorithm that does not work here. */
static float time_of(const plan *x, const product *p, const cublasLtMatmulAlgo_t *algorithm, void *stream) {
    const mot_cuda_module *cuda = &mot_cuda_module_table;
    void *begin = NULL, *end = NULL;
    float ms = INFINITY;
    int bad = multiply(x, p, algorithm, stream) || cuda->event_create(&begin) || cuda->event_create(&end) ||
              cuda->event_record(begin, stream);
    for (int i = 0; i < REPEATS && !bad; i++) bad = multiply(x, p, algorithm, stream) != CUBLAS_STATUS_SUCCESS;
    if (bad || cuda->event_record(end, stream) || cuda->wait(stream) || cuda->elapsed(&ms, begin, end)) ms = INFINITY;
    if (begin) cuda->event_destroy(begin);
    if (end) cuda->event_destroy(end);
    return ms;
}

/* The fastest that the heuristic names; if there is no time for that, the first. */
static cublasStatus_t find(const plan *x, const product *p, void *stream, bool timed, cublasLtMatmulAlgo_t *out) {
    cublasLtHandle_t handle;
    cublasLtMatmulHeuristicResult_t named[TRIED];
    int found = 0, best = 0;
    float least = INFINITY;
    cublasStatus_t s = handle_of(&handle);
    if (!s)
        s = lt.cublasLtMatmulAlgoGetHeuristic(handle, x->what, x->b, x->a, x->c, x->c, x->wish, TRIED, named, &found);
    if (s || !found) return s ? s : CUBLAS_STATUS_NOT_SUPPORTED;
    for (int i = 0; i < found && timed && found > 1; i++) {
        const float ms = time_of(x, p, &named[i].algo, stream);
        if (ms < least) least = ms, best = i;
    }
    *out = named[best].algo;
    return CUBLAS_STATUS_SUCCESS;
}

static bool same(const sizes *a, const sizes *b) {
    return a->m == b->m && a->n == b->n && a->k == b->k && a->batches == b->batches && a->type == b->type &&
           a->how == b->how && a->relu == b->relu;
}

/* Once for the same sizes; what was not timed is not remembered. */
static cublasStatus_t choose(const plan *x, const product *p, void *stream, cublasLtMatmulAlgo_t *out) {
    static struct {
        sizes of;
        cublasLtMatmulAlgo_t algorithm;
    } known[KNOWN];
    static size_t count;
    for (size_t i = 0; i < count; i++)
        if (same(&known[i].of, &p->of)) return *out = known[i].algorithm, CUBLAS_STATUS_SUCCESS;
    const bool timed = !mot_cuda_module_table.capturing(stream);
    const cublasStatus_t s = find(x, p, stream, timed, out);
    if (!s && count < KNOWN && timed) known[count].of = p->of, known[count++].algorithm = *out;
    return s;
}

static cublasStatus_t run(const product *p, void *stream) {
    plan x = {0};
    cublasLtMatmulAlgo_t algorithm;
    cublasStatus_t s = describe(&x, p);
    if (!s) s = choose(&x, p, stream, &algorithm);
    if (!s) s = multiply(&x, p, &algorithm, stream);
    forget(&x);
    return s;
}

/* ---- experts ---- */

/* The statuses that a caller can tell apart, as CUDA's. */
static int code_of(cublasStatus_t s) {
    return s == CUBLAS_STATUS_SUCCESS         ? cudaSuccess
           : s == CUBLAS_STATUS_ALLOC_FAILED  ? cudaErrorMemoryAllocation
           : s == CUBLAS_STATUS_NOT_SUPPORTED ? cudaErrorNotSupported
                                              : cudaErrorUnknown;
}

int mot_cuda_cublaslt(mot_stage stage, mot_cuda_blas_type type, const mot_shape *s, const mot_tensors *t,
                      void *stream) {
    if (mot_cuda_cublaslt_missing() || stage != MOT_STAGE_EXPERTS) return cudaErrorNotSupported;
    const size_t hidden = s->experts * s->groups * s->d_expert * mot_dtype_bytes(type.dtype);
    product p = {.of = {.batches = s->experts,
                        .m = s->groups,
                        .n = s->d_expert,
                        .k = s->d_model,
                        .type = type.dtype == MOT_BF16 ? CUDA_R_16BF : CUDA_R_32F,
                        .how = type.tf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F,
                        .relu = true},
                 .workspace = (char *)t->scratch + mot_cuda_blas_aligned(hidden)};
    p.a = t->mixed, p.b = t->w1, p.c = t->scratch;
    cublasStatus_t status = run(&p, stream);
    if (status) return code_of(status);
    p.a = t->scratch, p.b = t->w2, p.c = t->y, p.of.n = s->d_model, p.of.k = s->d_expert, p.of.relu = false;
    return code_of(run(&p, stream));
}
