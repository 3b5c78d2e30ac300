/* mma.cuh: rung 3. Tensor cores: a warp multiplies fragments that it loads from swizzled tiles in shared memory, which
 * copies that run by themselves fill several stages ahead. bf16, or f32 rounded to tf32 on the way. */
#ifndef MOT_CUDA_MMA_CUH
#define MOT_CUDA_MMA_CUH

#include "fragment.cuh"
#include "product.cuh"

namespace mot {

/* A block's BM x BN of the result, BK of k per stage, WM x WN of it per warp. */
template <class T_, int BM_, int BN_, int BK_, int WM_, int WN_, int STAGES_, int BLOCKS_ = 1> struct mma_shape {
    using T = T_;
    static constexpr int BM = BM_, BN = BN_, BK = BK_, WM = WM_, WN = WN_, STAGES = STAGES_, BLOCKS = BLOCKS_;
    static constexpr int RASTER = 8, WARPS_N = BN / WN, THREADS = BM / WM * WARPS_N * 32;
    static constexpr int PER_PIECE = mma_terms<T>::PER_PIECE, STEP = mma_terms<T>::STEP;
    static constexpr int A_PIECES = BK / PER_PIECE, B_PIECES = BN / PER_PIECE; /* of a row of a tile … */
    static constexpr int TURNED_PIECES = BM / PER_PIECE;                       /* … of a that is turned */
    static constexpr int A_BYTES = BM * A_PIECES * 16, STAGE_BYTES = A_BYTES + BK * B_PIECES * 16;
    static constexpr size_t SHARED_BYTES = (size_t)STAGES * STAGE_BYTES;
    static_assert(BM % WM == 0 && BN % WN == 0 && WM % 16 == 0 && WN % 32 == 0, "whole warps of whole fragments");
    static_assert(BK % STEP == 0 && THREADS % A_PIECES == 0 && THREADS % B_PIECES == 0, "whole rows of pieces");
    static_assert(STAGES >= 2 && THREADS <= 1024, "a stage to fill while one is used");
};

/* ---- tiles to shared memory ---- */

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
            copy_piece((T *)(tile + down_slot<T>(row, piece, PIECES) * 16), from, inside ? left : 0, aligned);
    }
}

/* ---- products ---- */

template <class S> using mma_sums = float[S::WM / 16][S::WN / 8][4];

/* One stage. */
template <class S, bool TURNED> __device__ inline void mma_stage(mma_sums<S> &sum, const unsigned char *tile) {
    using T = typename S::T;
    const int warp = threadIdx.x / 32, row = warp / S::WARPS_N * S::WM, column = warp % S::WARPS_N * S::WN;
    UNROLL
    for (int k = 0; k < S::BK; k += S::STEP) {
        unsigned a[S::WM / 16][4], b[S::WN / 16][4];
        UNROLL
        for (int i = 0; i < S::WM / 16; i++) {
            if (TURNED)
                load_a_down<T>(a[i], tile, S::TURNED_PIECES, row + i * 16, k);
            else
                load_a<T>(a[i], tile, S::A_PIECES, row + i * 16, k);
        }
        UNROLL
        for (int j = 0; j < S::WN / 16; j++) load_b_down<T>(b[j], tile + S::A_BYTES, S::B_PIECES, k, column + j * 16);
        UNROLL
        for (int i = 0; i < S::WM / 16; i++) UNROLL
        for (int j = 0; j < S::WN / 8; j++) multiply<T>(sum[i][j], a[i], b[j / 2][j % 2 * 2], b[j / 2][j % 2 * 2 + 1]);
    }
}

/* ---- the result ---- */

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
            put_tiles<RELU>(o.c + row * o.ldc + column + j * 8, &sum[i / 2][j], i % 2, left, aligned);
        }
    }
}

/* ---- the kernel ---- */

template <class S, bool TURNED, class T>
__device__ inline void mma_copy(int stage, const operands<T> &o, size_t m, size_t n, size_t k) {
    unsigned char *tile = dynamic_shared() + stage * S::STAGE_BYTES;
    if (k < o.k) {
        if (TURNED)
            mma_copy_down<S, S::TURNED_PIECES>(tile, o.a, o.lda, k, o.k, m, o.m);
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
