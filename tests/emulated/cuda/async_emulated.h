/* async_emulated.h: the words of async.cuh in plain C++. */
#ifndef EMULATED_ASYNC_H
#define EMULATED_ASYNC_H

#include "matrix_emulated.h"

#define __grid_constant__

namespace mot {

inline unsigned shared_address(const void *p) { return (unsigned)((const unsigned char *)p - dynamic_shared()); }

/* ---- barriers ---- */

using barrier = unsigned long long;
struct barrier_state {
    int bytes; /* announced and not arrived */
    unsigned char count, missing, phase, begun;
};
static_assert(sizeof(barrier_state) == sizeof(barrier), "in the same place");

inline barrier_state *state_of(barrier *b) {
    barrier_state *s = (barrier_state *)b;
    if (s->begun != 1) emulated::stop("a barrier without barrier_init");
    return s;
}
inline void turn_if_complete(barrier_state *s) {
    if (s->missing == 0 && s->bytes == 0) s->missing = s->count, s->phase ^= 1;
}
inline void barrier_init(barrier *b, unsigned count) {
    *(barrier_state *)b = {0, (unsigned char)count, (unsigned char)count, 0, 1};
}
inline void barrier_publish() {}
inline void barrier_expect(barrier *b, unsigned bytes) {
    barrier_state *s = state_of(b);
    if (s->missing == 0) emulated::stop("more arrivals than a barrier counts");
    s->bytes += (int)bytes, s->missing--;
    turn_if_complete(s);
}
inline void barrier_arrive(barrier *b) { barrier_expect(b, 0); }
/* What lies in another block of the cluster where `mine` lies in this one. */
template <class T> T *of_block(T *mine, unsigned block) {
    return (T *)(emulated::shared_of(block) + shared_address(mine));
}
inline void barrier_arrive_in(barrier *b, unsigned block) { barrier_arrive(of_block(b, emulated::told(block))); }
inline void cluster_meet() { emulated::cluster_barrier(); }
inline void barrier_wait(barrier *b, unsigned phase) {
    if (emulated::phase_skipped()) return;
    emulated::wait_until([=] {
        const bool ended = state_of(b)->phase != phase;
        if (!ended) emulated::engine_step();
        return ended || state_of(b)->phase != phase;
    });
}

/* ---- the copy engine ---- */

inline tensor_map map_of(const map_recipe &r) {
    tensor_map map = {};
    static_assert(sizeof r <= sizeof map, "it fits");
    memcpy(&map, &r, sizeof r);
    return map;
}

/* One box of bf16, row after row of 128 bytes. */
inline void bring_box(unsigned char *to, const map_recipe &r, long x, long y, long z) {
    const auto inside = [&](int i, long at) { return at >= 0 && at < (long)r.size[i]; };
    for (long row = 0; row < (long)r.box[1]; row++)
        for (long i = 0; i < (long)r.box[0]; i++) {
            const char *from = (const char *)r.base + z * (long)r.stride_bytes[1] + (y + row) * (long)r.stride_bytes[0];
            const bool is = inside(0, x + i) && inside(1, y + row) && inside(2, z);
            *(mot_bf16 *)(to + swizzled128((unsigned)(row * 128 + i * 2))) =
                is ? ((const mot_bf16 *)from)[x + i] : mot_bf16(0);
        }
}

/* To the blocks of the cluster of which `blocks` has a bit. One has ended when the box arrives: shared_of says so. */
inline void copy_box_to_all(void *to, const tensor_map *map, int x, int y, int z, barrier *b, unsigned blocks) {
    map_recipe r;
    memcpy(&r, map, sizeof r);
    const size_t strides = (size_t)r.base | r.stride_bytes[0] | r.stride_bytes[1];
    const unsigned place = shared_address(to), counter = shared_address(b);
    if (place % 1024 || strides % 16 || r.box[0] != 64) emulated::stop("a box out of line");
    for (unsigned block = 0; blocks >> block; block++) {
        if (!(blocks >> block & 1)) continue;
        emulated::engine_later([=] {
            unsigned char *shared = emulated::shared_of(block);
            barrier_state *state = state_of((barrier *)(shared + counter));
            bring_box(shared + place, r, x, y, z);
            state->bytes -= (int)(r.box[0] * r.box[1] * 2);
            turn_if_complete(state);
        });
    }
}
inline void copy_box(void *to, const tensor_map *map, int x, int y, int z, barrier *b) {
    copy_box_to_all(to, map, x, y, z, b, 1U << emulated::rank_of_block());
}
inline void prefetch_map(const tensor_map *) {}

/* ---- products of a warpgroup: each thread its own part ---- */

struct described {
    unsigned address, leading, stride;
};
inline described read_description(unsigned long long d) {
    if (d >> 62 != 1) emulated::stop("not the 128-byte swizzle");
    return {(unsigned)(d & 0x3fff) << 4, (unsigned)(d >> 16 & 0x3fff) << 4, (unsigned)(d >> 32 & 0x3fff) << 4};
}
/* Two elements side by side, which no swizzle parts. */
struct pair {
    float first, second;
};
inline pair shared_pair(unsigned at) {
    const mot_bf16 *from = (const mot_bf16 *)(dynamic_shared() + swizzled128(at));
    return {widen(from[0]), widen(from[1])};
}
inline pair a_pair(const described &d, int row, int k) {
    return shared_pair(d.address + (unsigned)(row / 8) * d.stride + (unsigned)(row % 8 * 128 + k * 2));
}
inline pair b_pair(const described &d, int k, int column) {
    return shared_pair(d.address + (unsigned)(column / 64) * d.leading + (unsigned)(k / 8) * d.stride +
                       (unsigned)(k % 8 * 128 + column % 64 * 2));
}

inline void warpgroup_begin() {}
inline void warpgroup_commit() { emulated::commit(); }
/* A product is one of all four warps: who waits, waits for the parts of all. */
template <int PENDING> void warpgroup_wait() {
    emulated::wait(PENDING);
    emulated::barrier(8 + threadIdx.x / 128, 128);
}

/* c += (two elements of a, one for each of its rows) x (two of b, one for each of its columns). */
inline void add_product(float (&c)[4], const float (&a)[2], const pair &b) {
    c[0] += a[0] * b.first, c[1] += a[0] * b.second;
    c[2] += a[1] * b.first, c[3] += a[1] * b.second;
}

template <int TILES>
void warpgroup_multiply(float (&c)[TILES][4], unsigned long long a, unsigned long long b, int add) {
    const int thread = (int)threadIdx.x % 128;
    float(*sums)[4] = c;
    emulated::later([=] {
        const described left = read_description(a), right = read_description(b);
        const int row = warpgroup_c(thread, 0).row, column = warpgroup_c(thread, 0).column;
        if (!add) memset(sums, 0, TILES * sizeof *sums);
        for (int k = 0; k < 16; k += 2) {
            const pair upper = a_pair(left, row, k), lower = a_pair(left, row + 8, k);
            for (int i = 0; i < TILES; i++) {
                add_product(sums[i], {upper.first, lower.first}, b_pair(right, k, column + i * 8));
                add_product(sums[i], {upper.second, lower.second}, b_pair(right, k + 1, column + i * 8));
            }
        }
    });
}

template <int> void give_registers() {}
template <int> void take_registers() {}

} // namespace mot

#endif
