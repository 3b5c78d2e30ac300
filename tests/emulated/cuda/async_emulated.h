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

inline void copy_box(void *to, const tensor_map *map, int x, int y, int z, barrier *b) {
    map_recipe r;
    memcpy(&r, map, sizeof r);
    const size_t strides = (size_t)r.base | r.stride_bytes[0] | r.stride_bytes[1];
    if (shared_address(to) % 1024 || strides % 16 || r.box[0] != 64) emulated::stop("a box out of line");
    emulated::engine_later([=] {
        bring_box((unsigned char *)to, r, x, y, z);
        state_of(b)->bytes -= (int)(r.box[0] * r.box[1] * 2);
        turn_if_complete(state_of(b));
    });
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
inline float shared_element(unsigned at) { return widen(*(const mot_bf16 *)(dynamic_shared() + swizzled128(at))); }
inline float a_element(const described &d, int row, int k) {
    return shared_element(d.address + (unsigned)(row / 8) * d.stride + (unsigned)(row % 8 * 128 + k * 2));
}
inline float b_element(const described &d, int k, int column) {
    return shared_element(d.address + (unsigned)(column / 64) * d.leading + (unsigned)(k / 8) * d.stride +
                          (unsigned)(k % 8 * 128 + column % 64 * 2));
}

inline void warpgroup_begin() {}
inline void warpgroup_commit() { emulated::commit(); }
/* A product is one of all four warps: who waits, waits for the parts of all. */
template <int PENDING> void warpgroup_wait() {
    emulated::wait(PENDING);
    emulated::barrier(8 + threadIdx.x / 128, 128);
}

template <int TILES>
void warpgroup_multiply(float (&c)[TILES][4], unsigned long long a, unsigned long long b, int add) {
    const int thread = (int)threadIdx.x % 128;
    float *sums = c[0];
    emulated::later([=] {
        const described left = read_description(a), right = read_description(b);
        float rows[2][16];
        for (int i = 0; i < 32; i++)
            rows[i / 16][i % 16] = a_element(left, warpgroup_c(thread, i / 16 * 2).row, i % 16);
        for (int i = 0; i < TILES * 4; i++) {
            float sum = add ? sums[i] : 0;
            for (int k = 0; k < 16; k++) sum += rows[i / 2 % 2][k] * b_element(right, k, warpgroup_c(thread, i).column);
            sums[i] = sum;
        }
    });
}

template <int> void give_registers() {}
template <int> void take_registers() {}

} // namespace mot

#endif
