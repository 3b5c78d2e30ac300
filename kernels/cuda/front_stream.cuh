/* front_stream.cuh: the front of tokens that do not fit in shared memory. They stream through the ring twice, for the
 * logits and for the mix, the second time out of the L2 cache. */
#ifndef MOT_CUDA_FRONT_STREAM_CUH
#define MOT_CUDA_FRONT_STREAM_CUH

#include "front_weights.cuh"

namespace mot {

/* A stage: BK rows of the controller, then as many columns of the tokens. */
template <class S> __host__ __device__ constexpr size_t front_stream_stage_bytes() {
    return S::STAGE_BYTES + S::ROWS * S::X_PIECES * 16;
}
template <class S> __host__ __device__ constexpr size_t front_stream_shared_bytes() {
    return S::STAGES * front_stream_stage_bytes<S>() + S::GROUPS * sizeof(front_group<typename S::T>);
}

/* Of one stage. */
template <class S> __device__ inline front_view<typename S::T> front_stream_view(const tensors &t, int stage) {
    unsigned char *shared = dynamic_shared(), *controller = shared + stage * front_stream_stage_bytes<S>();
    auto *groups = (front_group<typename S::T> *)(shared + S::STAGES * front_stream_stage_bytes<S>());
    return {t, controller, controller + S::STAGE_BYTES, groups, S::X_PIECES};
}

/* Step `at` of all: for each EXPERTS experts, D by BK with the controller, then D by BK once more. */
template <class S> __device__ inline void front_stream_copy(const tensors &t, int stage, unsigned at) {
    const unsigned steps = (unsigned)ceil_div<size_t>(t.shape.d_model, S::BK), step = at % (2 * steps);
    const size_t k = (size_t)(step % steps) * S::BK, first = (size_t)(at / (2 * steps)) * S::EXPERTS;
    const front_view<typename S::T> v = front_stream_view<S>(t, stage);
    if (first < t.shape.experts) {
        front_copy_x<S>(v, k, 0);
        if (step < steps) front_copy_controller<S>(v, 0, k, first);
    }
    copy_commit();
}

/* The ring, step after step: turn() gives the stage that has arrived and begins to fill the one behind it. */
template <class S> struct front_ring {
    const tensors &t;
    unsigned at; /* steps taken */
    int use, fill;

    __device__ int turn() {
        const int stage = use;
        copy_wait<S::STAGES - 2>();
        __syncthreads(); /* this stage has arrived for all, and nobody uses the one that is filled next */
        front_stream_copy<S>(t, fill, at + S::STAGES - 1);
        at++, use = use + 1 == S::STAGES ? 0 : use + 1, fill = fill + 1 == S::STAGES ? 0 : fill + 1;
        return stage;
    }
};

/* EXPERTS experts from `first` on. A warp without work keeps step with the others. */
template <class S>
__device__ inline void front_stream_round(const tensors &t, front_ring<S> &ring, const front_group<typename S::T> &g,
                                          size_t first) {
    const size_t expert = first + threadIdx.x / 32 % S::WARPS_M * 16, E = t.shape.experts, D = t.shape.d_model;
    const bool works = g.tokens > 0 && expert < E;
    front_sums<S> sum = {};
    front_weights<S> weight = {};
    for (size_t k = 0; k < D; k += S::BK) {
        const int stage = ring.turn();
        if (works) front_logits<S>(sum, front_stream_view<S>(t, stage), 0, 0);
    }
    if (works) front_weigh<S>(weight, sum, t, g, expert);
    for (size_t k = 0; k < D; k += S::BK) {
        const int stage = ring.turn();
        if (works)
            front_mix_all<S>(weight, front_stream_view<S>(t, stage), g.mixed + expert * t.shape.groups * D,
                             elements_left(expert, E), k, S::BK);
    }
}

template <class S> __global__ void __launch_bounds__(S::THREADS, S::BLOCKS) front_stream(tensors t) {
    static_assert(S::BK % 32 == 0, "whole steps of the mix");
    front_group<typename S::T> *groups = front_stream_view<S>(t, 0).groups;
    if (threadIdx.x < S::GROUPS)
        groups[threadIdx.x] = front_group_at<typename S::T>(t, (size_t)blockIdx.x * S::GROUPS + threadIdx.x);
    __syncthreads();
    for (int stage = 0; stage < S::STAGES - 1; stage++) front_stream_copy<S>(t, stage, stage);
    front_ring<S> ring = {t, 0, 0, S::STAGES - 1};
    for (size_t first = 0; first < t.shape.experts; first += S::EXPERTS)
        front_stream_round<S>(t, ring, front_read(groups[threadIdx.x / 32 / S::WARPS_M]), first);
}

template <class S> inline bool front_stream_supports(const mot_shape &s) { return s.group_size <= S::TOKENS; }
template <class S> inline launch front_stream_launch(const tensors &t) {
    return {{(unsigned)ceil_div<size_t>(t.shape.groups, S::GROUPS), 1, 1}, S::THREADS, front_stream_shared_bytes<S>()};
}

} // namespace mot

#endif
