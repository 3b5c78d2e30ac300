/* words.cuh: the words of device.cuh that CUDA does not have by itself. */
#ifndef MOT_CUDA_WORDS_CUH
#define MOT_CUDA_WORDS_CUH

/* Starts a kernel of one argument on a stream; the caller asks cudaPeekAtLastError. */
#define MOT_LAUNCH(kernel, how, stream, argument)                                                                      \
    kernel<<<dim3((how).blocks[0], (how).blocks[1], (how).blocks[2]), (how).threads, (how).shared_bytes, (stream)>>>(  \
        argument)

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

/* The block's dynamic shared memory: launch.shared_bytes of it. */
__device__ inline unsigned char *dynamic_shared() {
    extern __shared__ __align__(1024) unsigned char mot_dynamic_shared[];
    return mot_dynamic_shared;
}

} // namespace mot

#endif
