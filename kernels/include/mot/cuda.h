/* cuda.h: the Mixture of Tokens layer of mot.h on NVIDIA GPUs (library mot_cuda). MIT licence.
 *
 * Simple use:   mot_cuda_available, mot_cuda_options_default, mot_cuda_layer_create, mot_cuda_layer_set_weights,
 *               mot_cuda_layer_run, mot_cuda_layer_destroy.
 * In a server:  mot_cuda_layer_run_ws: one const layer, many streams.
 * Stages alone: mot_cuda_route, mot_cuda_mix, mot_cuda_experts, mot_cuda_redistribute.
 *
 * Caveats first
 *  - Formulas, shapes, units and the rules for NaN, overlap and empty shapes are those of mot.h.
 *  - Every tensor is in DEVICE memory, 16-byte aligned (cudaMalloc gives 256). `stream` is a cudaStream_t, NULL the
 *    default stream; it must belong to the layer's device.
 *  - Work is only queued: a function returns before it is done, and no function but create and destroy waits for the
 *    device. Tensors must stay as they are until the stream has come past the call. MOT_OK says that the work was
 *    queued; what goes wrong on the device later is reported by the stream's next CUDA call, and MOT_ERROR_DEVICE here.
 *  - mot_cuda_layer_run and _run_ws allocate nothing, so they may be captured into a CUDA graph.
 *  - A kernel that has not yet passed the suite's check on a real GPU is not used unless options.unverified is 1:
 *    without one that has, MOT_ERROR_UNVERIFIED. `motbench list --filter cuda` says which have.
 *  - Nothing is printed, nothing aborts; the environment is read by mot_cuda_profile_find only (and by the CUDA
 * runtime, which has variables of its own).
 *  - The device that is current on entry is current on return.
 *  - Thread safety: as in mot.h.
 *
 * The library needs no driver to be loaded: where there is none, mot_cuda_available says so.
 * Since 0.1.0.
 */
#ifndef MOT_CUDA_H
#define MOT_CUDA_H

#include "mot/mot.h"

