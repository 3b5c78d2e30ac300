/* front.cuh: route and mix in one pass over X: attention with learned queries. A block keeps the tokens of a few groups
 * in shared memory; the transposed logits of 16 experts lie in a warp's registers, one expert a row, so that the
 * softmax runs along rows and the weights are at once the operand of the mix. bf16, or f32 rounded to tf32. */
#ifndef MOT_CUDA_FRONT_CUH
#define MOT_CUDA_FRONT_CUH

#include "front_tokens.cuh"
#include "front_weights.cuh"

namespace mot {

/* ---- logits ---- */

/* A stage's share: columns k.. of the tokens. */
template <class S, class T>
__device__ inline void front_logits(front_sums<S> &sum, const front_view<T> &v, int stage, int k) {
    const int warp = threadIdx.x / 32, tokens = warp / S::WARPS_M * S::TOKENS;
    const unsigned char *controller = v.stages + stage * S::STAGE_BYTES;
    UNROLL
    for (int step = 0; step < S::BK; step += mma_terms<T>::STEP) {
        unsigned a[4];
        load_a_down<T>(a, controller, S::C_PIECES, warp % S::WARPS_M * 16, step);
        UNROLL
        for (int j = 0; j < S::TOKENS / 16; j++) {
            unsigned b[4];
            load_b<T>(b, v.x, v.pieces, tokens + j * 16, k + step);
            multiply<T>(sum[j * 2], a, b[0], b[1]);
            multiply<T>(sum[j * 2 + 1], a, b[2], b[3]);
        }
    }
}

/* ---- the kernel ---- */

template <class S, class T>
__device__ inline void front_finish(front_sums<S> &sum, const front_view<T> &v, size_t first) {
    const int warp = threadIdx.x / 32;
    const front_group<T> &g = v.groups[warp / S::WARPS_M];
    const size_t expert = first + warp % S::WARPS_M * 16, E = v.t.shape.experts;
    front_weights<S> weight;
    if (g.tokens == 0 || expert >= E) return;
    front_softmax<S>(sum, 0, g.tokens, v.t.temperature);
    front_softmax<S>(sum, 1, g.tokens, v.t.temperature);
    front_round<S>(weight, sum);
    front_store<S>(weight, g.p + expert, E, elements_left(expert, E), g.tokens);
    front_mix_all<S>(weight, v, g.mixed + expert * v.t.shape.groups * v.t.shape.d_model, elements_left(expert, E));
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
