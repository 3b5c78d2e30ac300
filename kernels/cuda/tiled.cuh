/* tiled.cuh: rung 2. A block copies tiles of a and b to shared memory, the next ones while it works on these, and a
 * thread keeps a small tile of the result in registers: an element is read once per tile instead of once per product.
 */
#ifndef MOT_CUDA_TILED_CUH
#define MOT_CUDA_TILED_CUH

#include "product.cuh"

namespace mot {

/* A block's BM x BN of the result, BK of k at a time, TM x TN of it per thread; BLOCKS at least on a multiprocessor, so
 * many registers has a thread. */
template <int BM_, int BN_, int BK_, int TM_, int TN_, int BLOCKS_ = 1> struct tiled_shape {
    static constexpr int BLOCKS = BLOCKS_, RASTER = 8;
    static constexpr int BM = BM_, BN = BN_, BK = BK_, TM = TM_, TN = TN_, PAD = 4;
    static constexpr int ROWS = BM / TM, COLUMNS = BN / TN, THREADS = ROWS * COLUMNS; /* of threads */
    static constexpr int A_FLOATS = BK * (BM + PAD), B_FLOATS = BK * BN;
    static constexpr int A_PIECES = BM * BK / 4 / THREADS, B_PIECES = BK * BN / 4 / THREADS; /* per thread */
    static constexpr size_t SHARED_BYTES = 2 * (A_FLOATS + B_FLOATS) * sizeof(float);
    static_assert(TM % 4 == 0 && TN % 4 == 0 && BK % 4 == 0, "pieces are 4 elements long");
    static_assert(A_PIECES * THREADS * 4 == BM * BK && B_PIECES * THREADS * 4 == BK * BN, "equal shares of the copy");
    static_assert(THREADS % (BK / 4) == 0 && THREADS % (BN / 4) == 0, "whole rows of pieces at a time");
    static_assert(THREADS % 32 == 0 && THREADS <= 1024, "whole warps");
};

/* Four elements of a row that has `left` more, perhaps less than none; past them it counts as 0. */
template <class T> __device__ inline float4 tiled_fetch(const T *from, int left, bool aligned) {
    if (left <= 0) return make_float4(0, 0, 0, 0);
    if (aligned && left >= 4) return load4(from);
    float v[4];
    UNROLL
    for (int i = 0; i < 4; i++) v[i] = i < left ? widen(from[i]) : 0;
    return make_float4(v[0], v[1], v[2], v[3]);
}

/* This thread's pieces of the next tiles, on their way from global to shared memory: the first one's place, and one
 * every A_STEP rows. */
template <class T, class S> struct tiled_pieces {
    static constexpr int A_STEP = S::THREADS / (S::BK / 4), B_STEP = S::THREADS / (S::BN / 4);
    const T *a_from, *b_from;
    int a_rows, b_columns;
    float4 a[S::A_PIECES], b[S::B_PIECES];

    __device__ tiled_pieces(const operands<T> &o, size_t m, size_t n) {
        const size_t row = m + threadIdx.x / (S::BK / 4), column = n + threadIdx.x % (S::BN / 4) * 4;
        a_from = o.a + row * o.lda + threadIdx.x % (S::BK / 4) * 4, a_rows = elements_left(row, o.m);
        b_from = o.b + threadIdx.x / (S::BN / 4) * o.ldb + column, b_columns = elements_left(column, o.n);
    }

    /* Those of the columns of a and rows of b from k on, after those before. */
    __device__ void fetch(const operands<T> &o, size_t k) {
        const bool fast_a = rows_aligned(o.a, o.lda, 4 * sizeof(T)), fast_b = rows_aligned(o.b, o.ldb, 4 * sizeof(T));
        const int a_columns = elements_left(k + threadIdx.x % (S::BK / 4) * 4, o.k);
        const int b_rows = elements_left(k + threadIdx.x / (S::BN / 4), o.k);
        UNROLL
        for (int i = 0; i < S::A_PIECES; i++)
            a[i] = tiled_fetch(a_from + i * A_STEP * o.lda, i * A_STEP < a_rows ? a_columns : 0, fast_a);
        UNROLL
        for (int i = 0; i < S::B_PIECES; i++)
            b[i] = tiled_fetch(b_from + i * B_STEP * o.ldb, i * B_STEP < b_rows ? b_columns : 0, fast_b);
        a_from += S::BK, b_from += S::BK * o.ldb;
    }

    /* a is turned so that a step in k is a row of both. */
    __device__ void put(float *to_a, float *to_b) const {
        UNROLL
        for (int i = 0; i < S::A_PIECES; i++) {
            const int at = (int)threadIdx.x + i * S::THREADS;
            float *to = to_a + at % (S::BK / 4) * 4 * (S::BM + S::PAD) + at / (S::BK / 4);
            to[0] = a[i].x;
            to[S::BM + S::PAD] = a[i].y;
            to[2 * (S::BM + S::PAD)] = a[i].z;
            to[3 * (S::BM + S::PAD)] = a[i].w;
        }
        UNROLL
        for (int i = 0; i < S::B_PIECES; i++) ((float4 *)to_b)[threadIdx.x + i * S::THREADS] = b[i];
    }
};

/* N floats of a row of a tile, a thread's share: four, then the four that lie `step` further on. */
template <int N> __device__ inline void tiled_share(float *to, const float *row, int mine, int step) {
    UNROLL
    for (int i = 0; i < N; i += 4) {
        const float4 v = *(const float4 *)(row + mine * 4 + i / 4 * step);
        to[i] = v.x, to[i + 1] = v.y, to[i + 2] = v.z, to[i + 3] = v.w;
    }
}

template <class S> __device__ inline void tiled_multiply(float (&sum)[S::TM][S::TN], const float *a, const float *b) {
    UNROLL
    for (int k = 0; k < S::BK; k++) {
        float left[S::TM], right[S::TN];
        tiled_share<S::TM>(left, a + k * (S::BM + S::PAD), threadIdx.x / S::COLUMNS, S::ROWS * 4);
        tiled_share<S::TN>(right, b + k * S::BN, threadIdx.x % S::COLUMNS, S::COLUMNS * 4);
        UNROLL
        for (int i = 0; i < S::TM; i++) UNROLL
        for (int j = 0; j < S::TN; j++) sum[i][j] += left[i] * right[j];
    }
}

/* Four elements of a row of the result. */
template <class T, bool RELU>
__device__ inline void tiled_put(const float *sum, T *row, size_t column, size_t columns, bool aligned) {
    const auto value = [=](int i) { return RELU ? relu(sum[i]) : sum[i]; };
    if (aligned && column + 4 <= columns) {
        store4(row + column, make_float4(value(0), value(1), value(2), value(3)));
    } else {
        UNROLL
        for (int i = 0; i < 4; i++)
            if (column + i < columns) row[column + i] = narrow<T>(value(i));
    }
}

template <class T, class S, bool RELU>
__device__ inline void tiled_store(const float (&sum)[S::TM][S::TN], const operands<T> &o, size_t m, size_t n) {
    const bool fast = rows_aligned(o.c, o.ldc, 4 * sizeof(T));
    UNROLL
    for (int i = 0; i < S::TM; i++) {
        const size_t row = m + threadIdx.x / S::COLUMNS * 4 + i % 4 + i / 4 * S::ROWS * 4;
        UNROLL
        for (int j = 0; j < S::TN; j += 4)
            if (row < o.m)
                tiled_put<T, RELU>(sum[i] + j, o.c + row * o.ldc, n + threadIdx.x % S::COLUMNS * 4 + j * S::COLUMNS,
                                   o.n, fast);
    }
}

/* P: product or redistribution. */
template <class T, class S, bool RELU, class P>
__global__ void __launch_bounds__(S::THREADS, S::BLOCKS) tiled_product(P problem) {
    float *a_tile = (float *)dynamic_shared(), *b_tile = a_tile + 2 * S::A_FLOATS;
    const tile at = tile_at(tiling_of(problem, S::BM, S::BN, S::RASTER), blockIdx.x);
    const operands<T> o = operands_of<T>(problem, at.batch);
    const size_t m = (size_t)at.m * S::BM, n = (size_t)at.n * S::BN;
    tiled_pieces<T, S> next(o, m, n);
    float sum[S::TM][S::TN] = {};
    int half = 0;
    next.fetch(o, 0);
    next.put(a_tile, b_tile);
    __syncthreads();
    for (size_t k = 0; k < o.k; k += S::BK, half ^= 1) {
        const bool more = k + S::BK < o.k;
        if (more) next.fetch(o, k + S::BK);
        tiled_multiply<S>(sum, a_tile + half * S::A_FLOATS, b_tile + half * S::B_FLOATS);
        if (more) next.put(a_tile + (half ^ 1) * S::A_FLOATS, b_tile + (half ^ 1) * S::B_FLOATS);
        __syncthreads();
    }
    tiled_store<T, S, RELU>(sum, o, m, n);
}

template <class S, class P> inline launch tiled_launch(const P &problem) {
    return {{tile_count(tiling_of(problem, S::BM, S::BN, S::RASTER)), 1, 1}, S::THREADS, S::SHARED_BYTES};
}

} // namespace mot

#endif
