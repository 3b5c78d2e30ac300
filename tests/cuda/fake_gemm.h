/* fake_gemm.h: a batched product as NVIDIA's libraries document it, in plain loops over host memory: matrices column by
 * column. What a call must not do ends the process. */
#ifndef FAKE_GEMM_H
#define FAKE_GEMM_H

#include <library_types.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline void demand(int holds, const char *what) {
    if (holds) return;
    fprintf(stderr, "fake cuBLAS: %s\n", what);
    abort();
}

/* As the real ones, which may write there whenever they like. Of the many megabytes both ends say whose they are. */
static inline void use_workspace(void *workspace, size_t bytes) {
    const size_t end = bytes < 1 << 16 ? bytes : 1 << 16;
    memset(workspace, 0x5a, end);
    memset((char *)workspace + bytes - end, 0x5a, end);
}

typedef struct fake_matrix {
    const char *data;
    cudaDataType type;
    int64_t ld;
    int transposed, tf32;
} fake_matrix;

/* TF32 by truncation: the worst that a library may do. */
static inline float element(const fake_matrix *m, int64_t row, int64_t column) {
    const int64_t at = m->transposed ? column + row * m->ld : row + column * m->ld;
    uint32_t bits;
    float value;
    if (m->type == CUDA_R_16BF) {
        uint16_t half;
        memcpy(&half, m->data + 2 * at, sizeof half);
        bits = (uint32_t)half << 16;
    } else {
        memcpy(&bits, m->data + 4 * at, sizeof bits);
        if (m->tf32) bits &= ~(uint32_t)0x1fff;
    }
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline void store(char *to, cudaDataType type, int64_t at, float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    if (type == CUDA_R_32F) {
        memcpy(to + 4 * at, &bits, sizeof bits);
        return;
    }
    const uint16_t half =
        value != value ? 0x7fff : (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16); /* to nearest even */
    memcpy(to + 2 * at, &half, sizeof half);
}

static inline size_t bytes_of(cudaDataType type) { return type == CUDA_R_16BF ? 2 : 4; }

typedef struct fake_product {
    int64_t m, n, k;
    float alpha;
    fake_matrix a, b;
    char *c;
    cudaDataType type_c;
    int64_t ldc;
    int relu;
} fake_product;

static inline void multiply(const fake_product *p) {
    demand(p->a.ld >= (p->a.transposed ? p->k : p->m) && p->b.ld >= (p->b.transposed ? p->n : p->k) && p->ldc >= p->m,
           "rows that overlap");
    for (int64_t column = 0; column < p->n; column++)
        for (int64_t row = 0; row < p->m; row++) {
            float sum = 0;
            for (int64_t j = 0; j < p->k; j++) sum += element(&p->a, row, j) * element(&p->b, j, column);
            sum *= p->alpha;
            store(p->c, p->type_c, row + column * p->ldc, p->relu && sum < 0 ? 0 : sum);
        }
}

/* The i-th matrix of a batch. */
static inline const char *in_batch(const void *first, cudaDataType type, int64_t step, int64_t i) {
    return (const char *)first + (size_t)(i * step) * bytes_of(type);
}

#endif
