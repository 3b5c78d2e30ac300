/* async.cuh: the words of rung 4, sm_90a: barriers in shared memory that count bytes, tiles that the copy engine
 * brings to one block or to all of a cluster, and products of a warpgroup that read both operands from shared memory.
 * PTX here; on the CPU the same by the layouts below. */
#ifndef MOT_CUDA_ASYNC_CUH
#define MOT_CUDA_ASYNC_CUH

#include "matrix.cuh"

namespace mot {

/* ---- layouts ---- */

/* Tiles in shared memory have rows of 128 bytes, and their 16-byte pieces are swizzled within each 1024 bytes: what the
 * copy engine writes and a product reads. `at`: an offset in a tile that begins at a multiple of 1024. */
__host__ __device__ constexpr unsigned swizzled128(unsigned at) { return at ^ (at >> 7 & 7) << 4; }

/* How a product finds an operand (PTX: matrix descriptor). Of an operand with k along rows, `stride` is from 8 rows to
 * the next 8; of one with k down the columns it is the same, and `leading` is from 64 columns to the next 64. */
__host__ __device__ constexpr unsigned long long describe(unsigned address, unsigned leading, unsigned stride) {
    constexpr unsigned long long SWIZZLE_128 = 1;
    return (unsigned long long)(address >> 4 & 0x3fff) | (unsigned long long)(leading >> 4) << 16 |
           (unsigned long long)(stride >> 4) << 32 | SWIZZLE_128 << 62;
}

/* Float `i` of a thread of the warpgroup in a product of 64 rows: four to eight columns, as fragment_c. */
__host__ __device__ constexpr place warpgroup_c(int thread, int i) {
    const place p = fragment_c(thread % 32, i % 4);
    return {thread / 32 * 16 + p.row, i / 4 * 8 + p.column};
}

/* A ring of stages: where step number `at` is, and which phase of its barrier ends when it is there. */
struct ring_place {
    unsigned stage, phase;
};
__host__ __device__ constexpr ring_place ring_at(unsigned long long at, unsigned stages) {
    return {(unsigned)(at % stages), (unsigned)(at / stages & 1)};
}
__host__ __device__ constexpr ring_place ring_next(ring_place p, unsigned stages) {
    return p.stage + 1 == stages ? ring_place{0, p.phase ^ 1} : ring_place{p.stage + 1, p.phase};
}

/* What the copy engine knows of a tensor of up to three dimensions, the first one contiguous; sizes in elements,
 * strides and base multiples of 16 bytes. The host encodes it (cuTensorMapEncodeTiled: bf16, 128-byte swizzle, no
 * fill). */
struct map_recipe {
    const void *base;
    unsigned long long size[3], stride_bytes[2];
    unsigned box[3];
};
struct alignas(64) tensor_map {
    unsigned long long opaque[16];
};

} // namespace mot

#if !defined(__CUDACC__)
#include "async_emulated.h"
#else
namespace mot {

/* ---- barriers: of `count` arrivals, and of as many bytes as were announced ---- */

using barrier = unsigned long long;

__device__ __forceinline__ void barrier_init(barrier *b, unsigned count) {
    asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(shared_address(b)), "r"(count) : "memory");
}
/* After the last init, before the barrier of all threads: the copy engine sees them too. */
__device__ __forceinline__ void barrier_publish() {
    asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
    asm volatile("fence.proxy.async;" ::: "memory");
}
__device__ __forceinline__ void barrier_arrive(barrier *b) {
    asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(shared_address(b)) : "memory");
}
/* Arrives, and announces bytes. */
__device__ __forceinline__ void barrier_expect(barrier *b, unsigned bytes) {
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(shared_address(b)), "r"(bytes)
                 : "memory");
}
/* Arrives at the barrier at this place in the shared memory of a block of the cluster. It orders nothing beyond: what
 * is read by products that are done needs no more, and a release to the cluster costs a fence of the whole GPU. */
__device__ __forceinline__ void barrier_arrive_in(barrier *b, unsigned block) {
    asm volatile("{\n.reg .b32 there;\nmapa.shared::cluster.u32 there, %0, %1;\n"
                 "mbarrier.arrive.shared::cluster.b64 _, [there];\n}" ::"r"(shared_address(b)),
                 "r"(block)
                 : "memory");
}
/* Until phase `phase` has ended. */
__device__ __forceinline__ void barrier_wait(barrier *b, unsigned phase) {
    unsigned done;
    do {
        asm volatile("{\n.reg .pred p;\nmbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2;\nselp.u32 %0, 1, 0, p;\n}"
                     : "=r"(done)
                     : "r"(shared_address(b)), "r"(phase)
                     : "memory");
    } while (!done);
}

/* Waits for all threads of all blocks of the cluster, wherever in its code each is; before it, barrier_publish. */
__device__ __forceinline__ void cluster_meet() {
    asm volatile("barrier.cluster.arrive.relaxed;\nbarrier.cluster.wait.acquire;" ::: "memory");
}

