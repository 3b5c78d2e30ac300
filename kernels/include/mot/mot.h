/* mot.h: the Mixture of Tokens layer on CPUs. MIT licence.
 *
 * The layer (Antoniak et al., "Mixture of Tokens", arXiv 2310.15961, section 3), for one group X of T tokens
 * that come from different sequences at the same position:
 *
 *     P   = softmax over the T tokens of X.C / temperature     (T,E)  "route"
 *     M   = transpose(P).X                                     (E,D)  "mix"
 *     Y_e = relu(M_e.W1_e).W2_e                                (E,D)  "experts"
 *     U   = P.Y                                                (T,D)  "redistribute"
 *
 * Simple use:      mot_options_default, mot_layer_create, mot_layer_set_weights, mot_layer_run, mot_layer_destroy.
 * In a server:     mot_layer_run_ws: no allocation, one const layer, many threads.
 * A (B,S,D) batch: mot_strides_batch and mot_layer_run_strided: no copy, any batch size.
 * Stages alone:    mot_route, mot_mix, mot_experts, mot_redistribute.
 *
 * Caveats first
 *  - Sizes, strides and offsets are in ELEMENTS; only names that end in _bytes are in bytes.
 *  - Outputs are overwritten and never read: they may hold NaN before. Inputs may alias each other. An output that
 *    overlaps an input or another output is MOT_ERROR_OVERLAP, found before any work.
 *  - `groups` may be 0 (nothing is done). Every other size must be at least 1.
 *  - A NaN or Inf in one group never reaches another group's output. Within its group a NaN token makes every
 *    output of the group NaN, since every weight of the softmax depends on every token.
 *  - Same layer, inputs and thread count: bit-identical results. Different variants agree within rounding.
 *  - The floating-point environment is the same on return. Nothing is printed; nothing aborts.
 *  - The environment is read by mot_options_default (MOT_ISA, MOT_NUM_THREADS) and mot_profile_find only.
 *  - Tensors need the alignment of their element; 64 bytes is fastest (mot_alloc). A workspace needs 64 bytes.
 *  - Thread safety: functions on different layers are independent. A layer may be used by many threads through
 *    mot_layer_run_ws (each with its own workspace); by one at a time through anything else.
 *
 * Since 0.1.0 unless a comment says otherwise.
 */
#ifndef MOT_MOT_H
#define MOT_MOT_H

#include <stddef.h>
#include <stdint.h>

#define MOT_VERSION_MAJOR 0
#define MOT_VERSION_MINOR 1
#define MOT_VERSION_PATCH 0

#if defined(__GNUC__)
#define MOT_API __attribute__((visibility("default")))
#define MOT_NODISCARD __attribute__((warn_unused_result))
#else
#define MOT_API
#define MOT_NODISCARD
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- status ---------------------------------------------------------------------------------------------------- */

/* Values are pinned and never reused. 1x arguments, 2x support, 3x resources, 4x profile. */
typedef enum mot_status {
    MOT_OK = 0,
    MOT_ERROR_NULL = 10,       /* a required pointer is NULL */
    MOT_ERROR_SHAPE = 11,      /* a size other than groups is 0 */
    MOT_ERROR_OVERFLOW = 12,   /* a product of sizes or strides does not fit size_t */
    MOT_ERROR_OPTIONS = 13,    /* an option is outside its range, or struct_size is unknown */
    MOT_ERROR_STRIDES = 14,    /* strides make rows of the output overlap, or do not fit the shape */
    MOT_ERROR_OVERLAP = 15,    /* an output overlaps another tensor */
    MOT_ERROR_WORKSPACE = 16,  /* the workspace is too small or not aligned to 64 bytes */
    MOT_ERROR_ALIGNMENT = 17,  /* a tensor is not aligned to its element */
    MOT_ERROR_WEIGHTS = 18,    /* run before set_weights */
    MOT_ERROR_BUFFER = 19,     /* a text buffer is too small; what fits is there, terminated */
    MOT_ERROR_DTYPE = 20,      /* this data type is not supported by this build */
    MOT_ERROR_ISA = 21,        /* this processor or its system cannot run the ISA that was asked for */
    MOT_ERROR_SUPPORT = 22,    /* no variant supports this shape */
    MOT_ERROR_UNVERIFIED = 23, /* what supports this has never passed its check on such a device (mot/cuda.h) */
    MOT_ERROR_MEMORY = 30,     /* out of memory */
    MOT_ERROR_DEVICE = 31,     /* no usable GPU, or its driver reports an error (mot/cuda.h) */
    MOT_ERROR_PROFILE_NOT_FOUND = 40,
    MOT_ERROR_PROFILE_IO = 41,      /* the file cannot be read, or is no regular file */
    MOT_ERROR_PROFILE_FORMAT = 42,  /* not a profile: malformed, too large or too deep */
    MOT_ERROR_PROFILE_VERSION = 43, /* written by another format, library version or kernel table */
    MOT_ERROR_PROFILE_MACHINE = 44  /* written on another machine */
} mot_status;

