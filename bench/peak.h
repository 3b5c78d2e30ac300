/* peak.h: the loops that reach this machine's peaks, stamped once per ISA from peak.inl. */
#ifndef BENCH_PEAK_H
#define BENCH_PEAK_H

#include <stddef.h>

/* All sizes are multiples of PEAK_BLOCK bytes and all addresses 64-byte aligned. */
enum { PEAK_BLOCK = 512 };

typedef struct peak_kernels {
    double (*fma)(long rounds, float factor, float term); /* returns the FLOPs it did */
    void (*read)(const void *from, size_t bytes);
    void (*copy)(void *to, const void *from, size_t bytes);
    void (*copy_nt)(void *to, const void *from, size_t bytes); /* stores that go round the caches */
} peak_kernels;

extern const peak_kernels peak_scalar, peak_avx2, peak_avx512, peak_avx512bf16, peak_amx;
/* The last two multiply bf16; peak_amx moves no bytes. */

#endif
