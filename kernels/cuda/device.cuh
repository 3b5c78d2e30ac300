/* device.cuh: what every kernel takes and the few words that all are written in. Plain CUDA: nvcc compiles it, and so
 * does any C++ compiler with the words of tests/emulated/cuda. */
#ifndef MOT_CUDA_DEVICE_CUH
#define MOT_CUDA_DEVICE_CUH

#include "mot/mot.h"

#if defined(__CUDACC__)
#include "words.cuh"
#else
#include "words_emulated.h"
#endif

namespace mot {

/* The layer's tensors in device memory, all of one data type: see kernel.h. By value into every kernel. */
struct tensors {
    const void *x, *controller, *w1, *w2;
    void *p, *mixed, *y, *out;
    void *hidden; /* (E,G,H) workspace between the two products of the experts */
    mot_shape shape;
    mot_strides strides; /* of x and out; last_tokens is never 0 here */
    float temperature;
};

/* How a kernel is started. No blocks: there is nothing to do, and CUDA refuses an empty grid. */
struct launch {
    unsigned blocks[3], threads;
    size_t shared_bytes;  /* dynamic; above 48 KiB the host must first raise the kernel's limit */
    unsigned cluster = 1; /* blocks of one, side by side: they run at once and share memory; sm_90 */
};

template <class N> __host__ __device__ constexpr N ceil_div(N a, N b) { return (a + b - 1) / b; }

/* One thread per element. */
inline launch one_thread_each(size_t elements, unsigned threads) {
    return {{(unsigned)ceil_div<size_t>(elements, threads), 1, 1}, threads, 0};
}
__device__ inline size_t thread_number() { return (size_t)blockIdx.x * blockDim.x + threadIdx.x; }

/* ---- elements: float, or mot_bf16, the upper half of one ---- */

__device__ inline float widen(float v) { return v; }
__device__ inline float widen(mot_bf16 v) { return __uint_as_float((unsigned)v << 16); }

template <class T> __device__ T narrow(float v);
template <> __device__ inline float narrow<float>(float v) { return v; }
template <> __device__ inline mot_bf16 narrow<mot_bf16>(float v) { return round_to_bf16(v); }

/* Two or four in one access; the address must be a multiple of their size. */
__device__ inline float4 load4(const float *from) { return *(const float4 *)from; }
__device__ inline float4 load4(const mot_bf16 *from) {
    const uint2 v = *(const uint2 *)from;
    return make_float4(__uint_as_float(v.x << 16), __uint_as_float(v.x & 0xffff0000U), __uint_as_float(v.y << 16),
                       __uint_as_float(v.y & 0xffff0000U));
}
__device__ inline void store2(float *to, float first, float second) { *(float2 *)to = {first, second}; }
__device__ inline void store2(mot_bf16 *to, float first, float second) {
    *(unsigned *)to = round_to_bf16x2(first, second);
}
__device__ inline void store4(float *to, float4 v) { *(float4 *)to = v; }
__device__ inline void store4(mot_bf16 *to, float4 v) {
    *(uint2 *)to = {round_to_bf16x2(v.x, v.y), round_to_bf16x2(v.z, v.w)};
}

/* NaN stays NaN, as the check demands; fmaxf would lose it. */
__device__ inline float relu(float v) { return v < 0 ? 0 : v; }

/* ---- rows of a matrix ---- */

/* Whether the rows of a matrix may be accessed in pieces of so many bytes. */
template <class T> __device__ inline bool rows_aligned(const T *first, size_t ld, size_t bytes) {
    return ((size_t)first | ld * sizeof(T)) % bytes == 0;
}

/* From `at` to the end; of large numbers only that they are large. */
__device__ inline int elements_left(size_t at, size_t end) {
    const size_t left = at < end ? end - at : 0;
    return left < 1 << 30 ? (int)left : 1 << 30;
}

/* ---- groups ---- */

__device__ inline size_t group_tokens(const tensors &t, size_t group) {
    const size_t last = (t.shape.groups - 1) / t.strides.inner_groups;
    return group / t.strides.inner_groups == last ? t.strides.last_tokens : t.shape.group_size;
}
/* Of x and out: the element where a token begins. */
__device__ inline size_t token_offset(const tensors &t, size_t group, size_t token) {
    return group / t.strides.inner_groups * t.strides.outer_stride +
           group % t.strides.inner_groups * t.strides.inner_stride + token * t.strides.token_stride;
}

} // namespace mot

#endif
