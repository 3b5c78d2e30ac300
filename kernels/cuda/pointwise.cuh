/* pointwise.cuh: what a library that only multiplies leaves to do between its products. */
#ifndef MOT_CUDA_POINTWISE_CUH
#define MOT_CUDA_POINTWISE_CUH

#include "device.cuh"

namespace mot {

enum { POINTWISE_THREADS = 256, POINTWISE_EACH = 4 };

/* relu on the hidden layer (E,G,H), in place, so many elements a thread: it begins at a multiple of their size. */
template <class T> __global__ void __launch_bounds__(POINTWISE_THREADS) pointwise_relu(tensors t) {
    const size_t at = POINTWISE_EACH * thread_number(), n = t.shape.experts * t.shape.groups * t.shape.d_expert;
    T *hidden = (T *)t.hidden + at;
    if (at + POINTWISE_EACH <= n) {
        const float4 v = load4(hidden);
        store4(hidden, make_float4(relu(v.x), relu(v.y), relu(v.z), relu(v.w)));
    } else {
        for (size_t i = 0; at + i < n; i++) hidden[i] = narrow<T>(relu(widen(hidden[i])));
    }
}
inline launch pointwise_relu_launch(const tensors &t) {
    const size_t n = t.shape.experts * t.shape.groups * t.shape.d_expert;
    return one_thread_each(ceil_div<size_t>(n, POINTWISE_EACH), POINTWISE_THREADS);
}

/* P (G,T,E) of the f32 logits (G,T,E) that lie where else the hidden layer does: a thread per (group, expert), so that
 * neighbours read neighbouring experts. */
template <class T> __global__ void __launch_bounds__(POINTWISE_THREADS) pointwise_softmax(tensors t) {
    const size_t at = thread_number(), E = t.shape.experts, group = at / E;
    if (group >= t.shape.groups) return;
    const size_t tokens = group_tokens(t, group), first = group * t.shape.group_size * E + at % E;
    const float *logit = (const float *)t.hidden + first;
    T *p = (T *)t.p + first;
    float max = -INFINITY, sum = 0;
    for (size_t i = 0; i < tokens; i++) max = fmaxf(max, logit[i * E]);
    for (size_t i = 0; i < tokens; i++) sum += expf(logit[i * E] - max);
    for (size_t i = 0; i < tokens; i++) p[i * E] = narrow<T>(expf(logit[i * E] - max) / sum);
}
inline launch pointwise_softmax_launch(const tensors &t) {
    return one_thread_each(t.shape.groups * t.shape.experts, POINTWISE_THREADS);
}

} // namespace mot

#endif
