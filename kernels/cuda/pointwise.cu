/* pointwise.cu: the kernels between the products of cuBLAS. */
#include "stamp.cuh"

#include "pointwise.cuh"

extern "C" int mot_cuda_relu(mot_dtype dtype, const mot_shape *s, const mot_tensors *t, void *stream) {
    const mot::tensors on = mot::arguments(s, t);
    const mot::launch how = mot::pointwise_relu_launch(on);
    return dtype == MOT_BF16 ? mot::start(mot::pointwise_relu<mot_bf16>, how, (cudaStream_t)stream, on)
                             : mot::start(mot::pointwise_relu<float>, how, (cudaStream_t)stream, on);
}

extern "C" int mot_cuda_softmax(mot_dtype dtype, const mot_shape *s, const mot_tensors *t, void *stream) {
    const mot::tensors on = mot::arguments(s, t);
    const mot::launch how = mot::pointwise_softmax_launch(on);
    return dtype == MOT_BF16 ? mot::start(mot::pointwise_softmax<mot_bf16>, how, (cudaStream_t)stream, on)
                             : mot::start(mot::pointwise_softmax<float>, how, (cudaStream_t)stream, on);
}
