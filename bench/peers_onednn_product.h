/* peers_onednn_product.h: oneDNN's products without its types: made once for a form and kept, since making one
 * generates code. */
#ifndef BENCH_PEERS_ONEDNN_PRODUCT_H
#define BENCH_PEERS_ONEDNN_PRODUCT_H

#include "kernel.h"

/* Row-major C (m,n) = A.B with A (m,k) and B (k,n), the weights. */
typedef struct product_form {
    size_t m, n, k;
    size_t a_stride, b_stride, c_stride; /* elements from row to row */
    bool transpose_a;                    /* A lies as (k,m) */
    bool packed;       /* B in the layout that the library likes best; b_stride is of what is packed */
    mot_dtype in, out; /* of A and B; of C */
} product_form;

typedef struct product product;

/* NULL: the library refuses it. `like`: the weights are packed as that product's; NULL: as is best for this one. Found
 * again by the form; who asks again finds it without a lock. */
const product *product_find(const product_form *, const product *like);
const product_form *product_form_of(const product *);
size_t product_weights_bytes(const product *); /* both rounded up to 64 */
size_t product_scratchpad_bytes(const product *);

/* One for each run of a thread; cheap. */
void *product_stream_begin(void);
void product_stream_end(void *stream);
/* scratchpad NULL: one of the thread's own, which grows the first time. */
void product_run(const product *, void *stream, const void *a, const void *weights, void *c, void *scratchpad);
/* The same product again and again on one thread: what the library wants to be told of its matrices, which takes as
 * long as a small product, is told once. NULL, a product that was refused: calls do nothing. */
typedef struct product_calls {
    const product *product;
    void *stream, *memory[4];
} product_calls;
product_calls product_begin(const product *or_null);
void product_call(const product_calls *, const void *a, const void *weights, void *c);
void product_end(product_calls *);
void product_pack(const product *, void *stream, const void *from, void *packed);

/* dnnl_sgemm: C = alpha * A.B, or A'.B with A (k,m). */
void product_sgemm(bool transpose_a, size_t m, size_t n, size_t k, float alpha, const float *a, size_t lda,
                   const float *b, size_t ldb, float *c, size_t ldc);

/* "oneDNN 2.6.3 avx512_core_bf16": the effective instruction set decides its kernels. */
const char *product_version(void);
/* Whether bf16 is multiplied by instructions made for it, and not through f32. */
bool product_has_bf16(void);
/* One thread a call from here on. */
void product_alone(void);
/* Frees all products. Nobody may have one, or be looking for one. */
void product_leave(void);

#endif
