/* fake_cublas.c: the functions of cuBLAS that we call, over host memory. */
#include "fake_gemm.h"

#include <cublas_v2.h>

struct cublasContext {
    cudaStream_t stream;
    void *workspace; /* NULL: one's own, as after every change of the stream */
};

cublasStatus_t cublasCreate_v2(cublasHandle_t *out) {
    *out = calloc(1, sizeof **out);
    return *out ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_ALLOC_FAILED;
}
cublasStatus_t cublasSetStream_v2(cublasHandle_t h, cudaStream_t stream) {
    *h = (struct cublasContext){.stream = stream};
    return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasSetWorkspace_v2(cublasHandle_t h, void *workspace, size_t bytes) {
    use_workspace(workspace, bytes);
    h->workspace = workspace;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasGemmStridedBatchedEx_64(cublasHandle_t h, cublasOperation_t op_a, cublasOperation_t op_b,
                                             int64_t m, int64_t n, int64_t k, const void *alpha, const void *a,
                                             cudaDataType type_a, int64_t lda, long long step_a, const void *b,
                                             cudaDataType type_b, int64_t ldb, long long step_b, const void *beta,
                                             void *c, cudaDataType type_c, int64_t ldc, long long step_c,
                                             int64_t batches, cublasComputeType_t how, cublasGemmAlgo_t algorithm) {
    const int tf32 = how == CUBLAS_COMPUTE_32F_FAST_TF32;
    (void)algorithm;
    demand(h->workspace != NULL, "a product in a workspace that it has to allocate");
    demand(*(const float *)beta == 0, "a result that is added to");
    for (int64_t i = 0; i < batches; i++) {
        const fake_product p = {.m = m,
                                .n = n,
                                .k = k,
                                .alpha = *(const float *)alpha,
                                .a = {in_batch(a, type_a, step_a, i), type_a, lda, op_a != 0, tf32},
                                .b = {in_batch(b, type_b, step_b, i), type_b, ldb, op_b != 0, tf32},
                                .c = (char *)in_batch(c, type_c, step_c, i),
                                .type_c = type_c,
                                .ldc = ldc};
        multiply(&p);
    }
    return CUBLAS_STATUS_SUCCESS;
}
