/* kernel.h: the contract between kernels and everything else; all that a variant may include. */
#ifndef MOT_CORE_KERNEL_H
#define MOT_CORE_KERNEL_H

#include "mot/mot.h"

#include <stdbool.h>

/* Tensors of the layer as bits, so that a stage can say what it reads and writes. */
enum mot_tensor {
    MOT_X = 1 << 0,          /* (G,T,D) tokens, strided                     */
    MOT_CONTROLLER = 1 << 1, /* (D,E)                                       */
    MOT_P = 1 << 2,          /* (G,T,E) mixing weights                      */
    MOT_MIXED = 1 << 3,      /* (E,G,D) one mixed token per expert          */
    MOT_W1 = 1 << 4,         /* (E,D,H)                                     */
    MOT_W2 = 1 << 5,         /* (E,H,D)                                     */
    MOT_Y = 1 << 6,          /* (E,G,D) the experts' outputs                */
    MOT_OUT = 1 << 7         /* (G,T,D) result, strided as x                */
};

typedef enum mot_stage {
#define MOT_STAGE(id, name, reads, writes, flops, bytes) MOT_STAGE_##id,
#include "stages.def"
#undef MOT_STAGE
    MOT_STAGE_COUNT
} mot_stage;

/* What all kernels take. Pointers that a stage neither reads nor writes may be NULL. */
typedef struct mot_tensors {
    const void *x, *controller, *w1, *w2;
    const void *packed; /* the step's packed weights, or NULL: the kernel packs what it needs into scratch */
    void *p, *mixed, *y, *out;
    mot_strides strides; /* of x and out; last_tokens is never 0 here */
    float temperature;
    void *scratch; /* this thread's, 64-byte aligned, contents undefined */
} mot_tensors;

static inline size_t mot_dtype_bytes(mot_dtype d) { return d == MOT_BF16 ? sizeof(mot_bf16) : sizeof(float); }

/* So few rows of an expert are one plain read of its weights. */
enum { MOT_FEW_ROWS = 4 };

/* Up to so many experts, route computes dot products, whatever a variant's tile. With 32 registers there is room for
 * the sums of two tokens at 12; tiles of two terms a step are as fast as dots at 8. */
enum { MOT_DOT_EXPERTS = 12 };
static inline size_t mot_dot_experts(mot_isa isa) { return isa == MOT_ISA_AVX512 ? MOT_DOT_EXPERTS : 8; }

enum { MOT_MAX_KNOBS = 4 };
typedef struct mot_config {
    int value[MOT_MAX_KNOBS]; /* in the order of the variant's knobs; the rest 0 */
} mot_config;

typedef struct mot_knob {
    const char *name;
    int count, preset; /* preset: the default, one of values */
    int values[8];
} mot_knob;

typedef struct mot_range {
    size_t begin, end; /* units of work, see mot_variant.units */
} mot_range;

/* Computes the units of `range`; units are independent. Single-threaded, re-entrant, cannot fail, calls nothing. */
typedef void (*mot_kernel_fn)(const mot_shape *, const mot_tensors *, const mot_config *, mot_range);

typedef struct mot_variant {
    const char *name; /* <stage>_<isa>_<tag>, grep-able */
    mot_stage stage;
    mot_isa isa;
    mot_dtype dtype;
    int mr, nr; /* register tile, elements; 0 for a peer library */
    int knob_count;
    mot_knob knobs[MOT_MAX_KNOBS];
    bool (*supports)(const mot_shape *, const mot_config *);
    size_t (*units)(const mot_shape *);                             /* units of work to share among threads */
    size_t (*scratch_bytes)(const mot_shape *, const mot_config *); /* per thread; NULL: none */
    size_t (*pack_bytes)(const mot_shape *, const mot_config *);    /* all experts; NULL: the variant packs nothing */
    void (*pack)(const mot_shape *, const mot_tensors *, const mot_config *, void *packed, mot_range experts);
    size_t (*depth)(size_t k, const mot_config *); /* longest chain of additions in a dot product of length k */
    mot_kernel_fn run;
} mot_variant;

/* Number of tokens of group n, and the element offset of its first token. */
static inline size_t mot_group_tokens(const mot_shape *s, const mot_strides *st, size_t n) {
    return n / st->inner_groups == (s->groups - 1) / st->inner_groups ? st->last_tokens : s->group_size;
}
static inline size_t mot_group_offset(const mot_strides *st, size_t n) {
    return n / st->inner_groups * st->outer_stride + n % st->inner_groups * st->inner_stride;
}

/* Speed wants every loop nest compiled for each tile, with its sizes as constants. Builds that look for faults compile
 * it once, with its sizes as arguments: -DMOT_ONCE, MOT_KERNEL_ONCE of cmake/isa.cmake. */
#if defined(MOT_ONCE)
#define MOT_INLINE static inline
#else
#define MOT_INLINE static inline __attribute__((always_inline))
#endif
#if defined(__clang__) && defined(MOT_ONCE)
#define MOT_UNROLL _Pragma("clang loop unroll(disable)")
#elif defined(__clang__)
#define MOT_UNROLL _Pragma("clang loop unroll(full)")
#elif defined(MOT_ONCE)
#define MOT_UNROLL _Pragma("GCC unroll 1")
#else
#define MOT_UNROLL _Pragma("GCC unroll 64")
#endif

#endif
