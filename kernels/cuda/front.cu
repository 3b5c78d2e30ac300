/* front.cu: route and mix in one pass, on tensor cores. */
#include "stamp.cuh"

#include "front.cuh"

/* Any shape of this data type. */
template <mot_dtype dtype, int tokens, int experts, int groups, int bk, int stages>
using shape_of = mot::front_shape<tokens, experts, groups, bk, stages, 1, typename mot::element<dtype>::type>;

template <mot_stage stage, size_t kib, class S> static int front(const mot::tensors &t, cudaStream_t stream) {
    static_assert(stage == MOT_STAGE_FRONT, "what this family computes");
    if (!mot::front_supports<S>(t.shape, kib * 1024)) return cudaErrorNotSupported; /* table.c says so before */
    return mot::start(mot::front<S>, mot::front_launch<S>(t), stream, t);
}

#define MOT_CUDA_FRONT(name, STAGE, DTYPE, sm, kib, ...)                                                               \
    MOT_CUDA_ENTRY(name, front, STAGE, kib, shape_of<MOT_##DTYPE, __VA_ARGS__>)
#include "cuda_variants.def"
