/* hopper.cuh: rung 4, bf16. One thread feeds a ring of stages through the copy engine, the warpgroups multiply from it,
 * and a block goes from tile to tile without a pause: while the result of one is stored, the next is on its way. */
#ifndef MOT_CUDA_HOPPER_CUH
#define MOT_CUDA_HOPPER_CUH

#include "async.cuh"
#include "fragment.cuh"
#include "product.cuh"

namespace mot {

/* A block's BM x BN of the result, 64 rows of it per warpgroup; RASTER tiles along m side by side. */
template <int BM_, int BN_, int STAGES_, int RASTER_ = 8> struct hopper_shape {
    static constexpr int BM = BM_, BN = BN_, STAGES = STAGES_, RASTER = RASTER_;
    static constexpr int BK = 64; /* of k per stage: 128 bytes of bf16, a row of a tile */
    static constexpr int CONSUMERS = BM / 64, THREADS = (CONSUMERS + 1) * 128;
    static constexpr int FEW = CONSUMERS == 1 ? 56 : 40, MANY = CONSUMERS == 1 ? 240 : 232; /* registers */
    static constexpr unsigned BOX_BYTES = BK * 128;                                         /* of b: BK x 64 */
    static constexpr unsigned A_BYTES = BM * 128, B_BYTES = BN / 64 * BOX_BYTES, STAGE_BYTES = A_BYTES + B_BYTES;
    static constexpr size_t SHARED_BYTES = (size_t)STAGES * STAGE_BYTES + 2 * STAGES * sizeof(barrier);
    static_assert(BM == 64 || BM == 128, "one warpgroup or two");
    static_assert(BN == 128 || BN == 256, "a product that async.cuh has");
    static_assert(STAGES >= 2 && SHARED_BYTES <= 232448, "what a block may have");
};

/* By value into the kernel, which must find the maps in its parameters. */
struct hopper_problem {
    tensor_map a, b;
    product p;
};

template <class S> inline map_recipe hopper_recipe_a(const product &p) {
    return {p.a, {p.k, p.m, p.batches}, {p.lda * 2, p.batch_a * 2}, {S::BK, S::BM, 1}};
}
template <class S> inline map_recipe hopper_recipe_b(const product &p) {
    return {p.b, {p.n, p.k, p.batches}, {p.ldb * 2, p.batch_b * 2}, {64, S::BK, 1}};
}

/* encode(tensor_map *, recipe) gives 0, or an error that is passed on. */
template <class S, class Encode> inline int hopper_describe(hopper_problem *h, const product &p, Encode encode) {
    h->p = p;
    const int error = encode(&h->a, hopper_recipe_a<S>(p));
    return error ? error : encode(&h->b, hopper_recipe_b<S>(p));
}

/* The copy engine wants rows, matrices and tensors to begin at multiples of 16 bytes. */
inline bool hopper_supports(const mot_shape &s) { return s.d_model % 8 == 0 && s.d_expert % 8 == 0; }

struct hopper_ring {
    unsigned char *stages;
    barrier *full, *empty;
};

template <class S> __device__ __forceinline__ hopper_ring hopper_ring_of(unsigned char *shared) {
    barrier *full = (barrier *)(shared + S::STAGES * S::STAGE_BYTES);
    return {shared, full, full + S::STAGES};
}

/* Calls work(tile) for each of this block's tiles. */
template <class S, class Work> __device__ __forceinline__ void hopper_tiles(const product &p, const Work &work) {
    const tiling t = tiling_of(p, S::BM, S::BN, S::RASTER);
    for (unsigned at = blockIdx.x; at < tile_count(t); at += gridDim.x) work(tile_at(t, at));
}

/* ---- one thread: from global memory to the ring ---- */

template <class S>
__device__ __forceinline__ void hopper_feed_stage(const hopper_problem &h, const hopper_ring &ring, unsigned stage,
                                                  const tile &at, int k) {
    unsigned char *a = ring.stages + stage * S::STAGE_BYTES, *b = a + S::A_BYTES;
    barrier_expect(&ring.full[stage], S::STAGE_BYTES);
    copy_box(a, &h.a, k, at.m * S::BM, at.batch, &ring.full[stage]);
    UNROLL
    for (int i = 0; i < S::BN / 64; i++)
        copy_box(b + i * S::BOX_BYTES, &h.b, at.n * S::BN + i * 64, k, at.batch, &ring.full[stage]);
}

template <class S> __device__ __forceinline__ void hopper_feed(const hopper_problem &h, const hopper_ring &ring) {
    ring_place where = {0, 0};
    hopper_tiles<S>(h.p, [&](const tile &at) {
        for (int k = 0; k < (int)h.p.k; k += S::BK) {
            barrier_wait(&ring.empty[where.stage], where.phase ^ 1); /* of the first round: it is */
            hopper_feed_stage<S>(h, ring, where.stage, at, k);
            where = ring_next(where, S::STAGES);
        }
    });
}

/* ---- warpgroups: from the ring to the result ---- */

template <class S> using hopper_sums = float[S::BN / 8][4];

template <class S>
__device__ __forceinline__ void hopper_multiply(hopper_sums<S> &sum, const unsigned char *stage, int warpgroup,
                                                bool add) {
    const unsigned a = shared_address(stage) + warpgroup * 64 * 128, b = shared_address(stage) + S::A_BYTES;
    warpgroup_begin();
    UNROLL
    for (int k = 0; k < S::BK / 16; k++)
        warpgroup_multiply(sum, describe(a + k * 32, 16, 1024), describe(b + k * 2048, S::BOX_BYTES, 1024), add || k);
    warpgroup_commit();
}

template <class S, bool RELU>
__device__ __forceinline__ void hopper_store(const hopper_sums<S> &sum, const product &p, const tile &at,
                                             int warpgroup) {
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32 % 4;
    const operands<mot_bf16> o = operands_of<mot_bf16>(p, at.batch);
    const size_t column = (size_t)at.n * S::BN;
    const bool aligned = rows_aligned(o.c, o.ldc, 16);
    UNROLL
    for (int half = 0; half < 2; half++) {
        const size_t row = (size_t)at.m * S::BM + warpgroup * 64 + warp * 16 + half * 8 + lane / 4;
        UNROLL
        for (int j = 0; j < S::BN / 8; j += 4) {
            const int left = row < o.m ? elements_left(column + j * 8, o.n) : 0;
            put_tiles<RELU>(o.c + row * o.ldc + column + j * 8, &sum[j], half, left, aligned);
        }
    }
}

template <class S, bool RELU>
__device__ __forceinline__ void hopper_consume(const hopper_problem &h, const hopper_ring &ring, int warpgroup) {
    const bool speaks = threadIdx.x % 128 == 0;
    ring_place where = {0, 0};
    hopper_tiles<S>(h.p, [&](const tile &at) {
        hopper_sums<S> sum;
        unsigned before = 0;
        for (int k = 0; k < (int)h.p.k; k += S::BK) {
            barrier_wait(&ring.full[where.stage], where.phase);
            hopper_multiply<S>(sum, ring.stages + where.stage * S::STAGE_BYTES, warpgroup, k > 0);
            warpgroup_wait<1>(); /* the products of the stage before are done */
            if (k > 0 && speaks) barrier_arrive(&ring.empty[before]);
            before = where.stage, where = ring_next(where, S::STAGES);
        }
        warpgroup_wait<0>();
        if (speaks) barrier_arrive(&ring.empty[before]);
        hopper_store<S, RELU>(sum, h.p, at, warpgroup);
    });
}

/* ---- the kernel ---- */

template <class S, bool RELU>
__global__ void __launch_bounds__(S::THREADS, 1) hopper_product(const __grid_constant__ hopper_problem h) {
    const hopper_ring ring = hopper_ring_of<S>(dynamic_shared());
    const int warpgroup = (int)threadIdx.x / 128;
    if (threadIdx.x == 0) {
        for (int i = 0; i < S::STAGES; i++) barrier_init(&ring.full[i], 1), barrier_init(&ring.empty[i], S::CONSUMERS);
        barrier_publish();
    }
    __syncthreads();
    if (warpgroup == S::CONSUMERS) {
        give_registers<S::FEW>();
        if (threadIdx.x % 128 == 0) hopper_feed<S>(h, ring);
    } else {
        take_registers<S::MANY>();
        hopper_consume<S, RELU>(h, ring, warpgroup);
    }
}

/* At most one block per multiprocessor. */
template <class S> inline launch hopper_launch(const product &p, unsigned multiprocessors) {
    const unsigned tiles = tile_count(tiling_of(p, S::BM, S::BN, S::RASTER));
    return {{tiles < multiprocessors ? tiles : multiprocessors, 1, 1}, S::THREADS, S::SHARED_BYTES};
}

} // namespace mot

#endif
