/* words_emulated.h: CUDA's words for a C++ compiler: kernels/cuda compiles on machines without nvcc and runs on those
 * without a GPU. */
#ifndef EMULATED_WORDS_H
#define EMULATED_WORDS_H

#include "grid.h"

#include "mot/mot.h"

#include <cmath>
#include <cstdlib>
#include <cstring>

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __launch_bounds__(...)
#define UNROLL

#define threadIdx (emulated::thread_index())
#define blockIdx (emulated::block_index())
#define blockDim (emulated::block_size())
#define gridDim (emulated::grid_size())

/* Clusters run one after the other: the stream is ignored. */
#define MOT_LAUNCH(kernel, how, stream, argument)                                                                      \
    emulated::run((how).blocks, (how).cluster, (how).threads, (how).shared_bytes, [&] { (kernel)(argument); })

struct alignas(8) float2 {
    float x, y;
};
struct alignas(8) uint2 {
    unsigned x, y;
};
struct alignas(16) uint4 {
    unsigned x, y, z, w;
};
struct alignas(16) float4 {
    float x, y, z, w;
};
inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }

inline void __syncthreads() { emulated::barrier(0, blockDim.x); }
inline void __syncwarp() {
    emulated::together(nullptr, [](void *const *) {});
}

inline float __uint_as_float(unsigned bits) {
    float v;
    memcpy(&v, &bits, sizeof v);
    return v;
}
inline unsigned __float_as_uint(float v) {
    unsigned bits;
    memcpy(&bits, &v, sizeof bits);
    return bits;
}

/* All lanes take part: the mask is ignored. */
template <class V> V __shfl_xor_sync(unsigned, V v, int mask) {
    V mine[2] = {v, v};
    emulated::together(mine, [=](void *const *of_lane) {
        for (int lane = 0; lane < emulated::WARP; lane++)
            ((V *)of_lane[lane])[1] = ((const V *)of_lane[lane ^ mask])[0];
    });
    return mine[1];
}

namespace mot {

/* To nearest even; NaN stays NaN. */
inline mot_bf16 round_to_bf16(float v) {
    const unsigned bits = __float_as_uint(v);
    if (std::isnan(v)) return 0x7fff;
    return (mot_bf16)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}
inline unsigned round_to_bf16x2(float first, float second) {
    return round_to_bf16(first) | (unsigned)round_to_bf16(second) << 16;
}

inline void store_piece(void *to, const unsigned (&w)[4]) { *(uint4 *)to = {w[0], w[1], w[2], w[3]}; }
inline void store_piece(void *to, float first, float second) { *(float2 *)to = {first, second}; }
template <class T> T *global(T *pointer) { return pointer; }
inline unsigned char *dynamic_shared() { return emulated::dynamic_shared(); }

} // namespace mot

#endif
