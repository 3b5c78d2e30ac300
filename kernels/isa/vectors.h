/* vectors.h: what the layouts and loops of stages/ want to know of tiles made of vectors. */
#define TILE_INL "tile_vectors.inl"
enum {
    EXPERT_ROWS = 128, /* of an expert at a time */
    STEP_UNIT = 1,     /* operands are padded with zeros to so many steps of k */
    ROW_UNIT = 1,      /* a tile begins at a multiple of so many rows, and reads as many of a */
    BY_COLUMNS = true  /* a may be [k][columns] */
};
MOT_INLINE void tiles_open(void) {}
MOT_INLINE void tiles_close(void) {}
