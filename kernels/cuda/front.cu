/* front.cu: route and mix in one pass, on tensor cores. */
#include "stamp.cuh"

#include "front.cuh"
#include "front_stream.cuh"

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

template <mot_stage stage, class S> static int stream_front(const mot::tensors &t, cudaStream_t stream) {
    static_assert(stage == MOT_STAGE_FRONT && mot::front_stream_shared_bytes<S>() <= 99 * 1024, "any device has it");
    if (!mot::front_stream_supports<S>(t.shape)) return cudaErrorNotSupported; /* table.c says so before */
    return mot::start(mot::front_stream<S>, mot::front_stream_launch<S>(t), stream, t);
}

#define MOT_CUDA_STREAM(name, STAGE, DTYPE, ...)                                                                       \
    MOT_CUDA_ENTRY(name, stream_front, STAGE, shape_of<MOT_##DTYPE, __VA_ARGS__>)
#include "cuda_variants.def"
