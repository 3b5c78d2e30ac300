/* product.cuh: c = a.b for each of several batches, all row-major: what the stages are to a kernel of products; and
 * which block computes which tile of it. */
#ifndef MOT_CUDA_PRODUCT_CUH
#define MOT_CUDA_PRODUCT_CUH

#include "device.cuh"

namespace mot {

struct product {
    static constexpr bool TURNED = false; /* a lies in memory as its transpose */
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

/* A batch is a group, whose tokens are rows of x, p and out; in a short group there are fewer. */
struct routing { /* x . controller: what p is the softmax of */
    static constexpr bool TURNED = false;
    tensors t;
};
struct mixing { /* mixed = transpose(p) . x */
    static constexpr bool TURNED = true;
    tensors t;
};
struct redistribution { /* out = p . y */
    static constexpr bool TURNED = false;
    tensors t;
};

/* One batch. */
template <class T> struct operands {
    const T *a, *b;
    T *c;
    size_t m, n, k, lda, ldb, ldc;
};

template <class T> __device__ inline operands<T> operands_of(const product &p, size_t batch) {
    return {(const T *)p.a + batch * p.batch_a,
            (const T *)p.b + batch * p.batch_b,
            (T *)p.c + batch * p.batch_c,
            p.m,
            p.n,
            p.k,
            p.lda,
            p.ldb,
            p.ldc};
}
template <class T> __device__ inline operands<T> operands_of(const routing &r, size_t group) {
    const mot_shape &s = r.t.shape;
    return {(const T *)r.t.x + token_offset(r.t, group, 0),
            (const T *)r.t.controller,
            (T *)r.t.p + group * s.group_size * s.experts,
            group_tokens(r.t, group),
            s.experts,
            s.d_model,
            r.t.strides.token_stride,
            s.experts,
            s.experts};
}
template <class T> __device__ inline operands<T> operands_of(const mixing &m, size_t group) {
    const mot_shape &s = m.t.shape;
    return {(const T *)m.t.p + group * s.group_size * s.experts,
            (const T *)m.t.x + token_offset(m.t, group, 0),
            (T *)m.t.mixed + group * s.d_model,
            s.experts,
            s.d_model,
            group_tokens(m.t, group),
            s.experts,
            m.t.strides.token_stride,
            s.groups * s.d_model};
}
template <class T> __device__ inline operands<T> operands_of(const redistribution &r, size_t group) {
    const mot_shape &s = r.t.shape;
    return {(const T *)r.t.p + group * s.group_size * s.experts,
            (const T *)r.t.y + group * s.d_model,
            (T *)r.t.out + token_offset(r.t, group, 0),
            group_tokens(r.t, group),
            s.d_model,
            s.experts,
            s.experts,
            s.groups * s.d_model,
            r.t.strides.token_stride};
}

/* ---- tiles ---- */

struct tile {
    unsigned batch, m, n; /* tile numbers */
};

struct tiling {
    unsigned m, n, batches; /* tiles along m and n */
    unsigned raster; /* tiles along m that are computed side by side: they share their b, and their a stays in L2 */
};

__host__ __device__ constexpr tiling tiling_of(const product &p, size_t bm, size_t bn, unsigned raster) {
    return {(unsigned)ceil_div(p.m, bm), (unsigned)ceil_div(p.n, bn), (unsigned)p.batches, raster};
}
__host__ __device__ constexpr tiling tiling_of(const routing &r, size_t bm, size_t bn, unsigned raster) {
    const mot_shape &s = r.t.shape;
    return {(unsigned)ceil_div(s.group_size, bm), (unsigned)ceil_div(s.experts, bn), (unsigned)s.groups, raster};
}
__host__ __device__ constexpr tiling tiling_of(const mixing &m, size_t bm, size_t bn, unsigned raster) {
    const mot_shape &s = m.t.shape;
    return {(unsigned)ceil_div(s.experts, bm), (unsigned)ceil_div(s.d_model, bn), (unsigned)s.groups, raster};
}
__host__ __device__ constexpr tiling tiling_of(const redistribution &r, size_t bm, size_t bn, unsigned raster) {
    const mot_shape &s = r.t.shape;
    return {(unsigned)ceil_div(s.group_size, bm), (unsigned)ceil_div(s.d_model, bn), (unsigned)s.groups, raster};
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
