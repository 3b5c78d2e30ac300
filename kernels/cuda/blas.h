/* blas.h: NVIDIA's library as a baseline: loaded when it is first needed, for it is half a gigabyte. blas_cublaslt.c,
 * or blas_none.c where its headers are missing. */
#ifndef MOT_CUDA_BLAS_H
#define MOT_CUDA_BLAS_H

#include "kernel.h"

enum { MOT_CUDA_BLAS_WORKSPACE = 32 << 20 }; /* bytes, at the end of the scratch memory */

/* NULL if it can be used, else why not. */
const char *mot_cuda_blas_missing(void);

/* The experts stage: two batched products, relu in the first one's epilogue; the algorithm that the library's heuristic
 * puts first. A cudaError_t. */
int mot_cuda_blas_experts(mot_dtype, const mot_shape *, const mot_tensors *, void *stream);

#endif
