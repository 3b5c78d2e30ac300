/* measure_cuda.h: inside of measure: one comparison of CUDA kernels on the device. */
#ifndef BENCH_MEASURE_CUDA_H
#define BENCH_MEASURE_CUDA_H

#include "check.h"
#include "cuda_device.h"
#include "measure_run.h"

/* A contestant on the device. */
typedef struct lane {
    side *side;
    void *workspace, *graph; /* graph: as many calls as there are in one */
} lane;

/* Everything that lies on the device. Tensors that rotate are there `copies` times, as in struct tensors. */
typedef struct device {
    const mot_cuda_module *cuda;
    mot_cuda_device facts;
    void *stream, *begin, *end; /* two events */
    char *tensor[TENSOR_COUNT];
    size_t stride[TENSOR_COUNT]; /* 0: it does not rotate */
    size_t copies;
    lane *lane;  /* one per side */
    long calls;  /* in a graph: all copies, the same number of times */
    void *flush; /* where something rotates: twice L2, set before each sample; or NULL */
    size_t flush_bytes;
    char *error;
    size_t error_size;
} device;

/* False, and what CUDA says in the device's error, if `code` is one. */
bool device_ok(device *, int code, const char *doing);

/* Starts the device: stream and events. False: error. */
bool device_start(device *);
/* The same; tensors as many times as they are to rotate, workspaces, graphs; each contestant runs once and is
 * compared with the first. False: error. */
bool device_make(device *, comparison *);
void device_free(device *, const comparison *);
/* Outputs of copy 0, to the host's tensors. */
bool device_take_outputs(device *, const side *);

/* In place of comparison_prepare, _calibrate and _rounds. False: error. */
bool comparison_on_device(comparison *, char *error, size_t error_size);

#endif
