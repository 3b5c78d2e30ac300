/* cuda_device.h: the CUDA library, loaded where there is one, and its device; or the reason why there is none. */
#ifndef BENCH_CUDA_DEVICE_H
#define BENCH_CUDA_DEVICE_H

#include "cuda_table.h"

/* The module: $MOT_CUDA_MODULE, else libmot_cuda.so beside the program, in ../lib, or in the build folder. Loaded once;
 * no driver is started. NULL: there is none, and *reason says why. reason may be NULL. */
const mot_cuda_module *cuda_module(const char **reason);

/* What device 0 is. Asked once, in a child: a process that has started CUDA has no children that can use it. */
typedef struct cuda_facts {
    bool usable, real; /* real: no module of tests */
    char reason[192];  /* "" if usable */
    mot_cuda_device device;
} cuda_facts;
const cuda_facts *cuda_probe(void);

/* NULL if it is usable, else why there is no device. */
const char *cuda_why_none(void);

/* NULL if this variant runs on the device, else the reason. */
const char *cuda_why_not(const mot_cuda_variant *);

/* MOT_REQUIRE_GPU=1: a row that is skipped for want of a device is a failure. */
bool cuda_required(void);

/* The layers that the suite checks and times: ours, for which all kernels may be used, verified or not, and those of
 * NVIDIA's libraries: products by cuBLAS, the experts' by the one or the other. */
typedef struct cuda_layer {
    const char *name, *library; /* "layer_cuda", "cublas"; NULL: ours */
    mot_dtype dtype;
    bool tf32;
} cuda_layer;
const cuda_layer *cuda_layer_at(size_t index); /* NULL past the end */
mot_plan cuda_layer_plan(const cuda_layer *, const mot_shape *);
/* NULL if all its kernels run on the device, else the reason. */
const char *cuda_layer_why_not(const cuda_layer *, const mot_shape *);

#endif
