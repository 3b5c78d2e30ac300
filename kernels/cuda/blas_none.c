/* blas_none.c: built without the headers of cublasLt. */
#include "blas.h"

enum { NOT_SUPPORTED = 801 }; /* cudaErrorNotSupported */

const char *mot_cuda_blas_missing(void) { return "built without cublasLt.h"; }

int mot_cuda_blas_experts(mot_dtype dtype, const mot_shape *s, const mot_tensors *t, void *stream) {
    (void)dtype, (void)s, (void)t, (void)stream;
    return NOT_SUPPORTED;
}
