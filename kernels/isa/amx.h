/* amx.h: AMX's eight registers of 16 rows x 64 bytes, for tiles in place of vectors (vectors.h). Sums of bf16 products:
 * pairs of terms are added up first, denormals count as zero. Everything else is done on AVX-512 vectors. */
#if !defined(__AMX_BF16__) && !defined(__AMXBF16__) /* gcc, clang 14 */
#error "amx.h needs -mamx-tile -mamx-bf16 (cmake/isa.cmake)"
#endif
#define TILE_INL "tile_matrix.inl"
enum { EXPERT_ROWS = 256, STEP_UNIT = 16, ROW_UNIT = 16, BY_COLUMNS = false };

typedef struct tile_shapes { /* what LDTILECFG reads */
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} tile_shapes;
_Static_assert(sizeof(tile_shapes) == 64, "as the manual has it");

/* The registers belong to the thread; a kernel sets them up when it begins and gives them back when it ends. */
MOT_INLINE void tiles_open(void) {
    static const tile_shapes whole = {
        .palette = 1, .row_bytes = {64, 64, 64, 64, 64, 64, 64, 64}, .rows = {16, 16, 16, 16, 16, 16, 16, 16}};
    _tile_loadconfig(&whole);
}
MOT_INLINE void tiles_close(void) { _tile_release(); }
