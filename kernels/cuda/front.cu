/* front.cu: route and mix in one pass, on tensor cores. */
#include "stamp.cuh"

#include "front.cuh"

template <mot_stage stage, mot_dtype dtype, size_t kib, class S>
static int front(const mot::tensors &t, cudaStream_t stream) {
    static_assert(stage == MOT_STAGE_FRONT && dtype == MOT_BF16, "what this family computes");
    if (!mot::front_supports<S>(t.shape, kib * 1024)) return cudaErrorNotSupported; /* table.c says so before */
    return mot::start(mot::front<S>, mot::front_launch<S>(t), stream, t);
}

#define MOT_CUDA_FRONT(name, STAGE, DTYPE, sm, kib, ...)                                                               \
    MOT_CUDA_ENTRY(name, front, STAGE, MOT_##DTYPE, kib, mot::front_shape<__VA_ARGS__>)
#include "cuda_variants.def"
