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
    static constexpr size_t SHARED_BYTES = 2 * (A_FLOATS + B_FLOATS) * sizeof(float);
    static_assert(TM % 4 == 0 && TN % 4 == 0 && BK % 4 == 0, "pieces are 4 elements long");
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

/* This thread's pieces of an operand's next tile, SPAN x BK, on their way from global memory to rows of PITCH floats in
 * shared memory, a row for each k. ACROSS: so they lie in memory (b, and a that is turned); else k runs along a row. */
template <class T, class S, int SPAN, int PITCH, bool ACROSS> struct tiled_operand {
    static constexpr int PIECES = SPAN * S::BK / 4 / S::THREADS, A_ROW = (ACROSS ? SPAN : S::BK) / 4;
    static constexpr int STEP = S::THREADS / A_ROW; /* rows from one piece to the next */
    static_assert(PIECES * S::THREADS * 4 == SPAN * S::BK && S::THREADS % A_ROW == 0, "equal shares, whole rows");
    const T *from;
    int left; /* along SPAN */
    float4 piece[PIECES];

    static __device__ int row() { return threadIdx.x / A_ROW; }
    static __device__ int column() { return threadIdx.x % A_ROW * 4; }

    /* SPAN begins at `first` and the matrix ends at `end`. */
    __device__ tiled_operand(const T *matrix, size_t ld, size_t first, size_t end)
        : from(matrix + row() * ld + column() + first * (ACROSS ? 1 : ld)),
          left(elements_left(first + (ACROSS ? column() : row()), end)) {}

    /* Those from k on, after those before. */
    __device__ void fetch(size_t ld, size_t k, size_t end, bool aligned) {
        const int deep = elements_left(k + (ACROSS ? row() : column()), end);
        const int rows = ACROSS ? deep : left, columns = ACROSS ? left : deep;
        UNROLL
        for (int i = 0; i < PIECES; i++)
            piece[i] = tiled_fetch(from + i * STEP * ld, i * STEP < rows ? columns : 0, aligned);
        from += ACROSS ? S::BK * ld : S::BK;
    }

    __device__ void put(float *tile) const {
        UNROLL
        for (int i = 0; i < PIECES; i++) {
            const int r = row() + i * STEP;
            if (ACROSS) {
                *(float4 *)(tile + r * PITCH + column()) = piece[i];
            } else {
                float *to = tile + column() * PITCH + r;
                to[0] = piece[i].x, to[PITCH] = piece[i].y, to[2 * PITCH] = piece[i].z, to[3 * PITCH] = piece[i].w;
            }
        }
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

template <class T, class S, bool TURNED>
__device__ inline void tiled_sum(float (&sum)[S::TM][S::TN], const operands<T> &o, size_t m, size_t n) {
    float *a_tile = (float *)dynamic_shared(), *b_tile = a_tile + 2 * S::A_FLOATS;
    const bool fast_a = rows_aligned(o.a, o.lda, 4 * sizeof(T)), fast_b = rows_aligned(o.b, o.ldb, 4 * sizeof(T));
    tiled_operand<T, S, S::BM, S::BM + S::PAD, TURNED> a(o.a, o.lda, m, o.m);
    tiled_operand<T, S, S::BN, S::BN, true> b(o.b, o.ldb, n, o.n);
    int half = 0;
    a.fetch(o.lda, 0, o.k, fast_a), b.fetch(o.ldb, 0, o.k, fast_b);
    a.put(a_tile), b.put(b_tile);
    __syncthreads();
    for (size_t k = 0; k < o.k; k += S::BK, half ^= 1) {
        const bool more = k + S::BK < o.k;
        if (more) a.fetch(o.lda, k + S::BK, o.k, fast_a), b.fetch(o.ldb, k + S::BK, o.k, fast_b);
        tiled_multiply<S>(sum, a_tile + half * S::A_FLOATS, b_tile + half * S::B_FLOATS);
        if (more) a.put(a_tile + (half ^ 1) * S::A_FLOATS), b.put(b_tile + (half ^ 1) * S::B_FLOATS);
        __syncthreads();
    }
}

/* P: product, mixing or redistribution. */
template <class T, class S, bool RELU, class P>
__global__ void __launch_bounds__(S::THREADS, S::BLOCKS) tiled_product(P problem) {
    const tile at = tile_at(tiling_of(problem, S::BM, S::BN, S::RASTER), blockIdx.x);
    const operands<T> o = operands_of<T>(problem, at.batch);
    const size_t m = (size_t)at.m * S::BM, n = (size_t)at.n * S::BN;
    float sum[S::TM][S::TN] = {};
    tiled_sum<T, S, P::TURNED>(sum, o, m, n);
    tiled_store<T, S, RELU>(sum, o, m, n);
}

template <class S, class P> inline launch tiled_launch(const P &problem) {
    return {{tile_count(tiling_of(problem, S::BM, S::BN, S::RASTER)), 1, 1}, S::THREADS, S::SHARED_BYTES};
}

/* ---- route: a tile is a whole group's logits of some experts ---- */

template <class S>
__device__ inline void tiled_keep(const float (&sum)[S::TM][S::TN], float *logits, float temperature) {
    UNROLL
    for (int i = 0; i < S::TM; i++) {
        const int row = threadIdx.x / S::COLUMNS * 4 + i % 4 + i / 4 * S::ROWS * 4;
        UNROLL
        for (int j = 0; j < S::TN; j++)
            logits[row * S::BN + threadIdx.x % S::COLUMNS * 4 + j % 4 + j / 4 * S::COLUMNS * 4] =
                sum[i][j] / temperature;
    }
}

/* Of one column. */
template <class T, class S> __device__ inline void tiled_softmax(float *column, T *p, size_t experts, int tokens) {
    float max = -INFINITY, sum = 0;
    for (int i = 0; i < tokens; i++) max = fmaxf(max, column[i * S::BN]);
    for (int i = 0; i < tokens; i++) sum += column[i * S::BN] = expf(column[i * S::BN] - max);
    for (int i = 0; i < tokens; i++) p[i * experts] = narrow<T>(column[i * S::BN] / sum);
}

template <class T, class S> __global__ void __launch_bounds__(S::THREADS, S::BLOCKS) tiled_route(routing r) {
    const tile at = tile_at(tiling_of(r, S::BM, S::BN, S::RASTER), blockIdx.x);
    const operands<T> o = operands_of<T>(r, at.batch);
    const size_t n = (size_t)at.n * S::BN;
    float *logits = (float *)dynamic_shared(), sum[S::TM][S::TN] = {};
    tiled_sum<T, S, false>(sum, o, 0, n);
    tiled_keep<S>(sum, logits, r.t.temperature); /* over the tiles: all are done with them */
    __syncthreads();
    for (int i = threadIdx.x; i < S::BN; i += S::THREADS)
        if (n + i < o.n) tiled_softmax<T, S>(logits + i, o.c + n + i, o.ldc, (int)o.m);
}

template <class S> inline bool tiled_route_supports(const mot_shape &s) { return s.group_size <= S::BM; }
template <class S> inline launch tiled_route_launch(const routing &r) {
    constexpr size_t LOGITS = S::BM * S::BN * sizeof(float);
    launch how = tiled_launch<S>(r);
    how.shared_bytes = LOGITS > S::SHARED_BYTES ? LOGITS : S::SHARED_BYTES;
    return how;
}

} // namespace mot

#endif
