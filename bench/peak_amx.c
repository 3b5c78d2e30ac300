/* Products of blocks of bf16, added to blocks of f32, four independent ones in turn. */
#include "peak.h"

#include <immintrin.h>
#include <stdint.h>

enum { SIDE = 16, CHAINS = 4, FLOPS = 2 * SIDE * SIDE * 2 * SIDE };

/* Whatever the blocks hold, no product is slow, since denormals count as zero. */
static double fma_peak(long rounds, float factor, float term) {
    static const struct {
        uint8_t palette, start_row, reserved[14];
        uint16_t row_bytes[16];
        uint8_t rows[16];
    } whole = {.palette = 1, .row_bytes = {64, 64, 64, 64, 64, 64}, .rows = {16, 16, 16, 16, 16, 16}};
    float a[SIDE * SIDE], b[SIDE * SIDE];
    for (int i = 0; i < SIDE * SIDE; i++) a[i] = factor, b[i] = term;
    __asm__ volatile("" : : "r"(a), "r"(b) : "memory"); /* gcc 12 does not know that tiles read memory */
    _tile_loadconfig(&whole);
    _tile_loadd(4, a, SIDE * sizeof *a);
    _tile_loadd(5, b, SIDE * sizeof *b);
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    for (long r = 0; r < rounds; r++) {
        _tile_dpbf16ps(0, 4, 5);
        _tile_dpbf16ps(1, 4, 5);
        _tile_dpbf16ps(2, 4, 5);
        _tile_dpbf16ps(3, 4, 5);
    }
    _tile_release();
    return (double)FLOPS * CHAINS * (double)rounds;
}

/* Bytes are moved by AVX-512. */
const peak_kernels peak_amx = {.fma = fma_peak};
