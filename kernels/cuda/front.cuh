/* front.cuh: route and mix in one pass over X: attention with learned queries. A block keeps the tokens of a few groups
 * in shared memory; the transposed logits of 16 experts lie in a warp's registers, one expert a row, so that the
 * softmax runs along rows and the weights are at once the operand of the mix. bf16. */
#ifndef MOT_CUDA_FRONT_CUH
#define MOT_CUDA_FRONT_CUH

#include "matrix.cuh"

namespace mot {

/* Groups of at most TOKENS tokens, GROUPS of them a block; EXPERTS at a time, BK of D per stage of the controller. */
template <int TOKENS_, int EXPERTS_, int GROUPS_, int BK_, int STAGES_, int BLOCKS_ = 1> struct front_shape {
    static constexpr int TOKENS = TOKENS_, EXPERTS = EXPERTS_, GROUPS = GROUPS_, BK = BK_, STAGES = STAGES_;
    static constexpr int BLOCKS = BLOCKS_, WARPS_M = EXPERTS / 16, THREADS = WARPS_M * GROUPS * 32;
    static constexpr int C_PIECES = EXPERTS / 8, X_PIECES = BK / 8; /* of a row of a stage */
    static constexpr int STAGE_BYTES = BK * C_PIECES * 16, ROWS = GROUPS * TOKENS;
    static_assert(TOKENS % 16 == 0 && BK % 16 == 0 && THREADS % X_PIECES == 0, "whole fragments");
    static_assert((EXPERTS & (EXPERTS - 1)) == 0 && EXPERTS >= 16 && THREADS % C_PIECES == 0, "whole rows of pieces");
    static_assert(STAGES >= 2 && THREADS <= 1024, "a stage to fill while one is used");
};

/* 16-byte pieces of a token in shared memory: whole lines of the banks, so whole steps of the mix. */
__host__ __device__ constexpr int front_pieces(size_t d_model) { return (int)ceil_div<size_t>(d_model, 64) * 8; }

/* A block's groups, in shared memory. */
struct front_group {
    const mot_bf16 *x;
    mot_bf16 *p, *mixed; /* of expert 0 */
    int tokens;          /* 0: past the last group */
};

template <class S> __host__ __device__ constexpr size_t front_shared_bytes(size_t d_model) {
    return (size_t)S::STAGES * S::STAGE_BYTES + (size_t)S::ROWS * front_pieces(d_model) * 16 +
           S::GROUPS * sizeof(front_group);
}

struct front_view {
    const tensors &t;
    unsigned char *stages, *x; /* shared */
    front_group *groups;
    int pieces; /* of a token */
};

template <class S> __device__ inline front_view front_view_of(const tensors &t) {
    const int pieces = front_pieces(t.shape.d_model);
    unsigned char *stages = dynamic_shared(), *x = stages + S::STAGES * S::STAGE_BYTES;
    return {t, stages, x, (front_group *)(x + S::ROWS * pieces * 16), pieces};
}

__device__ inline front_group front_group_at(const tensors &t, size_t group) {
    if (group >= t.shape.groups) return {(const mot_bf16 *)t.x, (mot_bf16 *)t.p, (mot_bf16 *)t.mixed, 0};
    return {(const mot_bf16 *)t.x + token_offset(t, group, 0),
            (mot_bf16 *)t.p + group * t.shape.group_size * t.shape.experts,
            (mot_bf16 *)t.mixed + group * t.shape.d_model, (int)group_tokens(t, group)};
}

/* ---- copies ---- */

/* Columns k.. of all tokens to where they stay. */
template <class S> __device__ inline void front_copy_x(const front_view &v, size_t k) {
    const int piece = threadIdx.x % S::X_PIECES, left = elements_left(k + piece * 8, v.t.shape.d_model);
    const size_t stride = v.t.strides.token_stride;
    for (int row = threadIdx.x / S::X_PIECES; row < S::ROWS; row += S::THREADS / S::X_PIECES) {
        const front_group &g = v.groups[row / S::TOKENS];
        const int token = row % S::TOKENS, slot = swizzled(row, (int)(k / 8) + piece, v.pieces);
        const bool inside = token < g.tokens && left > 0;
        if ((int)(k / 8) + piece < v.pieces)
            copy_piece((mot_bf16 *)v.x + slot * 8, inside ? g.x + token * stride + k + piece * 8 : g.x,
                       inside ? left : 0, rows_aligned(g.x, stride, 16));
    }
}

/* Rows k.. of the controller, experts `first`.. */
template <class S>
__device__ inline void front_copy_controller(const front_view &v, int stage, size_t k, size_t first) {
    const size_t D = v.t.shape.d_model, E = v.t.shape.experts;
    const mot_bf16 *controller = (const mot_bf16 *)v.t.controller;
    const int piece = threadIdx.x % S::C_PIECES, left = elements_left(first + piece * 8, E);
    const bool aligned = rows_aligned(controller, E, 16);
    for (int row = threadIdx.x / S::C_PIECES; row < S::BK; row += S::THREADS / S::C_PIECES) {
        const bool inside = k + row < D && left > 0;
        const mot_bf16 *from = inside ? controller + (k + row) * E + first + piece * 8 : controller;
        const int slot = stage * S::BK * S::C_PIECES + swizzled(row, piece, S::C_PIECES);
        copy_piece((mot_bf16 *)v.stages + slot * 8, from, inside ? left : 0, aligned);
    }
}

/* Step `at` of all: BK of D for each EXPERTS experts. The tokens come with the first of these. */
template <class S> __device__ inline void front_copy(const front_view &v, int stage, unsigned at) {
    const unsigned steps = (unsigned)ceil_div<size_t>(v.t.shape.d_model, S::BK);
    const size_t k = (size_t)(at % steps) * S::BK, first = (size_t)(at / steps) * S::EXPERTS;
    if (first < v.t.shape.experts) {
        if (first == 0) front_copy_x<S>(v, k);
        front_copy_controller<S>(v, stage, k, first);
    }
    copy_commit();
}

/* ---- logits ---- */

template <class S> using front_sums = float[S::TOKENS / 8][4]; /* 16 experts x TOKENS */

/* A stage's share: columns k.. of the tokens. */
template <class S> __device__ inline void front_logits(front_sums<S> &sum, const front_view &v, int stage, int k) {
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32, low = lane % 8, second = lane / 8 % 2,
              upper = lane / 16;
    const unsigned char *controller = v.stages + stage * S::STAGE_BYTES;
    UNROLL
    for (int step = 0; step < S::BK; step += 16) {
        unsigned a[4];
        const int piece = warp % S::WARPS_M * 2 + second;
        load_matrices_turned(a, controller + swizzled(step + upper * 8 + low, piece, S::C_PIECES) * 16);
        UNROLL
        for (int j = 0; j < S::TOKENS / 16; j++) {
            unsigned b[4];
            const int row = warp / S::WARPS_M * S::TOKENS + j * 16 + upper * 8 + low;
            load_matrices(b, v.x + swizzled(row, (k + step) / 8 + second, v.pieces) * 16);
            mma_bf16(sum[j * 2], a, b[0], b[1]);
            mma_bf16(sum[j * 2 + 1], a, b[2], b[3]);
        }
    }
}

/* ---- softmax ---- */

__device__ inline float quad_max(float v) {
    v = fmaxf(v, __shfl_xor_sync(~0U, v, 1));
    return fmaxf(v, __shfl_xor_sync(~0U, v, 2));
}
__device__ inline float quad_sum(float v) {
    v += __shfl_xor_sync(~0U, v, 1);
    return v + __shfl_xor_sync(~0U, v, 2);
}

/* Along row lane/4 (+ 8 of half 1), which four lanes share. Columns past the tokens get no weight. */
template <class S> __device__ inline void front_softmax(front_sums<S> &v, int half, int tokens, float temperature) {
    const int column = threadIdx.x % 4 * 2;
    float max = -INFINITY, sum = 0;
    UNROLL
    for (int i = 0; i < S::TOKENS / 4; i++) {
        float &x = v[i / 2][half * 2 + i % 2];
        x = i / 2 * 8 + column + i % 2 < tokens ? x / temperature : -INFINITY;
        max = fmaxf(max, x);
    }
    max = quad_max(max);
    UNROLL
    for (int i = 0; i < S::TOKENS / 4; i++) {
        float &x = v[i / 2][half * 2 + i % 2];
        sum += x = i / 2 * 8 + column + i % 2 < tokens ? expf(x - max) : 0;
    }
    sum = quad_sum(sum);
    UNROLL
    for (int i = 0; i < S::TOKENS / 4; i++) v[i / 2][half * 2 + i % 2] /= sum;
}

/* Weights as they are stored: word half of tile j is an expert row's two neighbouring tokens. */
template <class S> using front_weights = unsigned[S::TOKENS / 8][2];

template <class S>
__device__ inline void front_store_weights(const front_weights<S> &weight, const tensors &t, const front_group &g,
                                           size_t expert) {
    const int lane = threadIdx.x % 32;
    UNROLL
    for (int i = 0; i < S::TOKENS / 4; i++) {
        const unsigned pair = turn_matrix(weight[i / 2][i % 2]); /* a token's two neighbouring experts */
        const int token = i / 2 * 8 + lane / 4;
        const size_t at = expert + i % 2 * 8 + lane % 4 * 2;
        mot_bf16 *p = g.p + token * t.shape.experts + at;
        if (token >= g.tokens) continue;
        if (t.shape.experts % 2 == 0 && (size_t)g.p % 4 == 0 && at < t.shape.experts)
            *(unsigned *)p = pair;
        else {
            if (at < t.shape.experts) p[0] = (mot_bf16)pair;
            if (at + 1 < t.shape.experts) p[1] = (mot_bf16)(pair >> 16);
        }
    }
}

/* ---- mix ---- */

/* Columns d.. of 16 mixed tokens, 32 of each. */
template <class S>
__device__ inline void front_mix(float (&sum)[4][4], const front_weights<S> &weight, const front_view &v, int d) {
    const int group = threadIdx.x / 32 / S::WARPS_M, lane = threadIdx.x % 32;
    UNROLL
    for (int k = 0; k < S::TOKENS / 16; k++) {
        const unsigned a[4] = {weight[2 * k][0], weight[2 * k][1], weight[2 * k + 1][0], weight[2 * k + 1][1]};
        UNROLL
        for (int j = 0; j < 2; j++) {
            unsigned b[4];
            const int row = group * S::TOKENS + k * 16 + lane % 16;
            load_matrices_turned(b, v.x + swizzled(row, d / 8 + j * 2 + lane / 16, v.pieces) * 16);
            mma_bf16(sum[2 * j], a, b[0], b[1]);
            mma_bf16(sum[2 * j + 1], a, b[2], b[3]);
        }
    }
}

template <class S>
__device__ inline void front_mix_all(const front_weights<S> &weight, const front_view &v, const front_group &g,
                                     size_t expert) {
    const size_t D = v.t.shape.d_model, pitch = v.t.shape.groups * D;
    const int lane = threadIdx.x % 32;
    const bool aligned = rows_aligned(g.mixed, pitch, 16);
    for (int d = 0; d < (int)D; d += 32) {
        float sum[4][4] = {};
        front_mix<S>(sum, weight, v, d);
        UNROLL
        for (int half = 0; half < 2; half++) {
            const size_t row = expert + half * 8 + lane / 4;
            const int left = row < v.t.shape.experts ? elements_left(d, D) : 0;
            put_tiles<false>(g.mixed + row * pitch + d, sum, half, left, aligned);
        }
    }
}

/* ---- the kernel ---- */

template <class S> __device__ inline void front_finish(front_sums<S> &sum, const front_view &v, size_t first) {
    const int warp = threadIdx.x / 32;
    const front_group &g = v.groups[warp / S::WARPS_M];
    const size_t expert = first + warp % S::WARPS_M * 16;
    front_weights<S> weight;
    if (g.tokens == 0 || expert >= v.t.shape.experts) return;
    front_softmax<S>(sum, 0, g.tokens, v.t.temperature);
    front_softmax<S>(sum, 1, g.tokens, v.t.temperature);
    UNROLL
    for (int i = 0; i < S::TOKENS / 4; i++)
        weight[i / 2][i % 2] = round_to_bf16x2(sum[i / 2][i % 2 * 2], sum[i / 2][i % 2 * 2 + 1]);
    front_store_weights<S>(weight, v.t, g, expert);
    front_mix_all<S>(weight, v, g, expert);
}

template <class S> __global__ void __launch_bounds__(S::THREADS, S::BLOCKS) front(tensors t) {
    const front_view v = front_view_of<S>(t);
    const unsigned steps = (unsigned)ceil_div<size_t>(t.shape.d_model, S::BK);
    const unsigned all = steps * (unsigned)ceil_div<size_t>(t.shape.experts, S::EXPERTS);
    if (threadIdx.x < S::GROUPS)
        v.groups[threadIdx.x] = front_group_at(t, (size_t)blockIdx.x * S::GROUPS + threadIdx.x);
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
