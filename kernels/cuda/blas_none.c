/* blas_none.c: built without the headers of cuBLAS. */
#include "blas.h"

enum { NOT_SUPPORTED = 801 }; /* cudaErrorNotSupported */

const char *mot_cuda_cublas_missing(void) { return "built without cublas_v2.h and cublasLt.h"; }
const char *mot_cuda_cublaslt_missing(void) { return mot_cuda_cublas_missing(); }

int mot_cuda_cublas(mot_stage stage, mot_cuda_blas_type type, const mot_shape *s, const mot_tensors *t, void *stream) {
    (void)stage, (void)type, (void)s, (void)t, (void)stream;
    return NOT_SUPPORTED;
}
int mot_cuda_cublaslt(mot_stage stage, mot_cuda_blas_type type, const mot_shape *s, const mot_tensors *t,
                      void *stream) {
    return mot_cuda_cublas(stage, type, s, t, stream);
}
