/* mma.cuh: rung 3. Tensor cores: a warp multiplies fragments that it loads from swizzled tiles in shared memory, which
 * copies that run by themselves fill several stages ahead. bf16, or f32 rounded to tf32 on the way. */
#ifndef MOT_CUDA_MMA_CUH
#define MOT_CUDA_MMA_CUH

#include "matrix.cuh"
#include "product.cuh"

namespace mot {

/* A block's BM x BN of the result, BK of k per stage, WM x WN of it per warp. */
template <class T_, int BM_, int BN_, int BK_, int WM_, int WN_, int STAGES_, int BLOCKS_ = 1> struct mma_shape {
    using T = T_;
    static constexpr int BM = BM_, BN = BN_, BK = BK_, WM = WM_, WN = WN_, STAGES = STAGES_, BLOCKS = BLOCKS_;
    static constexpr int RASTER = 8, WARPS_N = BN / WN, THREADS = BM / WM * WARPS_N * 32;
    static constexpr int PER_PIECE = 16 / sizeof(T), A_PIECES = BK / PER_PIECE,
                         B_PIECES = BN / PER_PIECE; /* of a row */
    static constexpr int STEP = 2 * PER_PIECE;      /* of k per instruction: 32 bytes of a row of a */
    static constexpr int A_BYTES = BM * A_PIECES * 16, STAGE_BYTES = A_BYTES + BK * B_PIECES * 16;
    static constexpr size_t SHARED_BYTES = (size_t)STAGES * STAGE_BYTES;
    static_assert(BM % WM == 0 && BN % WN == 0 && WM % 16 == 0 && WN % 32 == 0, "whole warps of whole fragments");
    static_assert(BK % STEP == 0 && THREADS % A_PIECES == 0 && THREADS % B_PIECES == 0, "whole rows of pieces");
    static_assert(STAGES >= 2 && THREADS <= 1024, "a stage to fill while one is used");
};

/* ---- tiles to shared memory ---- */

/* Where a piece lies of an operand with k down its columns: elements of 4 bytes are read one by one, of 2 by
 * load_matrices. */
template <class T> __device__ inline int mma_slot(int row, int piece, int pieces) {
    return sizeof(T) == 4 ? swizzled4(row, piece, pieces) : swizzled(row, piece, pieces);
}

/* Columns k.. of a; those outside of the matrix are 0. */
template <class S, class T>
__device__ inline void mma_copy_a(unsigned char *tile, const operands<T> &o, size_t m, size_t k) {
    const int piece = threadIdx.x % S::A_PIECES, left = elements_left(k + piece * S::PER_PIECE, o.k);
    const bool aligned = rows_aligned(o.a, o.lda, 16);
    UNROLL
    for (int r = 0; r < S::BM; r += S::THREADS / S::A_PIECES) {
        const int row = r + threadIdx.x / S::A_PIECES;
        const bool inside = m + row < o.m && left > 0;
        const T *from = inside ? o.a + (m + row) * o.lda + k + piece * S::PER_PIECE : o.a;
        if (row < S::BM)
            copy_piece((T *)(tile + swizzled(row, piece, S::A_PIECES) * 16), from, inside ? left : 0, aligned);
    }
}

/* Rows k.. of b, or of a that is turned: columns `first`.. of a matrix (k, end), PIECES of them. */
template <class S, int PIECES, class T>
__device__ inline void mma_copy_down(unsigned char *tile, const T *matrix, size_t ld, size_t k, size_t k_end,
                                     size_t first, size_t end) {
    static_assert(S::THREADS % PIECES == 0, "whole rows of pieces");
    const int piece = threadIdx.x % PIECES, left = elements_left(first + piece * S::PER_PIECE, end);
    const bool aligned = rows_aligned(matrix, ld, 16);
    UNROLL
    for (int r = 0; r < S::BK; r += S::THREADS / PIECES) {
        const int row = r + threadIdx.x / PIECES;
        const bool inside = k + row < k_end && left > 0;
        const T *from = inside ? matrix + (k + row) * ld + first + piece * S::PER_PIECE : matrix;
        if (row < S::BK)
            copy_piece((T *)(tile + mma_slot<T>(row, piece, PIECES) * 16), from, inside ? left : 0, aligned);
    }
}

/* ---- fragments ---- */

/* Rows row.. of a, columns k.., a fragment. */
template <class S> __device__ inline void mma_load_a(unsigned (&a)[4], const unsigned char *tile, int row, int k) {
    const int lane = threadIdx.x % 32;
    load_matrices(a, tile + swizzled(row + lane % 16, k / S::PER_PIECE + lane / 16, S::A_PIECES) * 16);
}

/* The same of a tile that is turned. */
template <class S>
__device__ inline void mma_load_turned_a(unsigned (&a)[4], const unsigned char *tile, int row, int k) {
    constexpr int PIECES = S::BM / S::PER_PIECE;
    const int lane = threadIdx.x % 32;
    if (sizeof(typename S::T) == 2) {
        const int down = k + lane / 16 * 8 + lane % 8, piece = row / 8 + lane / 8 % 2;
        load_matrices_turned(a, tile + swizzled(down, piece, PIECES) * 16);
    } else {
        UNROLL
        for (int i = 0; i < 4; i++) {
            const place p = fragment_a8(lane, i);
            const int at = row + p.row;
            a[i] = ((const unsigned *)tile)[swizzled4(k + p.column, at / 4, PIECES) * 4 + at % 4];
        }
    }
}

/* Rows k.. of b, two fragments of 8 columns from `column` on. */
template <class S> __device__ inline void mma_load_b(unsigned (&b)[4], const unsigned char *tile, int k, int column) {
    const int lane = threadIdx.x % 32;
    if (sizeof(typename S::T) == 2) {
        const int row = k + lane % 16, piece = column / 8 + lane / 16;
        load_matrices_turned(b, tile + mma_slot<typename S::T>(row, piece, S::B_PIECES) * 16);
    } else {
        UNROLL
        for (int i = 0; i < 4; i++) {
            const place p = fragment_b8(lane, i % 2);
            const int at = column + i / 2 * 8 + p.column;
            b[i] =
                round_to_tf32(((const unsigned *)tile)[mma_slot<float>(k + p.row, at / 4, S::B_PIECES) * 4 + at % 4]);
        }
    }
}

__device__ inline void mma_multiply(float (&c)[4], const unsigned (&a)[4], unsigned b0, unsigned b1, float) {
    mma_tf32(c, a, b0, b1);
}
__device__ inline void mma_multiply(float (&c)[4], const unsigned (&a)[4], unsigned b0, unsigned b1, mot_bf16) {
    mma_bf16(c, a, b0, b1);
}

template <class S> using mma_sums = float[S::WM / 16][S::WN / 8][4];

/* One stage. */
template <class S, bool TURNED> __device__ inline void mma_stage(mma_sums<S> &sum, const unsigned char *tile) {
    const int warp = threadIdx.x / 32, row = warp / S::WARPS_N * S::WM, column = warp % S::WARPS_N * S::WN;
    UNROLL
    for (int k = 0; k < S::BK; k += S::STEP) {
        unsigned a[S::WM / 16][4], b[S::WN / 16][4];
        UNROLL
        for (int i = 0; i < S::WM / 16; i++) {
            if (TURNED)
                mma_load_turned_a<S>(a[i], tile, row + i * 16, k);
            else
                mma_load_a<S>(a[i], tile, row + i * 16, k);
            UNROLL
            for (int j = 0; j < 4 && sizeof(typename S::T) == 4; j++) a[i][j] = round_to_tf32(a[i][j]);
        }
        UNROLL
        for (int j = 0; j < S::WN / 16; j++) mma_load_b<S>(b[j], tile + S::A_BYTES, k, column + j * 16);
        UNROLL
        for (int i = 0; i < S::WM / 16; i++) UNROLL
        for (int j = 0; j < S::WN / 8; j++)
            mma_multiply(sum[i][j], a[i], b[j / 2][j % 2 * 2], b[j / 2][j % 2 * 2 + 1], typename S::T());
    }
}

/* ---- the result ---- */

/* Columns of tiles j .. j+3, of the row that this lane has in `half` of a fragment. */
template <bool RELU>
__device__ inline void mma_put(float *row, const float (*sum)[4], int half, int left, bool aligned) {
    UNROLL
    for (int j = 0; j < 4; j++) {
        const int at = j * 8 + fragment_c(threadIdx.x % 32, 0).column;
        const float first = RELU ? relu(sum[j][half * 2]) : sum[j][half * 2];
        const float second = RELU ? relu(sum[j][half * 2 + 1]) : sum[j][half * 2 + 1];
        if (aligned && at + 1 < left)
            store2(row + at, first, second);
        else {
            if (at < left) row[at] = first;
            if (at + 1 < left) row[at + 1] = second;
        }
    }
}
template <bool RELU>
__device__ inline void mma_put(mot_bf16 *row, const float (*sum)[4], int half, int left, bool aligned) {
    put_tiles<RELU>(row, sum, half, left, aligned);
}

template <class S, bool RELU, class T>
__device__ inline void mma_store(const mma_sums<S> &sum, const operands<T> &o, size_t m, size_t n) {
    const int warp = threadIdx.x / 32;
    const size_t column = n + warp % S::WARPS_N * S::WN;
    const bool aligned = rows_aligned(o.c, o.ldc, 16);
    UNROLL
    for (int i = 0; i < S::WM / 8; i++) {
        const size_t row = m + warp / S::WARPS_N * S::WM + i * 8 + threadIdx.x % 32 / 4;
        UNROLL
        for (int j = 0; j < S::WN / 8; j += 4) {
            const int left = row < o.m ? elements_left(column + j * 8, o.n) : 0;
            mma_put<RELU>(o.c + row * o.ldc + column + j * 8, &sum[i / 2][j], i % 2, left, aligned);
        }
    }
}

/* ---- the kernel ---- */

template <class S, bool TURNED, class T>
__device__ inline void mma_copy(int stage, const operands<T> &o, size_t m, size_t n, size_t k) {
    unsigned char *tile = dynamic_shared() + stage * S::STAGE_BYTES;
    if (k < o.k) {
        if (TURNED)
            mma_copy_down<S, S::BM / S::PER_PIECE>(tile, o.a, o.lda, k, o.k, m, o.m);
        else
            mma_copy_a<S>(tile, o, m, k);
        mma_copy_down<S, S::B_PIECES>(tile + S::A_BYTES, o.b, o.ldb, k, o.k, n, o.n);
    }
    copy_commit();
}

/* P: product, mixing or redistribution. */
template <class S, bool RELU, class P> __global__ void __launch_bounds__(S::THREADS, S::BLOCKS) mma_product(P problem) {
    const tile at = tile_at(tiling_of(problem, S::BM, S::BN, S::RASTER), blockIdx.x);
    const auto o = operands_of<typename S::T>(problem, at.batch);
    const size_t m = (size_t)at.m * S::BM, n = (size_t)at.n * S::BN;
    mma_sums<S> sum = {};
    for (int stage = 0; stage < S::STAGES - 1; stage++) mma_copy<S, P::TURNED>(stage, o, m, n, (size_t)stage * S::BK);
    int use = 0, fill = S::STAGES - 1;
    for (size_t k = 0; k < o.k; k += S::BK) {
        copy_wait<S::STAGES - 2>();
        __syncthreads(); /* this stage has arrived for all, and nobody uses the one that is filled next */
        mma_copy<S, P::TURNED>(fill, o, m, n, k + (S::STAGES - 1) * S::BK);
        mma_stage<S, P::TURNED>(sum, dynamic_shared() + use * S::STAGE_BYTES);
        use = use + 1 == S::STAGES ? 0 : use + 1, fill = fill + 1 == S::STAGES ? 0 : fill + 1;
    }
    mma_store<S, RELU>(sum, o, m, n);
}

template <class S, class P> inline launch mma_launch(const P &problem) {
    return {{tile_count(tiling_of(problem, S::BM, S::BN, S::RASTER)), 1, 1}, S::THREADS, S::SHARED_BYTES};
}

} // namespace mot

#endif
