/* front.cuh: route and mix in one pass over X: attention with learned queries. A block keeps the tokens of a few groups
 * in shared memory; the transposed logits of 16 experts lie in a warp's registers, one expert a row, so that the
 * softmax runs along rows and the weights are at once the operand of the mix. bf16, or f32 rounded to tf32. */
#ifndef MOT_CUDA_FRONT_CUH
#define MOT_CUDA_FRONT_CUH

#include "fragment.cuh"

namespace mot {

/* Groups of at most TOKENS tokens, GROUPS of them a block; EXPERTS at a time, BK of D per stage of the controller. */
template <int TOKENS_, int EXPERTS_, int GROUPS_, int BK_, int STAGES_, int BLOCKS_ = 1, class T_ = mot_bf16>
struct front_shape {
    using T = T_;
    static constexpr int PER_PIECE = mma_terms<T>::PER_PIECE;
    static constexpr int TOKENS = TOKENS_, EXPERTS = EXPERTS_, GROUPS = GROUPS_, BK = BK_, STAGES = STAGES_;
    static constexpr int BLOCKS = BLOCKS_, WARPS_M = EXPERTS / 16, THREADS = WARPS_M * GROUPS * 32;
    static constexpr int C_PIECES = EXPERTS / PER_PIECE, X_PIECES = BK / PER_PIECE; /* of a row of a stage */
    static constexpr int STAGE_BYTES = BK * C_PIECES * 16, ROWS = GROUPS * TOKENS;
    static_assert(TOKENS % 16 == 0 && BK % mma_terms<T>::STEP == 0 && THREADS % X_PIECES == 0, "whole fragments");
    static_assert((EXPERTS & (EXPERTS - 1)) == 0 && EXPERTS >= 16 && THREADS % C_PIECES == 0, "whole rows of pieces");
    static_assert(STAGES >= 2 && THREADS <= 1024, "a stage to fill while one is used");
};

/* 16-byte pieces of a token in shared memory: whole lines of the banks, so whole steps of the mix. */
template <class T> __host__ __device__ constexpr int front_pieces(size_t d_model) {
    return (int)ceil_div<size_t>(d_model * sizeof(T), 128) * 8;
}

/* A block's groups, in shared memory. */
template <class T> struct front_group {
    const T *x;
    T *p, *mixed; /* of expert 0 */
    int tokens;   /* 0: past the last group */
};

template <class S> __host__ __device__ constexpr size_t front_shared_bytes(size_t d_model) {
    return (size_t)S::STAGES * S::STAGE_BYTES + (size_t)S::ROWS * front_pieces<typename S::T>(d_model) * 16 +
           S::GROUPS * sizeof(front_group<typename S::T>);
}

template <class T> struct front_view {
    const tensors &t;
    unsigned char *stages, *x; /* shared */
    front_group<T> *groups;
    int pieces; /* of a token */
};

template <class S> __device__ inline front_view<typename S::T> front_view_of(const tensors &t) {
    const int pieces = front_pieces<typename S::T>(t.shape.d_model);
    unsigned char *stages = dynamic_shared(), *x = stages + S::STAGES * S::STAGE_BYTES;
    return {t, stages, x, (front_group<typename S::T> *)(x + S::ROWS * pieces * 16), pieces};
}

template <class T> __device__ inline front_group<T> front_group_at(const tensors &t, size_t group) {
    if (group >= t.shape.groups) return {(const T *)t.x, (T *)t.p, (T *)t.mixed, 0};
    return {(const T *)t.x + token_offset(t, group, 0), (T *)t.p + group * t.shape.group_size * t.shape.experts,
            (T *)t.mixed + group * t.shape.d_model, (int)group_tokens(t, group)};
}

/* ---- copies ---- */

/* Columns k.. of all tokens to where they stay. */
template <class S, class T> __device__ inline void front_copy_x(const front_view<T> &v, size_t k) {
    const int piece = threadIdx.x % S::X_PIECES, left = elements_left(k + piece * S::PER_PIECE, v.t.shape.d_model);
    const size_t stride = v.t.strides.token_stride;
    for (int row = threadIdx.x / S::X_PIECES; row < S::ROWS; row += S::THREADS / S::X_PIECES) {
        const front_group<T> &g = v.groups[row / S::TOKENS];
        const int token = row % S::TOKENS, slot = swizzled(row, (int)k / S::PER_PIECE + piece, v.pieces);
        const bool inside = token < g.tokens && left > 0;
        if ((int)k / S::PER_PIECE + piece < v.pieces)
            copy_piece((T *)(v.x + slot * 16), inside ? g.x + token * stride + k + piece * S::PER_PIECE : g.x,
                       inside ? left : 0, rows_aligned(g.x, stride, 16));
    }
}

/* Rows k.. of the controller, experts `first`.. */
template <class S, class T>
__device__ inline void front_copy_controller(const front_view<T> &v, int stage, size_t k, size_t first) {
    const size_t D = v.t.shape.d_model, E = v.t.shape.experts;
    const T *controller = (const T *)v.t.controller;
    const int piece = threadIdx.x % S::C_PIECES, left = elements_left(first + piece * S::PER_PIECE, E);
    const bool aligned = rows_aligned(controller, E, 16);
    for (int row = threadIdx.x / S::C_PIECES; row < S::BK; row += S::THREADS / S::C_PIECES) {
        const bool inside = k + row < D && left > 0;
        const T *from = inside ? controller + (k + row) * E + first + piece * S::PER_PIECE : controller;
        const int slot = stage * S::BK * S::C_PIECES + down_slot<T>(row, piece, S::C_PIECES);
        copy_piece((T *)(v.stages + slot * 16), from, inside ? left : 0, aligned);
    }
}

/* Step `at` of all: BK of D for each EXPERTS experts. The tokens come with the first of these. */
template <class S, class T> __device__ inline void front_copy(const front_view<T> &v, int stage, unsigned at) {
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

/* Weights as they are stored, the operand of the mix: of each eight tokens the fragments' halves, a word of two
 * neighbouring tokens (bf16), or one of each (f32). */
template <class S> using front_weights = unsigned[S::TOKENS / 8][sizeof(typename S::T)];

template <class S> __device__ inline void front_round(front_weights<S> &weight, const front_sums<S> &sum) {
    UNROLL
    for (int i = 0; i < S::TOKENS / 8; i++) UNROLL
    for (int j = 0; j < (int)sizeof(typename S::T); j++)
        weight[i][j] = sizeof(typename S::T) == 4 ? __float_as_uint(sum[i][j])
                                                  : round_to_bf16x2(sum[i][j * 2 % 4], sum[i][(j * 2 + 1) % 4]);
}

/* p: of the first of 16 experts; `left` from there on. */
template <class S>
__device__ inline void front_store(const unsigned (&weight)[S::TOKENS / 8][2], mot_bf16 *p, size_t experts, int left,
                                   int tokens) {
    const int lane = threadIdx.x % 32;
    const bool pairs = rows_aligned(p, experts, 4);
    UNROLL
    for (int i = 0; i < S::TOKENS / 4; i++) {
        const unsigned pair = turn_matrix(weight[i / 2][i % 2]); /* a token's two neighbouring experts */
        const int token = i / 2 * 8 + lane / 4, expert = i % 2 * 8 + lane % 4 * 2;
        mot_bf16 *to = p + token * experts + expert;
        if (token < tokens && pairs && expert + 1 < left) {
            *(unsigned *)to = pair;
        } else if (token < tokens) {
            if (expert < left) to[0] = (mot_bf16)pair;
            if (expert + 1 < left) to[1] = (mot_bf16)(pair >> 16);
        }
    }
}
template <class S>
__device__ inline void front_store(const unsigned (&weight)[S::TOKENS / 8][4], float *p, size_t experts, int left,
                                   int tokens) {
    UNROLL
    for (int i = 0; i < S::TOKENS / 2; i++) {
        const place at = fragment_c(threadIdx.x % 32, i % 4); /* row: an expert; column: a token */
        const int token = i / 4 * 8 + at.column;
        if (token < tokens && at.row < left) p[token * experts + at.row] = __uint_as_float(weight[i / 4][i % 4]);
    }
}

/* ---- mix ---- */

/* Columns d.. of 16 mixed tokens, 32 of each; token: the group's first in v.x. */
template <class S>
__device__ inline void front_mix(float (&sum)[4][4], const unsigned (&weight)[S::TOKENS / 8][2],
                                 const front_view<mot_bf16> &v, int token, int d) {
    const int lane = threadIdx.x % 32;
    UNROLL
    for (int k = 0; k < S::TOKENS / 16; k++) {
        const unsigned a[4] = {weight[2 * k][0], weight[2 * k][1], weight[2 * k + 1][0], weight[2 * k + 1][1]};
        UNROLL
        for (int j = 0; j < 2; j++) {
            unsigned b[4];
            const int row = token + k * 16 + lane % 16;
            load_matrices_turned(b, v.x + swizzled(row, d / 8 + j * 2 + lane / 16, v.pieces) * 16);
            mma_bf16(sum[2 * j], a, b[0], b[1]);
            mma_bf16(sum[2 * j + 1], a, b[2], b[3]);
        }
    }
}

/* A lane's results are of two neighbouring tokens where its operand is of two that are four apart: their order is as
 * good as any, if that of x is the same. */
template <class S>
__device__ inline void front_mix(float (&sum)[4][4], const unsigned (&weight)[S::TOKENS / 8][4],
                                 const front_view<float> &v, int token, int d) {
    const int lane = threadIdx.x % 32;
    UNROLL
    for (int k = 0; k < S::TOKENS / 8; k++) {
        unsigned a[4] = {weight[k][0], weight[k][2], weight[k][1], weight[k][3]};
        round_operand<float>(a);
        UNROLL
        for (int j = 0; j < 4; j++) {
            unsigned b[2];
            UNROLL
            for (int i = 0; i < 2; i++) {
                const int row = token + k * 8 + lane % 4 * 2 + i, column = d + j * 8 + lane / 4;
                b[i] = round_to_tf32(((const unsigned *)v.x)[swizzled(row, column / 4, v.pieces) * 4 + column % 4]);
            }
            mma_tf32(sum[j], a, b[0], b[1]);
        }
    }
}

/* experts: of the 16, those that there are. */
template <class S, class T>
__device__ inline void front_mix_all(const front_weights<S> &weight, const front_view<T> &v, T *mixed, int experts) {
    const size_t D = v.t.shape.d_model, pitch = v.t.shape.groups * D;
    const int token = threadIdx.x / 32 / S::WARPS_M * S::TOKENS;
    const bool aligned = rows_aligned(mixed, pitch, 16);
    for (int d = 0; d < (int)D; d += 32) {
        float sum[4][4] = {};
        front_mix<S>(sum, weight, v, token, d);
        UNROLL
        for (int half = 0; half < 2; half++) {
            const int row = half * 8 + threadIdx.x % 32 / 4, left = row < experts ? elements_left(d, D) : 0;
            put_tiles<false>(mixed + row * pitch + d, sum, half, left, aligned);
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
