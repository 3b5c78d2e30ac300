/* cuda_module.h: what the CUDA library shows the suite: one symbol, a table of functions over one device. Behind it is
 * the CUDA runtime, or, in tests, host memory with the CPU's kernels. Plain C: nothing here needs CUDA's headers. */
#ifndef MOT_CUDA_MODULE_H
#define MOT_CUDA_MODULE_H

#include "kernel.h"

enum { MOT_CUDA_ABI = 2, MOT_CUDA_NO_DEVICE = 100, MOT_CUDA_NO_DRIVER = 35 }; /* the last two: cudaError_t */

typedef struct mot_cuda_device {
    char name[96];
    int sm; /* 90: compute capability 9.0 */
    int multiprocessors, clock_mhz;
    size_t memory_bytes, l2_bytes;
    int driver, runtime; /* 13000: CUDA 13.0 */
} mot_cuda_device;

/* Functions return a cudaError_t as int, 0 for success. Streams, events and graphs are opaque. Everything after `use`
 * is about the device in use. */
typedef struct mot_cuda_module {
    int abi;
    bool real;               /* false: the tests' own, which can verify nothing */
    uint64_t (*table)(void); /* mot_cuda_table_hash() when it was built */

    const char *(*error)(int code);
    int (*count)(int *devices);
    int (*describe)(int device, mot_cuda_device *out);
    int (*architecture)(int device, int *sm); /* the fast part of describe */
    int (*current)(int *device);
    int (*use)(int device);

    int (*allocate)(void **out, size_t bytes);
    int (*release)(void *memory);
    int (*allocate_queued)(void **out, size_t bytes, void *stream);
    int (*release_queued)(void *memory, void *stream);
    int (*copy)(void *to, const void *from, size_t bytes, void *stream); /* any direction, queued */
    int (*fill)(void *to, int byte, size_t bytes, void *stream);

    /* NULL, or what the variant needs and is not on this machine. No driver is started. */
    const char *(*missing)(size_t variant);
    /* The variant-th of cuda_variants.def; t->scratch is in device memory. */
    int (*launch)(size_t variant, const mot_shape *, const mot_tensors *t, const mot_config *, void *stream);

    int (*stream_create)(void **out);
    int (*stream_destroy)(void *stream);
    int (*wait)(void *stream); /* for all that was queued; errors of kernels show here */
    int (*event_create)(void **out);
    int (*event_destroy)(void *event);
    int (*event_record)(void *event, void *stream);
    int (*elapsed)(float *ms, void *begin, void *end); /* of events that are past */
    int (*capture_begin)(void *stream);
    int (*capture_end)(void *stream, void **graph); /* ready to be launched */
    bool (*capturing)(void *stream);                /* nothing may wait for it now */
    int (*graph_launch)(void *graph, void *stream);
    int (*graph_destroy)(void *graph);
    int (*clock)(double *mhz, void *stream); /* of the multiprocessors, now; waits */
} mot_cuda_module;

extern const mot_cuda_module mot_cuda_module_table; /* the one exported symbol beside cuda.h's */

#endif
