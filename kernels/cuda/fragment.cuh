/* fragment.cuh: a warp's operands out of swizzled tiles in shared memory, and its results out of registers; bf16, or
 * f32 that is rounded to tf32. A piece is 16 bytes; an instruction takes STEP of k, two pieces. */
#ifndef MOT_CUDA_FRAGMENT_CUH
#define MOT_CUDA_FRAGMENT_CUH

#include "matrix.cuh"

namespace mot {

template <class T> struct mma_terms {
    static constexpr int PER_PIECE = 16 / sizeof(T), STEP = 2 * PER_PIECE;
    static constexpr bool WIDE = sizeof(T) == 4;
};

/* Where a piece lies of a tile whose rows are k: wide elements of it are read one by one, others by load_matrices. */
template <class T> __device__ inline int down_slot(int row, int piece, int pieces) {
    return mma_terms<T>::WIDE ? swizzled4(row, piece, pieces) : swizzled(row, piece, pieces);
}
__device__ inline unsigned down_word(const unsigned char *tile, int pieces, int row, int column) {
    return ((const unsigned *)tile)[swizzled4(row, column / 4, pieces) * 4 + column % 4];
}

template <class T> __device__ inline void round_operand(unsigned (&words)[4]) {
    UNROLL
    for (int i = 0; i < 4 && mma_terms<T>::WIDE; i++) words[i] = round_to_tf32(words[i]);
}

/* ---- tiles with k along their rows ---- */

/* a: rows row.. of the tile. */
template <class T>
__device__ inline void load_a(unsigned (&a)[4], const unsigned char *tile, int pieces, int row, int k) {
    const int lane = threadIdx.x % 32;
    load_matrices(a, tile + swizzled(row + lane % 16, k / mma_terms<T>::PER_PIECE + lane / 16, pieces) * 16);
    round_operand<T>(a);
}

/* b, its 16 columns being rows row.. of the tile: two words of the first 8, two of the others. */
template <class T>
__device__ inline void load_b(unsigned (&b)[4], const unsigned char *tile, int pieces, int row, int k) {
    const int lane = threadIdx.x % 32, column = row + lane / 16 * 8 + lane % 8;
    load_matrices(b, tile + swizzled(column, k / mma_terms<T>::PER_PIECE + lane / 8 % 2, pieces) * 16);
    round_operand<T>(b);
}

/* ---- tiles whose rows are k ---- */

/* a, its rows being columns row.. of the tile. */
template <class T>
__device__ inline void load_a_down(unsigned (&a)[4], const unsigned char *tile, int pieces, int row, int k) {
    const int lane = threadIdx.x % 32;
    if constexpr (mma_terms<T>::WIDE) {
        UNROLL
        for (int i = 0; i < 4; i++) {
            const place p = fragment_a8(lane, i);
            a[i] = down_word(tile, pieces, k + p.column, row + p.row);
        }
        round_operand<T>(a);
    } else {
        const int down = k + lane / 16 * 8 + lane % 8, piece = row / 8 + lane / 8 % 2;
        load_matrices_turned(a, tile + swizzled(down, piece, pieces) * 16);
    }
}

/* b: columns column.. of the tile, 16 of them. */
template <class T>
__device__ inline void load_b_down(unsigned (&b)[4], const unsigned char *tile, int pieces, int k, int column) {
    const int lane = threadIdx.x % 32;
    if constexpr (mma_terms<T>::WIDE) {
        UNROLL
        for (int i = 0; i < 4; i++) {
            const place p = fragment_b8(lane, i % 2);
            b[i] = down_word(tile, pieces, k + p.row, column + i / 2 * 8 + p.column);
        }
        round_operand<T>(b);
    } else {
        load_matrices_turned(b, tile + swizzled(k + lane % 16, column / 8 + lane / 16, pieces) * 16);
    }
}

/* ---- products ---- */

template <class T> __device__ inline void multiply(float (&c)[4], const unsigned (&a)[4], unsigned b0, unsigned b1) {
    if constexpr (mma_terms<T>::WIDE)
        mma_tf32(c, a, b0, b1);
    else
        mma_bf16(c, a, b0, b1);
}

/* ---- results ---- */

/* A lane's share of a row in four tiles side by side, in `half` of their fragments; the row ends after `left` elements;
 * aligned: it may be stored in pieces. All lanes of the warp take part. */
template <bool RELU>
__device__ inline void put_tiles(mot_bf16 *row, const float (*sum)[4], int half, int left, bool aligned) {
    unsigned w[4];
    UNROLL
    for (int j = 0; j < 4; j++) {
        const float first = sum[j][half * 2], second = sum[j][half * 2 + 1];
        w[j] = round_to_bf16x2(RELU ? relu(first) : first, RELU ? relu(second) : second);
    }
    turn_quad(w);
    const int at = threadIdx.x % 4 * 8;
    if (aligned && at + 8 <= left) {
        store_piece(row + at, w);
    } else {
        UNROLL
        for (int i = 0; i < 8; i++)
            if (at + i < left) row[at + i] = (mot_bf16)(w[i / 2] >> i % 2 * 16);
    }
}
template <bool RELU>
__device__ inline void put_tiles(float *row, const float (*sum)[4], int half, int left, bool aligned) {
    UNROLL
    for (int j = 0; j < 4; j++) {
        const int at = j * 8 + fragment_c(threadIdx.x % 32, 0).column;
        const float first = RELU ? relu(sum[j][half * 2]) : sum[j][half * 2];
        const float second = RELU ? relu(sum[j][half * 2 + 1]) : sum[j][half * 2 + 1];
        if (aligned && at + 1 < left) {
            store_piece(row + at, first, second);
        } else {
            if (at < left) row[at] = first;
            if (at + 1 < left) row[at + 1] = second;
        }
    }
}

} // namespace mot

#endif
