/* layout.cuh: where things lie: elements of the tensor cores' fragments in a warp's registers, and 16-byte pieces of a
 * tile in shared memory. Plain functions of numbers; the tests look at every argument. */
#ifndef MOT_CUDA_LAYOUT_CUH
#define MOT_CUDA_LAYOUT_CUH

#include "device.cuh"

namespace mot {

struct place {
    int row, column;
};

/* ---- fragments, as PTX documents them ---- */

/* mma.m16n8k16 of bf16: a (16,16) in 4 words of two elements, b (16,8) in 2, c (16,8) in 4 floats. */
__host__ __device__ constexpr place fragment_a16(int lane, int word, int half) {
    return {lane / 4 + word % 2 * 8, lane % 4 * 2 + half + word / 2 * 8};
}
__host__ __device__ constexpr place fragment_b16(int lane, int word, int half) {
    return {lane % 4 * 2 + half + word * 8, lane / 4};
}
__host__ __device__ constexpr place fragment_c(int lane, int i) { return {lane / 4 + i / 2 * 8, lane % 4 * 2 + i % 2}; }

/* mma.m16n8k8 of tf32: a (16,8) in 4 words, b (8,8) in 2, c as above. */
__host__ __device__ constexpr place fragment_a8(int lane, int word) {
    return {lane / 4 + word % 2 * 8, lane % 4 + word / 2 * 4};
}
__host__ __device__ constexpr place fragment_b8(int lane, int word) { return {lane % 4 + word * 4, lane / 4}; }

/* ---- pieces of 16 bytes in shared memory ---- */

/* Tiles of `pieces` (a power of two, or a multiple of 8) a row, without gaps. Eight pieces, one below the other or side
 * by side, lie in different banks: `piece` is XORed with the number of the 128-byte line that the row is in, as far as
 * it fits. */
__host__ __device__ constexpr int swizzled(int row, int piece, int pieces) {
    const int rows_a_line = pieces < 8 ? 8 / pieces : 1, mask = pieces < 8 ? pieces - 1 : 7;
    return row * pieces + (piece ^ (row / rows_a_line & mask));
}

/* Tiles of 4-byte elements that are read one by one, four rows of eight columns at once (a fragment_b8). */
__host__ __device__ constexpr int swizzled4(int row, int piece, int pieces) {
    return row * pieces + (piece ^ (row % 4 * 2 & (pieces - 1)));
}

} // namespace mot

#endif