/* A sentence for the status, never NULL, also for unknown values. Thread-safe. */
MOT_API const char *mot_status_string(mot_status status);

/* major*10000 + minor*100 + patch of the library that is linked; compare with MOT_VERSION_*. Thread-safe. */
MOT_API int mot_version(void);
/* "major.minor.patch". Thread-safe. */
MOT_API const char *mot_version_string(void);

/* ---- the problem ----------------------------------------------------------------------------------------------- */

/* Written g64t32e32d512h2048 in text. */
typedef struct mot_shape {
    size_t groups;     /* G, may be 0 */
    size_t group_size; /* T, tokens per group */
    size_t experts;    /* E */
    size_t d_model;    /* D */
    size_t d_expert;   /* H, hidden width of one expert */
} mot_shape;

/* Storage of every tensor: x, out, weights, and what the stages hand on (p, mixed, y). Sums are f32.
 * bf16 (the upper half of an f32): a stage rounds what it stores once, to nearest even; the experts' hidden layer
 * relu(M.W1) is rounded too. Denormals may count as zero. A tensor is then an array of mot_bf16. */
typedef enum mot_dtype { MOT_F32 = 0, MOT_BF16 = 1 } mot_dtype;

/* Instruction sets, in rising order. */
typedef enum mot_isa {
    MOT_ISA_BEST = 0, /* the best that the processor and its system can run */
    MOT_ISA_SCALAR = 1,
    MOT_ISA_AVX2 = 2,       /* AVX2 and FMA3 */
    MOT_ISA_AVX512 = 3,     /* AVX-512 F, BW, DQ and VL */
    MOT_ISA_AVX512BF16 = 4, /* AVX512_BF16 too; matters to bf16 only, f32 takes MOT_ISA_AVX512 */
    MOT_ISA_AMX = 5         /* AMX_TILE and AMX_BF16 too; bf16 only */
} mot_isa;

typedef struct mot_options {
    size_t struct_size; /* sizeof(mot_options), set by mot_options_default */
    int threads; /* at most; 0: all that the process may use; else 1..1024. Without a host's pool little work gets fewer
                  */
    mot_dtype dtype;   /* default MOT_F32 */
    float temperature; /* softmax temperature, finite and > 0, default 1 */
    mot_isa isa;       /* the set whose variants are used; default: the best usable one, capped by MOT_ISA */
} mot_options;

/* Fills in the defaults. Reads MOT_ISA (scalar|avx2|avx512|avx512bf16|amx: a cap) and MOT_NUM_THREADS (1..1024); a
 * value that makes no sense is ignored. NULL is ignored. Thread-safe as long as nobody changes the environment. */
MOT_API void mot_options_default(mot_options *options);

/* Where the tokens lie. Group n = q*inner_groups + s starts at element q*outer_stride + s*inner_stride; its tokens
 * are token_stride apart; a token's D elements are contiguous. The groups of the last q have last_tokens tokens
 * (0 means group_size): a group that is not full is computed exactly as a smaller group, without padding. */
