/* words.cuh: the words of device.cuh that CUDA does not have by itself. */
#ifndef MOT_CUDA_WORDS_CUH
#define MOT_CUDA_WORDS_CUH

#define UNROLL _Pragma("unroll")

namespace mot {

/* To nearest even. */
__device__ inline mot_bf16 round_to_bf16(float v) {
    mot_bf16 narrow;
    asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(narrow) : "f"(v));
    return narrow;
}
/* Two of them in a word, the first one in its lower half. */
__device__ inline unsigned round_to_bf16x2(float first, float second) {
    unsigned word;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(word) : "f"(second), "f"(first));
    return word;
}

/* A pointer that comes out of shared memory may point anywhere, as far as the compiler knows; this one does not. */
template <class T> __device__ inline T *global(T *pointer) {
    __builtin_assume(__isGlobal(pointer));
    return pointer;
}

/* 16 and 8 bytes to global memory in one access each: left to itself the compiler may split them. */
__device__ inline void store_piece(void *to, const unsigned (&w)[4]) {
    asm volatile("st.global.v4.b32 [%0], {%1, %2, %3, %4};" ::"l"(__cvta_generic_to_global(to)), "r"(w[0]), "r"(w[1]),
                 "r"(w[2]), "r"(w[3])
                 : "memory");
}
__device__ inline void store_piece(void *to, float first, float second) {
    asm volatile("st.global.v2.f32 [%0], {%1, %2};" ::"l"(__cvta_generic_to_global(to)), "f"(first), "f"(second)
                 : "memory");
}

/* The block's dynamic shared memory: launch.shared_bytes of it. */
__device__ inline unsigned char *dynamic_shared() {
    extern __shared__ __align__(1024) unsigned char mot_dynamic_shared[];
    return mot_dynamic_shared;
}

} // namespace mot

#endif
