/* hopper.cu: the variants of rung 4. */
#include "stamp.cuh"

#include "hopper.cuh"
#include "maps.cuh"

/* Of the current device. */
static int multiprocessors(int *count) {
    int device = 0;
    const cudaError_t code = cudaGetDevice(&device);
    return code != cudaSuccess ? code : cudaDeviceGetAttribute(count, cudaDevAttrMultiProcessorCount, device);
}

template <class S, bool RELU> static int start(const mot::product &p, int blocks, cudaStream_t stream) {
    mot::hopper_problem h;
    const int code = mot::hopper_describe<S>(&h, p, mot::encode_map);
    return code ? code
                : mot::start(mot::hopper_product<S, RELU>, mot::hopper_launch<S>(p, (unsigned)blocks), stream, h);
}

template <mot_stage stage, mot_dtype dtype, class S> static int hopper(const mot::tensors &t, cudaStream_t stream) {
    static_assert(stage == MOT_STAGE_EXPERTS && dtype == MOT_BF16, "what this family computes");
    int count = 0, code = multiprocessors(&count);
    if (!code) code = start<S, true>(mot::experts_up(t), count, stream);
    return code ? code : start<S, false>(mot::experts_down(t), count, stream);
}

#define MOT_CUDA_HOPPER(name, STAGE, DTYPE, ...)                                                                       \
    MOT_CUDA_ENTRY(name, hopper, STAGE, MOT_##DTYPE, mot::hopper_shape<__VA_ARGS__>)
#include "cuda_variants.def"
