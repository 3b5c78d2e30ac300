/* front.cuh: route and mix in one pass over X: attention with learned queries. A block keeps the tokens of a few groups
 * in shared memory; the transposed logits of 16 experts lie in a warp's registers, one expert a row, so that the
 * softmax runs along rows and the weights are at once the operand of the mix. bf16, or f32 rounded to tf32. */
#ifndef MOT_CUDA_FRONT_CUH
#define MOT_CUDA_FRONT_CUH

#include "front_weights.cuh"

namespace mot {

template <class S, class T>
__device__ inline void front_finish(front_sums<S> &sum, const front_view<T> &v, size_t first) {
    const int warp = threadIdx.x / 32;
    const front_group<T> g = front_read(v.groups[warp / S::WARPS_M]);
    const size_t expert = first + warp % S::WARPS_M * 16, E = v.t.shape.experts;
    front_weights<S> weight;
    if (g.tokens == 0 || expert >= E) return;
    front_weigh<S>(weight, sum, v.t, g, expert);
    front_mix_all<S>(weight, v, g.mixed + expert * v.t.shape.groups * v.t.shape.d_model, elements_left(expert, E), 0,
                     (int)v.t.shape.d_model);
}

template <class S> __global__ void __launch_bounds__(S::THREADS, S::BLOCKS) front(tensors t) {
    const front_view<typename S::T> v = front_view_of<S>(t);
    const unsigned steps = (unsigned)ceil_div<size_t>(t.shape.d_model, S::BK);
    const unsigned all = steps * (unsigned)ceil_div<size_t>(t.shape.experts, S::EXPERTS);
    if (threadIdx.x < S::GROUPS)
        v.groups[threadIdx.x] = front_group_at<typename S::T>(t, (size_t)blockIdx.x * S::GROUPS + threadIdx.x);
    __syncthreads();
    for (int stage = 0; stage < S::STAGES - 1; stage++) front_copy<S>(v, stage, stage);
    int use = 0, fill = S::STAGES - 1;
    for (unsigned at = 0; at < all; at += steps) {
        front_sums<S> sum = {};
        for (unsigned step = 0; step < steps; step++) {
            copy_wait<S::STAGES - 2>();
            __syncthreads(); /* this stage has arrived for all, and nobody uses the one that is filled next */
            front_copy<S>(v, fill, at + step + S::STAGES - 1);
            front_logits<S>(sum, v, use, step * S::BK);
            use = use + 1 == S::STAGES ? 0 : use + 1, fill = fill + 1 == S::STAGES ? 0 : fill + 1;
        }
        front_finish<S>(sum, v, (size_t)(at / steps) * S::EXPERTS);
    }
}

/* Whether the tokens fit: shared_limit is what a block may have. */
template <class S> inline bool front_supports(const mot_shape &s, size_t shared_limit) {
    return s.group_size <= S::TOKENS && front_shared_bytes<S>(s.d_model) <= shared_limit;
}
template <class S> inline launch front_launch(const tensors &t) {
    return {{(unsigned)ceil_div<size_t>(t.shape.groups, S::GROUPS), 1, 1},
            S::THREADS,
            front_shared_bytes<S>(t.shape.d_model)};
}

} // namespace mot

#endif
