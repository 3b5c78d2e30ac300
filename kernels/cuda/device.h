/* device.h: what the public functions of the CUDA library share: options resolved for a device, checked tensors. */
#ifndef MOT_CUDA_DEVICE_H
#define MOT_CUDA_DEVICE_H

#include "arguments.h"
#include "cuda_table.h"

#include "mot/cuda.h"

enum { MOT_CUDA_ALIGNMENT = 16 };

/* A call's device and what may be chosen on it. */
typedef struct mot_cuda_setting {
    int device;
    float temperature;
    mot_cuda_wish wish;
    const mot_profile *profile;
} mot_cuda_setting;

/* -1 becomes the current device. Errors: DEVICE where it cannot be used. */
mot_status mot_cuda_number(int *device);

/* Defaults for NULL; the device asked for its architecture. Errors: OPTIONS, DEVICE. */
mot_status mot_cuda_resolve(mot_cuda_setting *out, const mot_cuda_options *or_null);

/* Makes `device` current; *before is for mot_cuda_leave. */
mot_status mot_cuda_enter(int device, int *before);
void mot_cuda_leave(int device, int before);

/* A CUDA code as a status. */
mot_status mot_cuda_status(int code);

/* As mot_tensor_span, aligned as the kernels want it. */
mot_span mot_cuda_span(const mot_shape *, mot_dtype, enum mot_tensor, const void *data);

/* SUPPORT where nothing fits, UNVERIFIED where only verification is missing. */
mot_status mot_cuda_why_none(bool fits_unverified);

#endif
