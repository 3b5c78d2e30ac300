/* naive.cuh: rung 1. One thread per element of the result and one plain loop: right on any shape, the base of the
 * ladder. */
#ifndef MOT_CUDA_NAIVE_CUH
#define MOT_CUDA_NAIVE_CUH

#include "device.cuh"

namespace mot {

enum { NAIVE_THREADS = 256 };

/* ---- route ---- */

template <class T> __device__ float naive_logit(const tensors &t, size_t group, size_t token, size_t expert) {
    const T *x = (const T *)t.x + token_offset(t, group, token), *controller = (const T *)t.controller + expert;
    float sum = 0;
    for (size_t d = 0; d < t.shape.d_model; d++) sum += widen(x[d]) * widen(controller[d * t.shape.experts]);
    return sum / t.temperature;
}

/* A thread per (group, expert): a column of P. It computes its logits once for each pass over the tokens, since there
 * is no place for them. */
template <class T> __global__ void __launch_bounds__(NAIVE_THREADS) naive_route(tensors t) {
    const size_t at = thread_number(), E = t.shape.experts, group = at / E, expert = at % E;
    if (group >= t.shape.groups) return;
    const size_t tokens = group_tokens(t, group);
    T *p = (T *)t.p + group * t.shape.group_size * E + expert;
    float max = -INFINITY, sum = 0;
    for (size_t i = 0; i < tokens; i++) max = fmaxf(max, naive_logit<T>(t, group, i, expert));
    for (size_t i = 0; i < tokens; i++) sum += expf(naive_logit<T>(t, group, i, expert) - max);
    for (size_t i = 0; i < tokens; i++) p[i * E] = narrow<T>(expf(naive_logit<T>(t, group, i, expert) - max) / sum);
}
inline launch naive_route_launch(const tensors &t) {
    return one_thread_each(t.shape.groups * t.shape.experts, NAIVE_THREADS);
}

/* ---- mix ---- */

/* A thread per element of mixed (E,G,D). */
template <class T> __global__ void __launch_bounds__(NAIVE_THREADS) naive_mix(tensors t) {
    const size_t at = thread_number(), D = t.shape.d_model, E = t.shape.experts;
    const size_t row = at / D, expert = row / t.shape.groups, group = row % t.shape.groups;
    if (expert >= E) return;
    const size_t tokens = group_tokens(t, group);
    const T *p = (const T *)t.p + group * t.shape.group_size * E + expert;
    const T *x = (const T *)t.x + token_offset(t, group, 0) + at % D;
    float sum = 0;
    for (size_t i = 0; i < tokens; i++) sum += widen(p[i * E]) * widen(x[i * t.strides.token_stride]);
    ((T *)t.mixed)[at] = narrow<T>(sum);
}
inline launch naive_mix_launch(const tensors &t) {
    return one_thread_each(t.shape.experts * t.shape.groups * t.shape.d_model, NAIVE_THREADS);
}

/* ---- experts ---- */

/* A row of `k` elements times a column of a (k,n) matrix. */
template <class T> __device__ float naive_dot(const T *row, const T *column, size_t k, size_t n) {
    float sum = 0;
    for (size_t i = 0; i < k; i++) sum += widen(row[i]) * widen(column[i * n]);
    return sum;
}

/* A thread per element of hidden (E,G,H). */
template <class T> __global__ void __launch_bounds__(NAIVE_THREADS) naive_up(tensors t) {
    const size_t at = thread_number(), D = t.shape.d_model, H = t.shape.d_expert;
    const size_t row = at / H, expert = row / t.shape.groups;
    if (expert >= t.shape.experts) return;
    const T *mixed = (const T *)t.mixed + row * D, *w1 = (const T *)t.w1 + expert * D * H + at % H;
    ((T *)t.hidden)[at] = narrow<T>(relu(naive_dot(mixed, w1, D, H)));
}
inline launch naive_up_launch(const tensors &t) {
    return one_thread_each(t.shape.experts * t.shape.groups * t.shape.d_expert, NAIVE_THREADS);
}

/* A thread per element of y (E,G,D). */
template <class T> __global__ void __launch_bounds__(NAIVE_THREADS) naive_down(tensors t) {
    const size_t at = thread_number(), D = t.shape.d_model, H = t.shape.d_expert;
    const size_t row = at / D, expert = row / t.shape.groups;
    if (expert >= t.shape.experts) return;
    const T *hidden = (const T *)t.hidden + row * H, *w2 = (const T *)t.w2 + expert * H * D + at % D;
    ((T *)t.y)[at] = narrow<T>(naive_dot(hidden, w2, H, D));
}
inline launch naive_down_launch(const tensors &t) {
    return one_thread_each(t.shape.experts * t.shape.groups * t.shape.d_model, NAIVE_THREADS);
}

/* ---- redistribute ---- */

/* A thread per element of out (G,T,D). */
template <class T> __global__ void __launch_bounds__(NAIVE_THREADS) naive_redistribute(tensors t) {
    const size_t at = thread_number(), D = t.shape.d_model, E = t.shape.experts;
    const size_t row = at / D, group = row / t.shape.group_size, token = row % t.shape.group_size;
    if (group >= t.shape.groups || token >= group_tokens(t, group)) return;
    const T *p = (const T *)t.p + row * E, *y = (const T *)t.y + group * D + at % D;
    ((T *)t.out)[token_offset(t, group, token) + at % D] = narrow<T>(naive_dot(p, y, E, t.shape.groups * D));
}
inline launch naive_redistribute_launch(const tensors &t) {
    return one_thread_each(t.shape.groups * t.shape.group_size * t.shape.d_model, NAIVE_THREADS);
}

} // namespace mot

#endif