#ifdef __cplusplus
extern "C" {
#endif

/* 1 if `device` (0, 1, ...; -1: the current one) can be used. Else 0, and `why` says in one line what is missing: "no
 * driver, or one too old: ...", "no device: ...", "device 3: there are 2", "NVIDIA T4 is sm_75, sm_80 is needed". why
 * may be NULL. Thread-safe. */
MOT_API int mot_cuda_available(int device, char *why, size_t size);

typedef struct mot_cuda_profile mot_cuda_profile; /* a GPU's tuned choices */

typedef struct mot_cuda_options {
    size_t struct_size; /* sizeof(mot_cuda_options), set by mot_cuda_options_default */
    int device;         /* -1: the one that is current in the call that creates; else its number */
    mot_dtype dtype;    /* storage of every tensor, default MOT_F32; sums are f32 */
    int tf32;           /* 1: f32 factors of a product may be rounded to TF32 (10 bits, no denormals); default 0 */
    float temperature;  /* softmax temperature, finite and > 0, default 1 */
    int unverified;     /* 1: also kernels that have never passed their check on a GPU; default 0 */
    const mot_cuda_profile *profile; /* what was tuned, where it has the shape and the other options allow it; default
                                        NULL: built-in choices. Only read during the call */
} mot_cuda_options;

/* Fills in the defaults. NULL is ignored. Thread-safe. */
MOT_API void mot_cuda_options_default(mot_cuda_options *options);

/* ---- profiles -------------------------------------------------------------------------------------------------- */

/* Reads a profile that `motbench tune --isa cuda` wrote, by the rules of mot_profile_load; the machine is the GPU
 * `device` (-1: the current one): another name, architecture or number of multiprocessors is PROFILE_MACHINE.
 * Errors: those of mot_profile_load, OPTIONS, DEVICE. Thread-safe. */
MOT_API MOT_NODISCARD mot_status mot_cuda_profile_load(mot_cuda_profile **out, const char *path, int device);
/* Loads <fingerprint of the GPU>.json from the first folder of mot_profile_find that has it; $MOT_PROFILE is not for
 * GPUs. Errors: as mot_cuda_profile_load. Nothing is ever loaded implicitly. */
MOT_API MOT_NODISCARD mot_status mot_cuda_profile_find(mot_cuda_profile **out, int device);
MOT_API void mot_cuda_profile_destroy(mot_cuda_profile *profile); /* accepts NULL */

/* ---- the layer ------------------------------------------------------------------------------------------------- */

typedef struct mot_cuda_layer mot_cuda_layer; /* bound to a shape, a device and kernels */

/* Chooses kernels, allocates weights and workspace on the device. options NULL: the defaults. *out is NULL on failure.
 * Errors: NULL, SHAPE, OVERFLOW, OPTIONS, DTYPE, SUPPORT, UNVERIFIED, MEMORY, DEVICE. Thread-safe. */
MOT_API MOT_NODISCARD mot_status mot_cuda_layer_create(mot_cuda_layer **out, const mot_shape *shape,
                                                       const mot_cuda_options *options);

/* Queues copies of the weights: controller (D,E), w1 (E,D,H), w2 (E,H,D), all contiguous. Runs on other streams must
 * wait for `stream`, and runs still going on must be over. Errors: NULL, ALIGNMENT, DEVICE. */
MOT_API MOT_NODISCARD mot_status mot_cuda_layer_set_weights(mot_cuda_layer *layer, const void *controller,
                                                            const void *w1, const void *w2, void *stream);

/* Queues out (G,T,D) = MoT(x (G,T,D)), both contiguous, in the layer's own workspace: all runs of a layer in one
 * stream, or one after the other. Errors: NULL, ALIGNMENT, OVERLAP, WEIGHTS, DEVICE. */
MOT_API MOT_NODISCARD mot_status mot_cuda_layer_run(mot_cuda_layer *layer, const void *x, void *out, void *stream);

/* Bytes of device memory that mot_cuda_layer_run_ws needs; 0 for NULL. Thread-safe. */
MOT_API size_t mot_cuda_layer_workspace_bytes(const mot_cuda_layer *layer);

/* The same in the caller's workspace (device memory, 64-byte aligned, contents undefined before and after).
 * Thread-safe with one workspace per concurrent run. Errors: as mot_cuda_layer_run, and WORKSPACE. */
MOT_API MOT_NODISCARD mot_status mot_cuda_layer_run_ws(const mot_cuda_layer *layer, const void *x, void *out,
                                                       void *workspace, size_t workspace_bytes, void *stream);

/* Writes the kernels chosen, one line a step, "name (verified|unverified, profile|default)". Errors: NULL, BUFFER.
 * Thread-safe. */
MOT_API MOT_NODISCARD mot_status mot_cuda_layer_describe(const mot_cuda_layer *layer, char *buf, size_t size);

/* Waits for the device (as cudaFree does) and frees. Accepts NULL. */
MOT_API void mot_cuda_layer_destroy(mot_cuda_layer *layer);

/* ---- the stages alone ------------------------------------------------------------------------------------------ */
/* As in mot.h, queued on `stream`. Scratch memory comes from the device's stream-ordered pool (cudaMallocAsync), so use
 * a layer where calls repeat. Errors: as mot_cuda_layer_create, and ALIGNMENT, OVERLAP. Thread-safe. */

/* p (G,T,E) = softmax over the tokens of each group, for each expert, of x (G,T,D) . controller (D,E) / temperature. */
MOT_API MOT_NODISCARD mot_status mot_cuda_route(const mot_shape *shape, const mot_cuda_options *options, const void *x,
                                                const void *controller, void *p, void *stream);
/* mixed (E,G,D): mixed[e][g] = sum over t of p[g][t][e] * x[g][t]. */
MOT_API MOT_NODISCARD mot_status mot_cuda_mix(const mot_shape *shape, const mot_cuda_options *options, const void *x,
                                              const void *p, void *mixed, void *stream);
/* y (E,G,D): y[e] = relu(mixed[e] . w1[e]) . w2[e], with w1 (E,D,H), w2 (E,H,D). */
MOT_API MOT_NODISCARD mot_status mot_cuda_experts(const mot_shape *shape, const mot_cuda_options *options,
                                                  const void *mixed, const void *w1, const void *w2, void *y,
                                                  void *stream);
/* out (G,T,D): out[g][t] = sum over e of p[g][t][e] * y[e][g]. */
MOT_API MOT_NODISCARD mot_status mot_cuda_redistribute(const mot_shape *shape, const mot_cuda_options *options,
                                                       const void *y, const void *p, void *out, void *stream);

#ifdef __cplusplus
}
#endif
#endif
