/* front_tokens.cuh: what a block of front.cuh has in shared memory, and how it comes there. */
#ifndef MOT_CUDA_FRONT_TOKENS_CUH
#define MOT_CUDA_FRONT_TOKENS_CUH

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

template <class T> __device__ inline front_group<T> front_read(const front_group<T> &shared) {
    return {global(shared.x), global(shared.p), global(shared.mixed), shared.tokens};
}

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

/* Columns k.. of all tokens, to v.x from piece `to` of each on. */
template <class S, class T> __device__ inline void front_copy_x(const front_view<T> &v, size_t k, int to) {
    const int piece = threadIdx.x % S::X_PIECES, left = elements_left(k + piece * S::PER_PIECE, v.t.shape.d_model);
    const size_t stride = v.t.strides.token_stride;
    for (int row = threadIdx.x / S::X_PIECES; row < S::ROWS; row += S::THREADS / S::X_PIECES) {
        const front_group<T> g = front_read(v.groups[row / S::TOKENS]);
        const int token = row % S::TOKENS, slot = swizzled(row, to + piece, v.pieces);
        const bool inside = token < g.tokens && left > 0;
        if (to + piece < v.pieces)
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
        if (first == 0) front_copy_x<S>(v, k, (int)k / S::PER_PIECE);
        front_copy_controller<S>(v, stage, k, first);
    }
    copy_commit();
}

} // namespace mot

#endif
