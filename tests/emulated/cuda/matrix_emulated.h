/* matrix_emulated.h: the words of matrix.cuh in plain C++, by the layouts that PTX documents. */
#ifndef EMULATED_MATRIX_H
#define EMULATED_MATRIX_H

#include "copies.h"
#include "layout.cuh"

namespace mot {

/* ---- products of a warp ---- */

struct mma_lane {
    float *c;
    const unsigned *a;
    unsigned b[2];
};

inline float half_of(unsigned word, int half) { return widen((mot_bf16)(word >> 16 * half)); }

template <int K> void mma_add(void *const *of_lane, const float (&a)[16][K], const float (&b)[K][8]) {
    for (int lane = 0; lane < 32; lane++)
        for (int i = 0; i < 4; i++) {
            const place p = fragment_c(lane, i);
            float *c = &((mma_lane *)of_lane[lane])->c[i], sum = *c;
            for (int k = 0; k < K; k++) sum += a[p.row][k] * b[k][p.column];
            *c = sum;
        }
}

inline void mma_bf16(float (&c)[4], const unsigned (&a)[4], unsigned b0, unsigned b1) {
    mma_lane mine = {c, a, {b0, b1}};
    emulated::together(&mine, [](void *const *of_lane) {
        float left[16][16], right[16][8];
        for (int lane = 0; lane < 32; lane++)
            for (int half = 0; half < 2; half++) {
                const mma_lane *l = (const mma_lane *)of_lane[lane];
                for (int i = 0; i < 4; i++) {
                    const place p = fragment_a16(lane, i, half);
                    left[p.row][p.column] = half_of(l->a[i], half);
                }
                for (int i = 0; i < 2; i++) {
                    const place p = fragment_b16(lane, i, half);
                    right[p.row][p.column] = half_of(l->b[i], half);
                }
            }
        mma_add(of_lane, left, right);
    });
}

/* The tensor cores look at 19 bits of an operand. */
inline float tf32_of(unsigned word) { return __uint_as_float(word & ~0x1fffU); }

inline void mma_tf32(float (&c)[4], const unsigned (&a)[4], unsigned b0, unsigned b1) {
    mma_lane mine = {c, a, {b0, b1}};
    emulated::together(&mine, [](void *const *of_lane) {
        float left[16][8], right[8][8];
        for (int lane = 0; lane < 32; lane++) {
            const mma_lane *l = (const mma_lane *)of_lane[lane];
            for (int i = 0; i < 4; i++) left[fragment_a8(lane, i).row][fragment_a8(lane, i).column] = tf32_of(l->a[i]);
            for (int i = 0; i < 2; i++) right[fragment_b8(lane, i).row][fragment_b8(lane, i).column] = tf32_of(l->b[i]);
        }
        mma_add(of_lane, left, right);
    });
}

inline unsigned round_to_tf32(unsigned bits) {
    const bool finite = (bits >> 23 & 0xff) != 0xff;
    return finite ? (bits + 0x1000) & ~0x1fffU : bits;
}

/* ---- loads ---- */

struct matrices_lane {
    unsigned *to;
    const mot_bf16 *row;
};

inline void load_matrices_as(unsigned (&r)[4], const void *row, bool turned) {
    matrices_lane mine = {r, (const mot_bf16 *)row};
    emulated::together(&mine, [=](void *const *of_lane) {
        for (int lane = 0; lane < 32; lane++)
            for (int m = 0; m < 4; m++) {
                const auto element = [&](int i, int j) {
                    return (unsigned)((const matrices_lane *)of_lane[m * 8 + (turned ? j : i)])->row[turned ? i : j];
                };
                ((matrices_lane *)of_lane[lane])->to[m] =
                    element(lane / 4, lane % 4 * 2) | element(lane / 4, lane % 4 * 2 + 1) << 16;
            }
    });
}
inline void load_matrices(unsigned (&r)[4], const void *row) { load_matrices_as(r, row, false); }
inline void load_matrices_turned(unsigned (&r)[4], const void *row) { load_matrices_as(r, row, true); }

inline unsigned turn_matrix(unsigned word) {
    unsigned mine[2] = {word, 0};
    emulated::together(mine, [](void *const *of_lane) {
        const auto element = [&](int row, int column) {
            return *(const unsigned *)of_lane[row * 4 + column / 2] >> column % 2 * 16 & 0xffff;
        };
        for (int lane = 0; lane < 32; lane++)
            ((unsigned *)of_lane[lane])[1] = element(lane % 4 * 2, lane / 4) | element(lane % 4 * 2 + 1, lane / 4)
                                                                                   << 16;
    });
    return mine[1];
}

/* ---- copies ---- */

inline void copy_async(void *to, const void *from, int bytes) {
    if (((size_t)to | (size_t)from) % 16) emulated::stop("a copy of 16 bytes out of line");
    emulated::later([=] {
        memset(to, 0, 16);
        memcpy(to, from, (size_t)bytes);
    });
}
inline void copy_commit() { emulated::commit(); }
template <int PENDING> void copy_wait() { emulated::wait(PENDING); }

} // namespace mot

#endif