typedef struct mot_strides {
    size_t inner_groups, inner_stride, outer_stride, token_stride, last_tokens;
} mot_strides;

/* The strides of a contiguous (batch, sequence, D) tensor whose groups are T consecutive sequences at one position:
 * inner_groups = sequence, inner_stride = D, outer_stride = T*sequence*D, token_stride = sequence*D,
 * last_tokens = batch mod T. Reads shape->group_size and shape->d_model, writes shape->groups = ceil(batch/T)*sequence.
 * Errors: NULL, SHAPE (group_size, d_model or sequence is 0), OVERFLOW. Thread-safe. */
MOT_API MOT_NODISCARD mot_status mot_strides_batch(mot_strides *out, mot_shape *shape, size_t batch, size_t sequence);

/* ---- the layer ------------------------------------------------------------------------------------------------- */

typedef struct mot_layer mot_layer;     /* a plan: bound to shape, machine and variants; create once, run many times */
typedef struct mot_profile mot_profile; /* a machine's tuned choices */

/* Plans a layer and allocates its workspace. options NULL: mot_options_default. profile NULL: built-in choices; it is
 * read only during the call. *out is NULL on failure.
 * Errors: NULL, SHAPE, OVERFLOW, OPTIONS, DTYPE, ISA, SUPPORT, MEMORY. Thread-safe. */
MOT_API MOT_NODISCARD mot_status mot_layer_create(mot_layer **out, const mot_shape *shape, const mot_options *options,
                                                  const mot_profile *profile);

/* Copies and packs the weights: controller (D,E), w1 (E,D,H), w2 (E,H,D), all contiguous. The caller's arrays are not
 * needed afterwards. May be called again; not while the layer runs. Errors: NULL, ALIGNMENT. */
MOT_API MOT_NODISCARD mot_status mot_layer_set_weights(mot_layer *layer, const void *controller, const void *w1,
                                                       const void *w2);

/* out (G,T,D) = MoT(x (G,T,D)), both contiguous; uses the layer's own workspace, so one call at a time.
 * Errors: NULL, ALIGNMENT, OVERLAP, WEIGHTS. */
MOT_API MOT_NODISCARD mot_status mot_layer_run(mot_layer *layer, const void *x, void *out);

/* The same with the tokens of x and out where `strides` says. Rows of out must be disjoint.
 * Errors: as mot_layer_run, and STRIDES, OVERFLOW. One call at a time. */
MOT_API MOT_NODISCARD mot_status mot_layer_run_strided(mot_layer *layer, const void *x, void *out,
                                                       const mot_strides *strides);

/* Bytes that mot_layer_run_ws needs, a multiple of 64; 0 for NULL. Thread-safe. */
MOT_API size_t mot_layer_workspace_bytes(const mot_layer *layer);

/* As mot_layer_run, in the caller's workspace (64-byte aligned, disjoint from x and out, its contents undefined before
 * and after). Allocates nothing. Thread-safe with one workspace per concurrent call.
 * Errors: as mot_layer_run, and WORKSPACE. */
MOT_API MOT_NODISCARD mot_status mot_layer_run_ws(const mot_layer *layer, const void *x, void *out, void *workspace,
                                                  size_t workspace_bytes);

/* Writes the choices made, one line a step, and where each came from ("profile" or "default").
 * Errors: NULL, BUFFER. Thread-safe. */
MOT_API MOT_NODISCARD mot_status mot_layer_describe(const mot_layer *layer, char *buf, size_t size);

MOT_API void mot_layer_destroy(mot_layer *layer); /* accepts NULL */

/* ---- the stages alone ------------------------------------------------------------------------------------------ */
/* Each makes a plan for this one call and allocates its scratch memory, so use a layer where calls repeat.
 * options NULL: the defaults. Errors: as mot_layer_create, and ALIGNMENT, OVERLAP. Thread-safe. */

