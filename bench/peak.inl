/* peak.inl: included by peak_<isa>.c, which defines
 *   VEC                   a vector of floats
 *   FMA(acc, x, y)        acc * x + y, or another multiply-add of acc and two constants
 *   FLOPS_PER_LANE        of one FMA, where it is not 2
 *   STREAM(to, v)         a non-temporal store; STREAM_END() orders them
 *   CHAINS                independent chains of FMAs: at least latency x ports (5 x 2), and with two constants within
 *                         the registers; clang spills from 20 on
 *   PEAK                  the name of the table */
#include "peak.h"

#ifndef FLOPS_PER_LANE
#define FLOPS_PER_LANE 2
#endif

#include "kernel.h"

enum { LANES = sizeof(VEC) / sizeof(float), PER_BLOCK = PEAK_BLOCK / sizeof(VEC) };
_Static_assert(PEAK_BLOCK % sizeof(VEC) == 0, "a block is whole vectors");

/* Keeps a value that nobody reads. */
#define CONSUME(v) __asm__ volatile("" : : "x"(v))

static double fma_peak(long rounds, float factor, float term) {
    VEC acc[CHAINS];
    const VEC x = (VEC){0} + factor, y = (VEC){0} + term;
    MOT_UNROLL
    for (int c = 0; c < CHAINS; c++) acc[c] = y + (float)c;
    for (long r = 0; r < rounds; r++) {
        MOT_UNROLL
        for (int c = 0; c < CHAINS; c++) acc[c] = FMA(acc[c], x, y);
    }
    MOT_UNROLL
    for (int c = 0; c < CHAINS; c++) CONSUME(acc[c]);
    return (double)FLOPS_PER_LANE * LANES * CHAINS * (double)rounds;
}

/* Bitwise or: one cycle, on every port, and no number is slow. */
typedef long long BITS __attribute__((vector_size(sizeof(VEC))));
enum { SUMS = 8 };

static void read_peak(const void *from, size_t bytes) {
    const BITS *p = from;
    BITS sum[SUMS];
    MOT_UNROLL
    for (int s = 0; s < SUMS; s++) sum[s] = (BITS){0};
    for (const BITS *end = p + bytes / sizeof(BITS); p < end; p += PER_BLOCK) {
        MOT_UNROLL
        for (int v = 0; v < PER_BLOCK; v++) sum[v % SUMS] |= p[v];
    }
    MOT_UNROLL
    for (int s = 0; s < SUMS; s++) CONSUME(sum[s]);
}

static void copy_peak(void *to, const void *from, size_t bytes) {
    VEC *q = to;
    const VEC *p = from;
    for (const VEC *end = p + bytes / sizeof(VEC); p < end; p += 4, q += 4) {
        const VEC a = p[0], b = p[1], c = p[2], d = p[3];
        q[0] = a, q[1] = b, q[2] = c, q[3] = d;
    }
}

static void copy_nt_peak(void *to, const void *from, size_t bytes) {
    VEC *q = to;
    const VEC *p = from;
    for (const VEC *end = p + bytes / sizeof(VEC); p < end; p += 4, q += 4) {
        const VEC a = p[0], b = p[1], c = p[2], d = p[3];
        STREAM(q, a), STREAM(q + 1, b), STREAM(q + 2, c), STREAM(q + 3, d);
    }
    STREAM_END();
}

const peak_kernels PEAK = {fma_peak, read_peak, copy_peak, copy_nt_peak};
