/* tiled.cu: the variants of rung 2. */
#include "stamp.cuh"

#include "tiled.cuh"

template <class T, class S, bool RELU, class Problem> static int start(const Problem &problem, cudaStream_t stream) {
    return mot::start(mot::tiled_product<T, S, RELU, Problem>, mot::tiled_launch<S>(problem), stream, problem);
}

template <mot_stage stage, mot_dtype dtype, class S> static int tiled(const mot::tensors &t, cudaStream_t stream) {
    using T = typename mot::element<dtype>::type;
    if constexpr (stage == MOT_STAGE_ROUTE) {
        const mot::routing r = {t};
        if (!mot::tiled_route_supports<S>(t.shape)) return cudaErrorNotSupported; /* table.c says so before */
        return mot::start(mot::tiled_route<T, S>, mot::tiled_route_launch<S>(r), stream, r);
    } else if constexpr (stage == MOT_STAGE_MIX) {
        return start<T, S, false>(mot::mixing{t}, stream);
    } else if constexpr (stage == MOT_STAGE_REDISTRIBUTE) {
        return start<T, S, false>(mot::redistribution{t}, stream);
    } else {
        static_assert(stage == MOT_STAGE_EXPERTS, "a stage of this family");
        const int up = start<T, S, true>(mot::experts_up(t), stream);
        return up ? up : start<T, S, false>(mot::experts_down(t), stream);
    }
}

#define MOT_CUDA_TILED(name, STAGE, DTYPE, ...)                                                                        \
    MOT_CUDA_ENTRY(name, tiled, STAGE, MOT_##DTYPE, mot::tiled_shape<__VA_ARGS__>)
#include "cuda_variants.def"
