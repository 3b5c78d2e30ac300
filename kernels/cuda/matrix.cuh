/* matrix.cuh: the words of rung 3, sm_80 and up: the tensor cores' product, their loads from shared memory, and copies
 * to shared memory that run by themselves. PTX here; on the CPU the same by the layouts of layout.cuh. */
#ifndef MOT_CUDA_MATRIX_CUH
#define MOT_CUDA_MATRIX_CUH

#include "layout.cuh"

#if !defined(__CUDACC__)
#include "matrix_emulated.h"
#else
namespace mot {

__device__ inline unsigned shared_address(const void *p) { return (unsigned)__cvta_generic_to_shared(p); }

/* ---- products of a warp: c += a.b ---- */

__device__ inline void mma_bf16(float (&c)[4], const unsigned (&a)[4], unsigned b0, unsigned b1) {
    asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
        "{%0,%1,%2,%3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}
__device__ inline void mma_tf32(float (&c)[4], const unsigned (&a)[4], unsigned b0, unsigned b1) {
    asm("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
        "{%0,%1,%2,%3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}
/* To nearest, ties away, as the tensor cores take it. */
__device__ inline unsigned round_to_tf32(unsigned bits) {
    unsigned narrow;
    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(narrow) : "f"(__uint_as_float(bits)));
    return narrow;
}

/* ---- four 8x8 matrices of 16-bit elements from shared memory ---- */

/* Lane l says where row l%8 of matrix l/8 is, 16 bytes. It gets, of each matrix, row l/4, elements l%4*2 and the next;
 * turned: of column l/4, those of rows l%4*2 and the next. */
__device__ inline void load_matrices(unsigned (&r)[4], const void *row) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(shared_address(row))
                 : "memory");
}
__device__ inline void load_matrices_turned(unsigned (&r)[4], const void *row) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(shared_address(row))
                 : "memory");
}

/* The 8x8 matrix of which each lane has a word, turned. */
__device__ inline unsigned turn_matrix(unsigned word) {
    unsigned turned;
    asm volatile("movmatrix.sync.aligned.m8n8.trans.b16 %0, %1;" : "=r"(turned) : "r"(word));
    return turned;
}

/* ---- copies that run by themselves ---- */

/* 16 bytes to shared memory, the first `bytes` of them from global memory and the rest 0. Both aligned to 16. */
__device__ inline void copy_async(void *to, const void *from, int bytes) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(to)), "l"(from), "r"(bytes)
                 : "memory");
}
/* Those begun since the last call, maybe none, are a group … */
__device__ inline void copy_commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }
/* … and all but the last `PENDING` groups of this thread have arrived. */
template <int PENDING> __device__ inline void copy_wait() {
    asm volatile("cp.async.wait_group %0;" ::"n"(PENDING) : "memory");
}

} // namespace mot
#endif

namespace mot {

/* Word j of lane i of each four lanes becomes word i of lane j: two neighbouring results of each of four tiles become
 * eight of one, 16 bytes to store. */
__device__ inline void turn_quad(unsigned (&w)[4]) {
    UNROLL
    for (int mask = 1; mask <= 2; mask *= 2) {
        const bool upper = threadIdx.x & mask;
        UNROLL
        for (int i = 0; i < 4; i++)
            if (!(i & mask)) {
                const unsigned got = __shfl_xor_sync(~0U, upper ? w[i] : w[i | mask], mask);
                if (upper)
                    w[i] = got;
                else
                    w[i | mask] = got;
            }
    }
}

/* A piece of 16 bytes to shared memory; the row that it is from ends after `left` elements, past them are zeros. */
template <class T> __device__ inline void copy_piece(T *to, const T *from, int left, bool aligned) {
    constexpr int ELEMENTS = 16 / sizeof(T);
    if (aligned) return copy_async(to, from, (left < ELEMENTS ? left : ELEMENTS) * (int)sizeof(T));
    UNROLL
    for (int i = 0; i < ELEMENTS; i++) to[i] = i < left ? from[i] : T(0);
}

} // namespace mot

#endif
