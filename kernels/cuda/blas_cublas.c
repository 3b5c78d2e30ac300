/* blas_cublas.c: see blas.h. Its matrices are column by column: a row-major c = a.b is to it c' = b'.a'. */
#include "blas.h"

#include <cublas_v2.h>
#include <dlfcn.h>

#define FUNCTIONS(F)                                                                                                   \
    F(cublasCreate_v2)                                                                                                 \
    F(cublasSetStream_v2)                                                                                              \
    F(cublasSetWorkspace_v2)                                                                                           \
    F(cublasGemmStridedBatchedEx_64)

/* The library's functions, found at run time. */
static struct {
#define MEMBER(name) __typeof__(&name) name;
    FUNCTIONS(MEMBER)
#undef MEMBER
} blas;

static bool load(void) {
    const char *const names[] = {"libcublas.so.13", "libcublas.so.12", "libcublas.so"};
    void *library = NULL;
    for (int i = 0; i < 3 && !library; i++) library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    if (!library) return false;
#define FIND(name)                                                                                                     \
    blas.name = (__typeof__(blas.name))dlsym(library, #name);                                                          \
    if (!blas.name) return false;
    FUNCTIONS(FIND)
#undef FIND
    return true;
}

const char *mot_cuda_cublas_missing(void) {
    static int tried; /* 1: it is there, -1: it is not */
    if (!tried) tried = load() ? 1 : -1;
    return tried > 0 ? NULL : "libcublas.so is not here, or older than 12";
}

/* One handle for the process: it belongs to the device that is current at its first use. Its own workspace would be
 * allocated in the stream; the stream comes first, for it resets the workspace. */
static cublasStatus_t handle_for(void *stream, void *workspace, cublasHandle_t *out) {
    static cublasHandle_t handle;
    cublasStatus_t s = handle ? CUBLAS_STATUS_SUCCESS : blas.cublasCreate_v2(&handle);
    if (!s) s = blas.cublasSetStream_v2(handle, stream);
    if (!s) s = blas.cublasSetWorkspace_v2(handle, workspace, MOT_CUDA_BLAS_WORKSPACE);
    *out = handle;
    return s;
}

/* ---- one batched product ---- */

/* Rows are `ld` elements apart, matrices of the batch `step`. */
typedef struct matrix {
    const void *data;
    size_t ld, step;
} matrix;

/* Row-major c (m,n) = alpha * a (m,k) . b (k,n), or a'.b with a (k,m). */
typedef struct product {
    bool transpose;
    size_t m, n, k, batches;
    matrix a, b, c;
    float alpha;
    cudaDataType_t type, out;
} product;

/* Where all products of a call run. */
typedef struct place {
    void *stream, *workspace;
    mot_cuda_blas_type type;
} place;

static cublasStatus_t multiply(const place *on, const product *p) {
    const float zero = 0;
    const cublasComputeType_t how = on->type.tf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
    cublasHandle_t handle;
    const cublasStatus_t s = handle_for(on->stream, on->workspace, &handle);
    if (s) return s;
    return blas.cublasGemmStridedBatchedEx_64(
        handle, CUBLAS_OP_N, p->transpose ? CUBLAS_OP_T : CUBLAS_OP_N, (int64_t)p->n, (int64_t)p->m, (int64_t)p->k,
        &p->alpha, p->b.data, p->type, (int64_t)p->b.ld, (long long)p->b.step, p->a.data, p->type, (int64_t)p->a.ld,
        (long long)p->a.step, &zero, (void *)p->c.data, p->out, (int64_t)p->c.ld, (long long)p->c.step,
        (int64_t)p->batches, how, CUBLAS_GEMM_DEFAULT);
}

/* ---- groups: as many in one call as lie evenly apart and have as many tokens ---- */

typedef struct span {
    size_t first, count, tokens, step;
} span;

static span span_from(const mot_shape *s, const mot_strides *st, size_t first) {
    const size_t left = s->groups - first, inner = st->inner_groups;
    span x = {.first = first, .count = left, .tokens = mot_group_tokens(s, st, first), .step = st->outer_stride};
    if (inner > 1) {
        x.step = st->inner_stride;
        x.count = left < inner ? left : inner;
    } else if (left > 1 && st->last_tokens != s->group_size) {
        x.count = left - 1;
    }
    return x;
}

static cudaDataType_t type_of(const place *on) { return on->type.dtype == MOT_BF16 ? CUDA_R_16BF : CUDA_R_32F; }
static size_t element(const place *on) { return mot_dtype_bytes(on->type.dtype); }
static const void *at(const place *on, const void *from, size_t offset) {
    return (const char *)from + offset * element(on);
}
static matrix tokens_of(const place *on, const mot_tensors *t, const void *from, const span *x) {
    return (matrix){at(on, from, mot_group_offset(&t->strides, x->first)), t->strides.token_stride, x->step};
}
static matrix weights_of(const place *on, const mot_shape *s, const void *p, const span *x) {
    const size_t step = s->group_size * s->experts;
    return (matrix){at(on, p, x->first * step), s->experts, step};
}
/* mixed or y (E,G,D): a group's experts, one a row. */
static matrix experts_of(const place *on, const mot_shape *s, const void *from, const span *x) {
    return (matrix){at(on, from, x->first * s->d_model), s->groups * s->d_model, s->d_model};
}

/* ---- the stages ---- */

/* Of the logits, in f32. Where the tokens of all groups are rows of one matrix, it is one product. */
static product route_product(const place *on, const mot_shape *s, const mot_tensors *t, const span *x) {
    const size_t step = s->group_size * s->experts;
    product p = {.m = x->tokens, .n = s->experts, .k = s->d_model, .batches = x->count, .type = type_of(on)};
    p.a = tokens_of(on, t, t->x, x);
    p.b = (matrix){t->controller, s->experts, 0};
    p.c = (matrix){(float *)t->scratch + x->first * step, s->experts, step};
    p.out = CUDA_R_32F, p.alpha = 1 / t->temperature;
    if (x->step == x->tokens * t->strides.token_stride && x->tokens == s->group_size) p.m *= x->count, p.batches = 1;
    return p;
}

static product mix_product(const place *on, const mot_shape *s, const mot_tensors *t, const span *x) {
    product p = {.transpose = true, .m = s->experts, .n = s->d_model, .k = x->tokens, .batches = x->count};
    p.a = weights_of(on, s, t->p, x);
    p.b = tokens_of(on, t, t->x, x);
    p.c = experts_of(on, s, t->mixed, x);
    p.type = p.out = type_of(on), p.alpha = 1;
    return p;
}

static product redistribute_product(const place *on, const mot_shape *s, const mot_tensors *t, const span *x) {
    product p = {.m = x->tokens, .n = s->d_model, .k = s->experts, .batches = x->count};
    p.a = weights_of(on, s, t->p, x);
    p.b = experts_of(on, s, t->y, x);
    p.c = tokens_of(on, t, t->out, x);
    p.type = p.out = type_of(on), p.alpha = 1;
    return p;
}

/* The statuses that a caller can tell apart, as CUDA's. */
static int code_of(cublasStatus_t s) {
    return s == CUBLAS_STATUS_SUCCESS         ? cudaSuccess
           : s == CUBLAS_STATUS_ALLOC_FAILED  ? cudaErrorMemoryAllocation
           : s == CUBLAS_STATUS_NOT_SUPPORTED ? cudaErrorNotSupported
                                              : cudaErrorUnknown;
}

static int by_groups(const place *on, const mot_shape *s, const mot_tensors *t,
                     product (*of)(const place *, const mot_shape *, const mot_tensors *, const span *)) {
    for (size_t first = 0; first < s->groups;) {
        const span x = span_from(s, &t->strides, first);
        const product p = of(on, s, t, &x);
        const cublasStatus_t status = multiply(on, &p);
        if (status) return code_of(status);
        first += x.count;
    }
    return cudaSuccess;
}

static int route(place *on, const mot_shape *s, const mot_tensors *t) {
    const size_t logits = s->groups * s->group_size * s->experts * sizeof(float);
    on->workspace = (char *)t->scratch + mot_cuda_blas_aligned(logits);
    const int code = by_groups(on, s, t, route_product);
    return code ? code : mot_cuda_softmax(on->type.dtype, s, t, on->stream);
}

/* c (G,n) = a (G,k) . b (k,n) of each expert. */
static int by_experts(const place *on, const mot_shape *s, const void *a, const void *b, void *c, size_t n, size_t k) {
    const size_t G = s->groups;
    const product p = {.m = G,
                       .n = n,
                       .k = k,
                       .batches = s->experts,
                       .a = {a, k, G * k},
                       .b = {b, n, k * n},
                       .c = {c, n, G * n},
                       .alpha = 1,
                       .type = type_of(on),
                       .out = type_of(on)};
    return code_of(multiply(on, &p));
}

static int experts(place *on, const mot_shape *s, const mot_tensors *t) {
    on->workspace = (char *)t->scratch + mot_cuda_blas_aligned(s->experts * s->groups * s->d_expert * element(on));
    int code = by_experts(on, s, t->mixed, t->w1, t->scratch, s->d_expert, s->d_model);
    if (!code) code = mot_cuda_relu(on->type.dtype, s, t, on->stream);
    return code ? code : by_experts(on, s, t->scratch, t->w2, t->y, s->d_model, s->d_expert);
}

int mot_cuda_cublas(mot_stage stage, mot_cuda_blas_type type, const mot_shape *s, const mot_tensors *t, void *stream) {
    place on = {stream, t->scratch, type};
    if (mot_cuda_cublas_missing()) return cudaErrorNotSupported;
    switch (stage) {
    case MOT_STAGE_ROUTE:
        return route(&on, s, t);
    case MOT_STAGE_MIX:
        return by_groups(&on, s, t, mix_product);
    case MOT_STAGE_EXPERTS:
        return experts(&on, s, t);
    case MOT_STAGE_REDISTRIBUTE:
        return by_groups(&on, s, t, redistribute_product);
    default:
        return cudaErrorNotSupported;
    }
}
