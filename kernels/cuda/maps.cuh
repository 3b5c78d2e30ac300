/* maps.cuh: the host's side of the copy engine: a tensor map of a recipe. The driver's function is asked for at run
 * time, so that nothing links with the driver. */
#ifndef MOT_CUDA_MAPS_CUH
#define MOT_CUDA_MAPS_CUH

#include "async.cuh"

#include <cuda.h>
#include <cuda_runtime.h>

namespace mot {

static_assert(sizeof(tensor_map) == sizeof(CUtensorMap) && alignof(tensor_map) <= alignof(CUtensorMap),
              "the same thing");

using map_encoder = decltype(&cuTensorMapEncodeTiled);

inline map_encoder find_map_encoder() {
    void *found = nullptr;
    cudaDriverEntryPointQueryResult result;
    const cudaError_t error =
        cudaGetDriverEntryPointByVersion("cuTensorMapEncodeTiled", &found, 12000, cudaEnableDefault, &result);
    return error == cudaSuccess && result == cudaDriverEntryPointSuccess ? (map_encoder)found : nullptr;
}

/* A cudaError_t. */
inline int encode_map(tensor_map *to, const map_recipe &r) {
    const map_encoder encode = find_map_encoder();
    const cuuint64_t size[3] = {r.size[0], r.size[1], r.size[2]}, stride[2] = {r.stride_bytes[0], r.stride_bytes[1]};
    const cuuint32_t box[3] = {r.box[0], r.box[1], r.box[2]}, steps[3] = {1, 1, 1};
    if (!encode) return cudaErrorNotSupported;
    const CUresult result = encode((CUtensorMap *)to, CU_TENSOR_MAP_DATA_TYPE_BFLOAT16, 3, (void *)r.base, size, stride,
                                   box, steps, CU_TENSOR_MAP_INTERLEAVE_NONE, CU_TENSOR_MAP_SWIZZLE_128B,
                                   CU_TENSOR_MAP_L2_PROMOTION_L2_256B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
    return result == CUDA_SUCCESS ? cudaSuccess : cudaErrorInvalidValue;
}

} // namespace mot

#endif
