/* blas.h: NVIDIA's libraries as baselines, each loaded when it is first needed, for they are half a gigabyte.
 * blas_<library>.c, or blas_none.c where their headers are missing. */
#ifndef MOT_CUDA_BLAS_H
#define MOT_CUDA_BLAS_H

#include "kernel.h"

enum { MOT_CUDA_BLAS_WORKSPACE = 32 << 20 }; /* bytes, at the end of the scratch memory */

/* Where it begins: behind whole lines of what a stage keeps there itself. */
static inline size_t mot_cuda_blas_aligned(size_t bytes) { return (bytes + 255) / 256 * 256; }

/* How a stage is computed: f32 factors may be rounded to TF32. */
typedef struct mot_cuda_blas_type {
    mot_dtype dtype;
    bool tf32;
} mot_cuda_blas_type;

/* NULL if it can be used, else why not. */
const char *mot_cuda_cublas_missing(void);
const char *mot_cuda_cublaslt_missing(void);

/* One stage of the layer; a cudaError_t. cublas: plain strided-batched products, and pointwise.cu between them.
 * cublaslt: the experts alone, relu in the first product's epilogue, by the fastest of the algorithms that its
 * heuristic names: the first call with these sizes times them, and so waits, unless the stream is being captured. Not
 * thread-safe.
 */
int mot_cuda_cublas(mot_stage, mot_cuda_blas_type, const mot_shape *, const mot_tensors *, void *stream);
int mot_cuda_cublaslt(mot_stage, mot_cuda_blas_type, const mot_shape *, const mot_tensors *, void *stream);

/* pointwise.cu: relu on the hidden layer (E,G,H) in t->scratch; p of the f32 logits (G,T,E) there. */
int mot_cuda_relu(mot_dtype, const mot_shape *, const mot_tensors *, void *stream);
int mot_cuda_softmax(mot_dtype, const mot_shape *, const mot_tensors *, void *stream);

#endif