/* p (G,T,E) = softmax over the tokens of each group, for each expert, of x (G,T,D) . controller (D,E) / temperature. */
MOT_API MOT_NODISCARD mot_status mot_route(const mot_shape *shape, const mot_options *options, const void *x,
                                           const void *controller, void *p);
/* mixed (E,G,D): mixed[e][g] = sum over t of p[g][t][e] * x[g][t]. */
MOT_API MOT_NODISCARD mot_status mot_mix(const mot_shape *shape, const mot_options *options, const void *x,
                                         const void *p, void *mixed);
/* y (E,G,D): y[e] = relu(mixed[e] . w1[e]) . w2[e], with w1 (E,D,H), w2 (E,H,D). */
MOT_API MOT_NODISCARD mot_status mot_experts(const mot_shape *shape, const mot_options *options, const void *mixed,
                                             const void *w1, const void *w2, void *y);
/* out (G,T,D): out[g][t] = sum over e of p[g][t][e] * y[e][g]. */
MOT_API MOT_NODISCARD mot_status mot_redistribute(const mot_shape *shape, const mot_options *options, const void *y,
                                                  const void *p, void *out);

/* ---- profiles -------------------------------------------------------------------------------------------------- */

/* Reads a profile that `motbench tune` wrote. Regular files of at most 16 MiB. Entries that do not fit the kernels of
 * this library are dropped; a profile of another machine, version or format is an error and the library runs on its
 * defaults. A profile is data: it names compiled-in kernels and nothing else.
 * Errors: NULL, PROFILE_NOT_FOUND, PROFILE_IO, PROFILE_FORMAT, PROFILE_VERSION, PROFILE_MACHINE, MEMORY. Thread-safe.
 */
MOT_API MOT_NODISCARD mot_status mot_profile_load(mot_profile **out, const char *path);
MOT_API MOT_NODISCARD mot_status mot_profile_load_memory(mot_profile **out, const void *data, size_t bytes);
/* Loads the first profile that exists for this machine: $MOT_PROFILE, else <fingerprint>.json in $XDG_CONFIG_HOME/mot,
 * $XDG_CACHE_HOME/mot (or ~/.config/mot, ~/.cache/mot), /etc/mot, <prefix>/share/mot. Relative XDG paths are ignored.
 * Errors: as mot_profile_load. Nothing is ever loaded implicitly. */
MOT_API MOT_NODISCARD mot_status mot_profile_find(mot_profile **out);
MOT_API void mot_profile_destroy(mot_profile *profile); /* accepts NULL */

/* ---- variants, threads, memory --------------------------------------------------------------------------------- */

/* Every variant compiled in, whether this machine can run it or not: "mix_avx512_8x48". Thread-safe. */
MOT_API size_t mot_variant_count(void);
MOT_API const char *mot_variant_name(size_t index); /* NULL past the end */

/* The host's own thread pool: must call task(data, i) once for every i in 0..count-1, on any threads, and return when
 * all are done. NULL restores the built-in (OpenMP where the library was built with it, else one thread). Applies to
 * every later call in the process; not to be changed while a layer runs. Always MOT_OK. */
typedef void (*mot_task)(void *data, int index);
typedef void (*mot_threads_callback)(void *context, mot_task task, void *data, int count);
MOT_API MOT_NODISCARD mot_status mot_set_threads_callback(mot_threads_callback callback, void *context);

/* n numbers to and from bf16: to nearest even, NaN stays NaN, denormals are kept. The arrays must not overlap; NULL is
 * legal for n = 0. Thread-safe. */
typedef uint16_t mot_bf16;
MOT_API void mot_bf16_from_f32(mot_bf16 *out, const float *from, size_t n);
MOT_API void mot_f32_from_bf16(float *out, const mot_bf16 *from, size_t n);

/* 64-byte aligned memory; NULL when out of memory or for 0 bytes. mot_free accepts NULL. Thread-safe. */
MOT_API void *mot_alloc(size_t bytes);
MOT_API void mot_free(void *memory);

#ifdef __cplusplus
}
#endif
#endif
