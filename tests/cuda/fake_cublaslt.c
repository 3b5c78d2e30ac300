/* fake_cublaslt.c: the functions of cublasLt that we call, over host memory. What is opaque there is plain here. */
#include "fake_gemm.h"

#include <cublasLt.h>
#include <time.h>

typedef struct operation {
    cublasComputeType_t how;
    cublasLtEpilogue_t epilogue;
} operation;
typedef struct layout {
    cudaDataType type;
    uint64_t rows, columns;
    int64_t ld, step;
    int32_t batches;
} layout;
typedef struct preference {
    uint64_t bytes;
} preference;

static int alive; /* what is created and not destroyed */

static cublasStatus_t create(void *out, const void *from, size_t bytes) {
    void *made = malloc(bytes);
    demand(made != NULL, "out of memory");
    memcpy(made, from, bytes);
    memcpy(out, &made, sizeof made);
    demand(++alive <= 8, "descriptors that nobody destroys");
    return CUBLAS_STATUS_SUCCESS;
}
static cublasStatus_t destroy(void *made) { return free(made), alive--, CUBLAS_STATUS_SUCCESS; }
static cublasStatus_t set(void *to, size_t size, const void *from, size_t bytes) {
    demand(bytes == size, "an attribute of another size");
    return memcpy(to, from, bytes), CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtCreate(cublasLtHandle_t *out) {
    static int handle;
    *out = (cublasLtHandle_t)&handle;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t *out, cublasComputeType_t how, cudaDataType_t scale) {
    demand(scale == CUDA_R_32F, "scales that are not f32");
    return create(out, &(operation){how, CUBLASLT_EPILOGUE_DEFAULT}, sizeof(operation));
}
cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t d) { return destroy(d); }
cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t d, cublasLtMatmulDescAttributes_t what,
                                              const void *from, size_t bytes) {
    demand(what == CUBLASLT_MATMUL_DESC_EPILOGUE, "an attribute of a product that the tests do not know");
    return set(&((operation *)(void *)d)->epilogue, sizeof(cublasLtEpilogue_t), from, bytes);
}

cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t *out, cudaDataType type, uint64_t rows,
                                          uint64_t columns, int64_t ld) {
    return create(out, &(layout){type, rows, columns, ld, 0, 1}, sizeof(layout));
}
cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t l) { return destroy(l); }
cublasStatus_t cublasLtMatrixLayoutSetAttribute(cublasLtMatrixLayout_t data, cublasLtMatrixLayoutAttribute_t what,
                                                const void *from, size_t bytes) {
    layout *l = (void *)data;
    if (what == CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT) return set(&l->batches, sizeof l->batches, from, bytes);
    demand(what == CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, "an attribute of a matrix that the tests do not know");
    return set(&l->step, sizeof l->step, from, bytes);
}

cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t *out) {
    return create(out, &(preference){0}, sizeof(preference));
}
cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t p) { return destroy(p); }
cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t p,
                                                    cublasLtMatmulPreferenceAttributes_t what, const void *from,
                                                    size_t bytes) {
    demand(what == CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, "a preference that the tests do not know");
    return set(&((preference *)(void *)p)->bytes, sizeof(uint64_t), from, bytes);
}

/* What the heuristic names, in this order: with "lt_slow" of MOT_FAKE_CUDA the first takes 20 ms; the last is for
 * other devices. */
enum { SLOW, FAST, NOT_HERE, ALGORITHMS };

cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t h, cublasLtMatmulDesc_t d, cublasLtMatrixLayout_t a,
                                              cublasLtMatrixLayout_t b, cublasLtMatrixLayout_t c,
                                              cublasLtMatrixLayout_t out, cublasLtMatmulPreference_t wish, int asked,
                                              cublasLtMatmulHeuristicResult_t results[], int *found) {
    (void)h, (void)d, (void)a, (void)b, (void)c, (void)out;
    demand(asked >= 1, "no algorithm wanted");
    *found = asked < ALGORITHMS ? asked : ALGORITHMS;
    for (int i = 0; i < *found; i++)
        results[i] = (cublasLtMatmulHeuristicResult_t){.algo.data = {(uint64_t)i},
                                                       .workspaceSize = ((preference *)(void *)wish)->bytes};
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmul(cublasLtHandle_t h, cublasLtMatmulDesc_t d, const void *alpha, const void *a,
                              cublasLtMatrixLayout_t la, const void *b, cublasLtMatrixLayout_t lb, const void *beta,
                              const void *c, cublasLtMatrixLayout_t lc, void *out, cublasLtMatrixLayout_t lout,
                              const cublasLtMatmulAlgo_t *algorithm, void *workspace, size_t bytes,
                              cudaStream_t stream) {
    const operation *what = (void *)d;
    const layout *x = (void *)la, *y = (void *)lb, *z = (void *)lout;
    const int tf32 = what->how == CUBLAS_COMPUTE_32F_FAST_TF32;
    const char *faults = getenv("MOT_FAKE_CUDA");
    (void)h, (void)c, (void)stream;
    if (algorithm->data[0] == NOT_HERE) return CUBLAS_STATUS_NOT_SUPPORTED;
    if (algorithm->data[0] == SLOW && faults && strstr(faults, "lt_slow"))
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    demand(*(const float *)beta == 0 && lc == lout, "a result that is added to");
    demand(x->columns == y->rows && x->rows == z->rows && y->columns == z->columns, "matrices that do not fit");
    demand(x->batches == y->batches && x->batches == z->batches, "batches of different lengths");
    use_workspace(workspace, bytes);
    for (int64_t i = 0; i < x->batches; i++) {
        const fake_product p = {.m = (int64_t)z->rows,
                                .n = (int64_t)z->columns,
                                .k = (int64_t)x->columns,
                                .alpha = *(const float *)alpha,
                                .a = {in_batch(a, x->type, x->step, i), x->type, x->ld, 0, tf32},
                                .b = {in_batch(b, y->type, y->step, i), y->type, y->ld, 0, tf32},
                                .c = (char *)in_batch(out, z->type, z->step, i),
                                .type_c = z->type,
                                .ldc = z->ld,
                                .relu = what->epilogue == CUBLASLT_EPILOGUE_RELU};
        multiply(&p);
    }
    return CUBLAS_STATUS_SUCCESS;
}
