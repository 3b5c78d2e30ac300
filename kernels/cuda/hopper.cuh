/* hopper.cuh: rung 4, bf16. One thread feeds a ring of stages through the copy engine, the warpgroups multiply from it,
 * and a block goes from tile to tile without a pause: while the result of one is stored, the next is on its way. */
#ifndef MOT_CUDA_HOPPER_CUH
#define MOT_CUDA_HOPPER_CUH

#include "async.cuh"
#include "fragment.cuh"
#include "product.cuh"

namespace mot {

/* A tile is BM x BN of the result. The warpgroups of a block share it, some of its rows for each, or (IN_TURN) have a
 * tile each: while one stores its result, the other has the tensor cores. Blocks are in clusters of CM x CN, which go
 * through their tiles at the same pace: those along m share b, those along n share a, and each brings a part of it for
 * all. RASTER tiles of a cluster along m side by side. */
template <int BM_, int BN_, int STAGES_, bool IN_TURN_ = false, int CM_ = 1, int CN_ = 1, int RASTER_ = 8>
struct hopper_shape {
    static constexpr int BM = BM_, BN = BN_, STAGES = STAGES_, CM = CM_, CN = CN_, RASTER = RASTER_;
    static constexpr bool IN_TURN = IN_TURN_;
    static constexpr int CLUSTER = CM * CN;
    static constexpr int BK = 64; /* of k per stage: 128 bytes of bf16, a row of a tile */
    static constexpr int CONSUMERS = IN_TURN || BM > 64 ? 2 : 1, THREADS = (CONSUMERS + 1) * 128;
    static constexpr int SHARERS = IN_TURN ? 1 : CONSUMERS, ROWS = BM / SHARERS; /* of a tile; of one of them */
    static constexpr int FEW = CONSUMERS == 1 ? 56 : 40, MANY = CONSUMERS == 1 ? 240 : 232; /* registers */
    static constexpr unsigned BOX_BYTES = BK * 128;                                         /* of b: BK x 64 */
    static constexpr int PART_OF_A = BM / CN, PART_OF_B = BN / 64 / CM; /* that a block brings: rows; boxes */
    static constexpr unsigned A_BYTES = BM * 128, B_BYTES = BN / 64 * BOX_BYTES, STAGE_BYTES = A_BYTES + B_BYTES;
    static constexpr size_t SHARED_BYTES = (size_t)STAGES * STAGE_BYTES + (2 * STAGES + 2) * sizeof(barrier);
    static_assert(BM == 64 || BM == 128 || BM == 256, "products of 64 rows");
    static_assert(CLUSTER == 1 || CLUSTER == 2, "of one operand, all blocks have the same");
    static_assert(BN == 128 || BN == 256, "a product that async.cuh has");
    static_assert(ROWS * BN <= 64 * 256, "registers for the result");
    static_assert(STAGES >= 2 && SHARED_BYTES <= 232448, "what a block may have");
};

/* By value into the kernel, which must find the maps in its parameters. */
struct hopper_problem {
    tensor_map a, b;
    product p;
};

template <class S> inline map_recipe hopper_recipe_a(const product &p) {
    return {p.a, {p.k, p.m, p.batches}, {p.lda * 2, p.batch_a * 2}, {S::BK, S::PART_OF_A, 1}};
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

/* Stages of shared memory. A block's `empty` counts the warpgroups of all blocks that it brings a part to. */
struct hopper_ring {
    unsigned char *stages;
    barrier *full, *empty;
    barrier *turn; /* of each of two warpgroups, IN_TURN */
};

/* Which phase of its warpgroup's `turn` ends when tile `number` may begin: that of the other's tile before it. Of tile
 * 0, the one before the first, which has ended. Without turns a phase of `full` would not be told from the one after
 * next, which is another tile's. */
__host__ __device__ constexpr unsigned hopper_turn(unsigned number) { return (number / 2 + (number % 2 == 0)) & 1; }

template <class S> __device__ __forceinline__ hopper_ring hopper_ring_of(unsigned char *shared) {
    barrier *full = (barrier *)(shared + S::STAGES * S::STAGE_BYTES);
    return {shared, full, full + S::STAGES, full + 2 * S::STAGES};
}

/* A tile of a cluster, and the part of it that is a block's tile. */
template <class S> __host__ __device__ constexpr tiling hopper_tiling(const product &p) {
    return tiling_of(p, S::BM * S::CM, S::BN * S::CN, S::RASTER);
}
template <class S> __host__ __device__ constexpr tile hopper_part(const tile &t, unsigned block) {
    return {t.batch, t.m * S::CM + block % S::CM, t.n * S::CN + block / S::CM};
}

/* Calls work(tile, its number) for each of this block's tiles, or only for every STEP-th from `number` on. */
template <class S, int STEP, class Work>
__device__ __forceinline__ void hopper_tiles(const product &p, unsigned number, const Work &work) {
    const tiling t = hopper_tiling<S>(p);
    const unsigned block = blockIdx.x % S::CLUSTER, clusters = gridDim.x / S::CLUSTER;
    for (unsigned at = blockIdx.x / S::CLUSTER + number * clusters; at < tile_count(t); at += STEP * clusters) {
        work(hopper_part<S>(tile_at(t, at), block), number);
        number += STEP;
    }
}

/* ---- one thread: from global memory to the ring ---- */

/* A box that all blocks of the cluster have in common, or that is this block's own. */
template <bool COMMON>
__device__ __forceinline__ void hopper_bring(void *to, const tensor_map *map, int x, int y, int z, barrier *full) {
    if (COMMON)
        copy_box_to_all(to, map, x, y, z, full, 3);
    else
        copy_box(to, map, x, y, z, full);
}

template <class S>
__device__ __forceinline__ void hopper_feed_stage(const hopper_problem &h, const hopper_ring &ring, unsigned stage,
                                                  const tile &at, int k) {
    unsigned char *a = ring.stages + stage * S::STAGE_BYTES, *b = a + S::A_BYTES;
    barrier *full = &ring.full[stage];
    const int block = (int)blockIdx.x % S::CLUSTER, row = block / S::CM * S::PART_OF_A,
              box = block % S::CM * S::PART_OF_B;
    barrier_expect(full, S::STAGE_BYTES);
    hopper_bring<(S::CN > 1)>(a + row * 128, &h.a, k, (int)at.m * S::BM + row, (int)at.batch, full);
    UNROLL
    for (int i = box; i < box + S::PART_OF_B; i++)
        hopper_bring<(S::CM > 1)>(b + i * S::BOX_BYTES, &h.b, (int)at.n * S::BN + i * 64, k, (int)at.batch, full);
}

template <class S> __device__ __forceinline__ void hopper_feed(const hopper_problem &h, const hopper_ring &ring) {
    ring_place where = {0, 0};
    prefetch_map(&h.a), prefetch_map(&h.b);
    hopper_tiles<S, 1>(h.p, 0, [&](const tile &at, unsigned) {
        for (int k = 0; k < (int)h.p.k; k += S::BK) {
            barrier_wait(&ring.empty[where.stage], where.phase ^ 1); /* of the first round: it is */
            hopper_feed_stage<S>(h, ring, where.stage, at, k);
            where = ring_next(where, S::STAGES);
        }
    });
}

/* ---- warpgroups: from the ring to the result ---- */

template <class S> using hopper_sums = float[S::ROWS / 64][S::BN / 8][4];

/* row: the warpgroup's first in the tile. */
template <class S>
__device__ __forceinline__ void hopper_multiply(hopper_sums<S> &sum, const unsigned char *stage, int row, bool add) {
    const unsigned a = shared_address(stage) + row * 128, b = shared_address(stage) + S::A_BYTES;
    warpgroup_begin();
    UNROLL
    for (int k = 0; k < S::BK / 16; k++) UNROLL
    for (int i = 0; i < S::ROWS / 64; i++)
        warpgroup_multiply(sum[i], describe(a + i * 64 * 128 + k * 32, 16, 1024),
                           describe(b + k * 2048, S::BOX_BYTES, 1024), add || k);
    warpgroup_commit();
}

template <class S, bool RELU>
__device__ __forceinline__ void hopper_store(const hopper_sums<S> &sum, const product &p, const tile &at, int first) {
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32 % 4;
    const operands<mot_bf16> o = operands_of<mot_bf16>(p, at.batch);
    const size_t column = (size_t)at.n * S::BN;
    const bool aligned = rows_aligned(o.c, o.ldc, 16);
    UNROLL
    for (int i = 0; i < S::ROWS / 32; i++) { /* halves of products */
        const size_t row = (size_t)at.m * S::BM + first + i / 2 * 64 + warp * 16 + i % 2 * 8 + lane / 4;
        UNROLL
        for (int j = 0; j < S::BN / 8; j += 4) {
            const int left = row < o.m ? elements_left(column + j * 8, o.n) : 0;
            put_tiles<RELU>(o.c + row * o.ldc + column + j * 8, &sum[i / 2][j], i % 2, left, aligned);
        }
    }
}

/* The warpgroup has read a stage: told to every block that fills a part of it, by a thread for each. */
template <class S> __device__ __forceinline__ void hopper_release(barrier *empty) {
    const unsigned block = threadIdx.x % 128;
    if (S::CLUSTER == 1 && block == 0) barrier_arrive(empty);
    if (S::CLUSTER > 1 && block < S::CLUSTER) barrier_arrive_in(empty, block);
}

template <class S, bool RELU>
__device__ __forceinline__ void hopper_consume(const hopper_problem &h, const hopper_ring &ring, int warpgroup) {
    const bool speaks = threadIdx.x % 128 == 0;
    const int row = S::IN_TURN ? 0 : warpgroup * S::ROWS;
    const unsigned steps = (unsigned)ceil_div<size_t>(h.p.k, S::BK);
    hopper_tiles<S, S::IN_TURN ? 2 : 1>(h.p, S::IN_TURN ? warpgroup : 0, [&](const tile &at, unsigned number) {
        hopper_sums<S> sum;
        ring_place where = ring_at((unsigned long long)number * steps, S::STAGES);
        unsigned before = 0;
        if (S::IN_TURN) barrier_wait(&ring.turn[warpgroup], hopper_turn(number));
        for (unsigned step = 0; step < steps; step++) {
            barrier_wait(&ring.full[where.stage], where.phase);
            hopper_multiply<S>(sum, ring.stages + where.stage * S::STAGE_BYTES, row, step > 0);
            warpgroup_wait<1>(); /* the products of the stage before are done */
            if (step > 0) hopper_release<S>(&ring.empty[before]);
            before = where.stage, where = ring_next(where, S::STAGES);
        }
        if (S::IN_TURN && speaks) barrier_arrive(&ring.turn[1 - warpgroup]);
        warpgroup_wait<0>();
        hopper_release<S>(&ring.empty[before]);
        hopper_store<S, RELU>(sum, h.p, at, row);
    });
}

/* ---- the kernel ---- */

/* All threads of the block, or of its cluster, are here: no block writes to one that has not begun, or has ended. */
template <class S> __device__ __forceinline__ void hopper_meet() {
    if (S::CLUSTER > 1)
        cluster_meet();
    else
        __syncthreads();
}

template <class S> __device__ __forceinline__ void hopper_set_up(const hopper_ring &ring) {
    if (threadIdx.x > 0) return;
    for (int i = 0; i < S::STAGES; i++)
        barrier_init(&ring.full[i], 1), barrier_init(&ring.empty[i], S::SHARERS * S::CLUSTER);
    barrier_init(&ring.turn[0], 1), barrier_init(&ring.turn[1], 1);
    barrier_publish();
}

template <class S, bool RELU>
__global__ void __launch_bounds__(S::THREADS, 1) hopper_product(const __grid_constant__ hopper_problem h) {
    const hopper_ring ring = hopper_ring_of<S>(dynamic_shared());
    const int warpgroup = (int)threadIdx.x / 128;
    hopper_set_up<S>(ring);
    hopper_meet<S>();
    if (warpgroup == S::CONSUMERS) {
        give_registers<S::FEW>();
        if (threadIdx.x % 128 == 0) hopper_feed<S>(h, ring);
    } else {
        take_registers<S::MANY>();
        hopper_consume<S, RELU>(h, ring, warpgroup);
    }
    if (S::CLUSTER > 1) hopper_meet<S>();
}

/* At most one block per multiprocessor, but a whole cluster. */
template <class S> inline launch hopper_launch(const product &p, unsigned multiprocessors) {
    const unsigned tiles = tile_count(hopper_tiling<S>(p)), fit = multiprocessors / S::CLUSTER, most = fit ? fit : 1;
    return {{(tiles < most ? tiles : most) * S::CLUSTER, 1, 1}, S::THREADS, S::SHARED_BYTES, S::CLUSTER};
}

} // namespace mot

#endif
