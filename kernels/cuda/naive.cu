/* naive.cu: the variants of rung 1. */
#include "stamp.cuh"

#include "naive.cuh"

template <mot_stage stage, mot_dtype dtype> static int naive(const mot::tensors &t, cudaStream_t stream) {
    using T = typename mot::element<dtype>::type;
    if constexpr (stage == MOT_STAGE_ROUTE) {
        return mot::start(mot::naive_route<T>, mot::naive_route_launch(t), stream, t);
    } else if constexpr (stage == MOT_STAGE_MIX) {
        return mot::start(mot::naive_mix<T>, mot::naive_mix_launch(t), stream, t);
    } else if constexpr (stage == MOT_STAGE_REDISTRIBUTE) {
        return mot::start(mot::naive_redistribute<T>, mot::naive_redistribute_launch(t), stream, t);
    } else {
        static_assert(stage == MOT_STAGE_EXPERTS, "a stage of this family");
        const int up = mot::start(mot::naive_up<T>, mot::naive_up_launch(t), stream, t);
        return up ? up : mot::start(mot::naive_down<T>, mot::naive_down_launch(t), stream, t);
    }
}

#define MOT_CUDA_NAIVE(name, STAGE, DTYPE) MOT_CUDA_ENTRY(name, naive, STAGE, MOT_##DTYPE)
#include "cuda_variants.def"
