/* product.cuh: c = a.b for each of several batches, all row-major: what the experts' two products are to a kernel; and
 * which block computes which tile of it. */
#ifndef MOT_CUDA_PRODUCT_CUH
#define MOT_CUDA_PRODUCT_CUH

#include "device.cuh"

namespace mot {

struct product {
    const void *a, *b;
    void *c;
    size_t m, n, k, batches;
    size_t lda, ldb, ldc;             /* elements from one row to the next … */
    size_t batch_a, batch_b, batch_c; /* … and from one batch to the next */
};

/* hidden = relu(mixed . w1), the relu being the kernel's. */
inline product experts_up(const tensors &t) {
    const size_t E = t.shape.experts, G = t.shape.groups, D = t.shape.d_model, H = t.shape.d_expert;
    return {t.mixed, t.w1, t.hidden, G, H, D, E, D, H, H, G * D, D * H, G * H};
}
/* y = hidden . w2 */
inline product experts_down(const tensors &t) {
    const size_t E = t.shape.experts, G = t.shape.groups, D = t.shape.d_model, H = t.shape.d_expert;
    return {t.hidden, t.w2, t.y, G, D, H, E, H, D, D, G * H, H * D, G * D};
}

/* Whether rows of a matrix may be read in pieces of so many bytes. */
template <class T> __device__ inline bool rows_aligned(const void *first, size_t ld, size_t batch, size_t bytes) {
    return ((size_t)first | ld * sizeof(T) | batch * sizeof(T)) % bytes == 0;
}

/* ---- tiles ---- */

struct tile {
    unsigned batch, m, n; /* tile numbers */
};

struct tiling {
    unsigned m, n, batches; /* tiles along m and n */
    unsigned raster; /* tiles along m that are computed side by side: they share their b, and their a stays in L2 */
};

__host__ __device__ constexpr tiling tile_product(const product &p, unsigned bm, unsigned bn, unsigned raster) {
    return {(unsigned)ceil_div<size_t>(p.m, bm), (unsigned)ceil_div<size_t>(p.n, bn), (unsigned)p.batches, raster};
}

__host__ __device__ constexpr unsigned tile_count(const tiling &t) { return t.m * t.n * t.batches; }

/* Tile number `at`: batch after batch, in each one stripes of `raster` tiles along m. */
__host__ __device__ constexpr tile tile_at(const tiling &t, unsigned at) {
    const unsigned inside = at % (t.m * t.n), stripe = inside / (t.raster * t.n), along = inside % (t.raster * t.n);
    const unsigned first = stripe * t.raster, height = t.m - first < t.raster ? t.m - first : t.raster;
    return {at / (t.m * t.n), first + along % height, along / height};
}

} // namespace mot

#endif