/* ---- the copy engine ---- */

/* The map's box from (x, y, z) on, zeros where the tensor has ended; its bytes are counted by the barrier. */
__device__ __forceinline__ void copy_box(void *to, const tensor_map *map, int x, int y, int z, barrier *b) {
    asm volatile(
        "cp.async.bulk.tensor.3d.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1, {%2, %3, %4}], "
        "[%5];" ::"r"(shared_address(to)),
        "l"(map), "r"(x), "r"(y), "r"(z), "r"(shared_address(b))
        : "memory");
}
/* The same box to the same place in every block of the cluster of which `blocks` has a bit, each one's barrier
 * counting. */
__device__ __forceinline__ void copy_box_to_all(void *to, const tensor_map *map, int x, int y, int z, barrier *b,
                                                unsigned short blocks) {
    asm volatile("cp.async.bulk.tensor.3d.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::cluster [%0], "
                 "[%1, {%2, %3, %4}], [%5], %6;" ::"r"(shared_address(to)),
                 "l"(map), "r"(x), "r"(y), "r"(z), "r"(shared_address(b)), "h"(blocks)
                 : "memory");
}
__device__ __forceinline__ void prefetch_map(const tensor_map *map) {
    asm volatile("prefetch.tensormap [%0];" ::"l"(map) : "memory");
}

/* ---- products of a warpgroup, 64 x COLUMNS x 16 ---- */

__device__ __forceinline__ void warpgroup_begin() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }
__device__ __forceinline__ void warpgroup_commit() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }
template <int PENDING> __device__ __forceinline__ void warpgroup_wait() {
    asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(PENDING) : "memory");
}

#define MOT_TILE(i) "+f"(c[i][0]), "+f"(c[i][1]), "+f"(c[i][2]), "+f"(c[i][3])
#define MOT_TILES(i) MOT_TILE(i), MOT_TILE(i + 1), MOT_TILE(i + 2), MOT_TILE(i + 3)

/* c = a.b, or c += a.b with `add`. a: k along its rows; b: k down its columns. */
__device__ __forceinline__ void warpgroup_multiply(float (&c)[16][4], unsigned long long a, unsigned long long b,
                                                   int add) {
    asm volatile(
        "{\n.reg .pred p;\nsetp.ne.b32 p, %66, 0;\n"
        "wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 {"
        "%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15,%16,%17,%18,%19,%20,%21,%22,%23,%24,%25,%26,%27,"
        "%28,%29,%30,%31,%32,%33,%34,%35,%36,%37,%38,%39,%40,%41,%42,%43,%44,%45,%46,%47,%48,%49,%50,%51,%52,"
        "%53,%54,%55,%56,%57,%58,%59,%60,%61,%62,%63}, %64, %65, p, 1, 1, 0, 1;\n}"
        : MOT_TILES(0), MOT_TILES(4), MOT_TILES(8), MOT_TILES(12)
        : "l"(a), "l"(b), "r"(add));
}
__device__ __forceinline__ void warpgroup_multiply(float (&c)[32][4], unsigned long long a, unsigned long long b,
                                                   int add) {
    asm volatile(
        "{\n.reg .pred p;\nsetp.ne.b32 p, %130, 0;\n"
        "wgmma.mma_async.sync.aligned.m64n256k16.f32.bf16.bf16 {"
        "%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15,%16,%17,%18,%19,%20,%21,%22,%23,%24,%25,%26,%27,"
        "%28,%29,%30,%31,%32,%33,%34,%35,%36,%37,%38,%39,%40,%41,%42,%43,%44,%45,%46,%47,%48,%49,%50,%51,%52,"
        "%53,%54,%55,%56,%57,%58,%59,%60,%61,%62,%63,%64,%65,%66,%67,%68,%69,%70,%71,%72,%73,%74,%75,%76,%77,"
        "%78,%79,%80,%81,%82,%83,%84,%85,%86,%87,%88,%89,%90,%91,%92,%93,%94,%95,%96,%97,%98,%99,%100,%101,"
        "%102,%103,%104,%105,%106,%107,%108,%109,%110,%111,%112,%113,%114,%115,%116,%117,%118,%119,%120,%121,"
        "%122,%123,%124,%125,%126,%127}, %128, %129, p, 1, 1, 0, 1;\n}"
        : MOT_TILES(0), MOT_TILES(4), MOT_TILES(8), MOT_TILES(12), MOT_TILES(16), MOT_TILES(20), MOT_TILES(24),
          MOT_TILES(28)
        : "l"(a), "l"(b), "r"(add));
}
#undef MOT_TILE
#undef MOT_TILES

/* ---- registers: a multiple of 8, of every thread of the warpgroup ---- */

template <int REGISTERS> __device__ __forceinline__ void give_registers() {
    asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(REGISTERS));
}
template <int REGISTERS> __device__ __forceinline__ void take_registers() {
    asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(REGISTERS));
}

} // namespace mot
#endif

#endif
