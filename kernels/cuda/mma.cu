/* mma.cu: the variants of rung 3. */
#include "stamp.cuh"

#include "mma.cuh"

template <class S, bool RELU, class Problem> static int start(const Problem &problem, cudaStream_t stream) {
    return mot::start(mot::mma_product<S, RELU, Problem>, mot::mma_launch<S>(problem), stream, problem);
}

template <mot_stage stage, class S> static int mma(const mot::tensors &t, cudaStream_t stream) {
    if constexpr (stage == MOT_STAGE_REDISTRIBUTE) {
        return start<S, false>(mot::redistribution{t}, stream);
    } else if constexpr (stage == MOT_STAGE_MIX) {
        return start<S, false>(mot::mixing{t}, stream);
    } else {
        static_assert(stage == MOT_STAGE_EXPERTS, "a stage of this family");
        const int up = start<S, true>(mot::experts_up(t), stream);
        return up ? up : start<S, false>(mot::experts_down(t), stream);
    }
}

#define MOT_CUDA_MMA(name, STAGE, DTYPE, ...)                                                                          \
    MOT_CUDA_ENTRY(name, mma, STAGE, mot::mma_shape<mot::element<MOT_##DTYPE>::type, __VA_ARGS__>)
#include "cuda_variants.def"
