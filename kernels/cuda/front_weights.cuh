/* front_weights.cuh: a warp's logits, its weights, and these to memory and into the mix. */
#ifndef MOT_CUDA_FRONT_WEIGHTS_CUH
#define MOT_CUDA_FRONT_WEIGHTS_CUH

#include "front_tokens.cuh"

namespace mot {

template <class S> using front_sums = float[S::TOKENS / 8][4]; /* 16 experts x TOKENS */

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

/* Columns k.. of the mixed tokens, `columns` of them, which v.x begins with; experts: of the 16, those that there are.
 */
template <class S, class T>
__device__ inline void front_mix_all(const front_weights<S> &weight, const front_view<T> &v, T *mixed, int experts,
                                     size_t k, int columns) {
    const size_t D = v.t.shape.d_model, pitch = v.t.shape.groups * D;
    const int token = threadIdx.x / 32 / S::WARPS_M * S::TOKENS;
    const bool aligned = rows_aligned(mixed, pitch, 16);
    for (int d = 0; d < columns; d += 32) {
        float sum[4][4] = {};
        front_mix<S>(sum, weight, v, token, d);
        UNROLL
        for (int half = 0; half < 2; half++) {
            const int row = half * 8 + threadIdx.x % 32 / 4, left = row < experts ? elements_left(k + d, D) : 0;
            put_tiles<false>(mixed + row * pitch + k + d, sum, half, left, aligned);
        }
    }
}

/* From logits to weights, and these to p, whose first one is `expert`'s. */
template <class S, class T>
__device__ inline void front_weigh(front_weights<S> &weight, front_sums<S> &sum, const tensors &t,
                                   const front_group<T> &g, size_t expert) {
    front_softmax<S>(sum, 0, g.tokens, t.temperature);
    front_softmax<S>(sum, 1, g.tokens, t.temperature);
    front_round<S>(weight, sum);
    front_store<S>(weight, g.p + expert, t.shape.experts, elements_left(expert, t.shape.experts), g.tokens);
}

} // namespace mot

#endif
