/* stamp.cuh: from the contract of cuda_module.h to a kernel's own arguments, and its start. */
#ifndef MOT_CUDA_STAMP_CUH
#define MOT_CUDA_STAMP_CUH

#include "device.cuh"
#include "kernel.h"

namespace mot {

/* The element of a data type. */
template <mot_dtype> struct element;
template <> struct element<MOT_F32> { using type = float; };
template <> struct element<MOT_BF16> { using type = mot_bf16; };

inline tensors arguments(const mot_shape *s, const mot_tensors *t) {
    return {t->x, t->controller, t->w1,      t->w2, t->p,       t->mixed,
            t->y, t->out,        t->scratch, *s,    t->strides, t->temperature};
}

/* Queues one kernel; the error of this launch alone. */
template <class Kernel, class Argument>
int start(Kernel kernel, const launch &how, cudaStream_t stream, const Argument &argument) {
    enum { FREE_SHARED_BYTES = 48 * 1024 };
    if (how.blocks[0] == 0) return cudaSuccess;
    if (how.shared_bytes > FREE_SHARED_BYTES) {
        const cudaError_t raised =
            cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, (int)how.shared_bytes);
        if (raised != cudaSuccess) return raised;
    }
    cudaLaunchAttribute cluster = {};
    cluster.id = cudaLaunchAttributeClusterDimension;
    cluster.val.clusterDim = {how.cluster, 1, 1};
    cudaLaunchConfig_t config = {};
    config.gridDim = dim3(how.blocks[0], how.blocks[1], how.blocks[2]), config.blockDim = dim3(how.threads);
    config.dynamicSmemBytes = how.shared_bytes, config.stream = stream;
    config.attrs = &cluster, config.numAttrs = how.cluster > 1;
    const cudaError_t code = cudaLaunchKernelEx(&config, kernel, argument);
    return code == cudaSuccess ? code : cudaGetLastError(); /* asked for, or the caller's next question would get it */
}

} // namespace mot

/* The entry of one variant: <name>_launch, which module.c finds by its name. */
#define MOT_CUDA_ENTRY(name, family, STAGE, ...)                                                                       \
    extern "C" int name##_launch(const mot_shape *s, const mot_tensors *t, const mot_config *, void *stream) {         \
        return family<MOT_STAGE_##STAGE, __VA_ARGS__>(mot::arguments(s, t), (cudaStream_t)stream);                     \
    }

#endif
