/* table.c: the descriptors of cuda_variants.def, and which of them have passed on a GPU. */
#include "cuda_table.h"

#include "blas.h"

#include <math.h>
#include <string.h>

/* Hashes of the source files, by family: source_naive, ... */
#define MOT_CUDA_SOURCE(family, hash) static const char source_##family[] = hash;
#include "cuda_sources.def"
#undef MOT_CUDA_SOURCE

static const mot_cuda_record records[] = {
#define MOT_CUDA_VERIFIED(name, source, device, date) {#name, source, device, date},
#include "verified.def"
#undef MOT_CUDA_VERIFIED
    {0}};

/* ---- what the families need ---- */

/* Tiles of at least 32 x 64 elements, or blocks of 256 threads, one per element. */
static double blocks(size_t batches, size_t m, size_t n) {
    const double tiles = (double)batches * ceil((double)m / 32) * ceil((double)n / 64);
    return fmax(tiles, (double)batches * (double)m * (double)n / 256);
}

/* They are counted in 31 bits. */
static bool fits_a_grid(const mot_shape *s, const mot_config *c) {
    const size_t widest = s->d_model > s->d_expert ? s->d_model : s->d_expert;
    (void)c;
    return blocks(s->experts, s->groups, widest) < 0x1p31 && blocks(s->groups, s->group_size, s->d_model) < 0x1p31;
}

/* The hidden layer (E,G,H). */
static size_t hidden_f32(const mot_shape *s, const mot_config *c) {
    (void)c;
    return s->experts * s->groups * s->d_expert * sizeof(float);
}
static size_t hidden_bf16(const mot_shape *s, const mot_config *c) { return hidden_f32(s, c) / 2; }

/* Of NVIDIA's libraries: what the stage keeps there, then their own. */
static size_t blas_alone(const mot_shape *s, const mot_config *c) {
    (void)s, (void)c;
    return MOT_CUDA_BLAS_WORKSPACE;
}
static size_t blas_logits(const mot_shape *s, const mot_config *c) {
    return mot_cuda_blas_aligned(s->groups * s->group_size * s->experts * sizeof(float)) + blas_alone(s, c);
}
static size_t blas_hidden_f32(const mot_shape *s, const mot_config *c) {
    return mot_cuda_blas_aligned(hidden_f32(s, c)) + blas_alone(s, c);
}
static size_t blas_hidden_bf16(const mot_shape *s, const mot_config *c) {
    return mot_cuda_blas_aligned(hidden_bf16(s, c)) + blas_alone(s, c);
}
#define BLAS_ROUTE(DTYPE) blas_logits
#define BLAS_MIX(DTYPE) blas_alone
#define BLAS_REDISTRIBUTE(DTYPE) blas_alone
#define BLAS_EXPERTS(DTYPE) BLAS_HIDDEN_##DTYPE
#define BLAS_HIDDEN_F32 blas_hidden_f32
#define BLAS_HIDDEN_BF16 blas_hidden_bf16

#define SCRATCH_ROUTE(DTYPE) NULL
#define SCRATCH_MIX(DTYPE) NULL
#define SCRATCH_FRONT(DTYPE) NULL
#define SCRATCH_REDISTRIBUTE(DTYPE) NULL
#define SCRATCH_EXPERTS(DTYPE) HIDDEN_##DTYPE
#define HIDDEN_F32 hidden_f32
#define HIDDEN_BF16 hidden_bf16

/* Tensor cores add the products of a step of k at once, and may truncate: 2u for each of its terms and each step. */
static size_t tensor_core_depth(size_t k, size_t step) { return 2 * ((k + step - 1) / step + (k < step ? k : step)); }
static size_t depth_f32(size_t k, const mot_config *c) { return (void)c, tensor_core_depth(k, 8); }
static size_t depth_bf16(size_t k, const mot_config *c) { return (void)c, tensor_core_depth(k, 16); }
static size_t depth_unknown(size_t k, const mot_config *c) { return (void)c, 2 * k; }
#define DEPTH_F32 depth_f32
#define DEPTH_BF16 depth_bf16

/* The tokens of `groups` groups, whole lines of 128 bytes, beside the stages: as front_tokens.cuh lays them out. */
static bool front_fits(const mot_shape *s, mot_dtype dtype, size_t kib, size_t tokens, size_t experts, size_t groups,
                       size_t bk, size_t stages) {
    enum { GROUP_BYTES = 32, LINE = 128 };
    const size_t element = mot_dtype_bytes(dtype), lines = (s->d_model * element + LINE - 1) / LINE;
    const size_t bytes = stages * bk * experts * element + groups * (tokens * lines * LINE + GROUP_BYTES);
    return s->group_size <= tokens && lines < 2048 && bytes <= kib * 1024 && fits_a_grid(s, NULL);
}

static bool stream_fits(const mot_shape *s, size_t tokens) { return s->group_size <= tokens && fits_a_grid(s, NULL); }

/* A block routes whole groups. */
static bool tiled_fits(const mot_shape *s, mot_stage stage, size_t bm) {
    return (stage != MOT_STAGE_ROUTE || s->group_size <= bm) && fits_a_grid(s, NULL);
}

/* The copy engine wants rows that begin at multiples of 16 bytes, and counts them in 32 bits. */
static bool hopper_fits(const mot_shape *s, const mot_config *c) {
    const size_t most = (size_t)1 << 31;
    return s->d_model % 8 == 0 && s->d_expert % 8 == 0 && s->groups < most && s->d_model < most && s->d_expert < most &&
           fits_a_grid(s, c);
}

/* A function of its own for each variant whose limits are its own. */
#define SUPPORTS(name, fits)                                                                                           \
    static bool name##_supports(const mot_shape *s, const mot_config *c) {                                             \
        (void)c;                                                                                                       \
        return fits;                                                                                                   \
    }
#define MOT_CUDA_TILED(name, STAGE, DTYPE, bm, ...) SUPPORTS(name, tiled_fits(s, MOT_STAGE_##STAGE, bm))
#define MOT_CUDA_STREAM(name, STAGE, DTYPE, tokens, ...) SUPPORTS(name, stream_fits(s, tokens))
#define MOT_CUDA_FRONT(name, STAGE, DTYPE, sm, ...) SUPPORTS(name, front_fits(s, MOT_##DTYPE, __VA_ARGS__))
#include "cuda_variants.def"

/* ---- the table ---- */

/* Members of one entry, and of its mot_variant. */
#define ENTRY(family_, sm_) .family = #family_, .sm = sm_, .source = source_##family_
#define ANY_SHAPE .supports = fits_a_grid
#define VARIANT(name_, STAGE, DTYPE)                                                                                   \
    .name = #name_, .stage = MOT_STAGE_##STAGE, .isa = MOT_ISA_SCALAR, .dtype = MOT_##DTYPE,                           \
    .scratch_bytes = SCRATCH_##STAGE(DTYPE)

static const mot_cuda_variant table[] = {
#define BASELINE(family, name_, STAGE, DTYPE_, tf32_)                                                                  \
    {ENTRY(family, 80), .baseline = true, .tf32 = tf32_,                                                               \
     .variant = {.name = #name_,                                                                                       \
                 .stage = MOT_STAGE_##STAGE,                                                                           \
                 .isa = MOT_ISA_SCALAR,                                                                                \
                 .dtype = MOT_##DTYPE_,                                                                                \
                 ANY_SHAPE,                                                                                            \
                 .scratch_bytes = BLAS_##STAGE(DTYPE_),                                                                \
                 .depth = depth_unknown}},
#define MOT_CUDA_CUBLAS(name, STAGE, DTYPE, tf32) BASELINE(cublas, name, STAGE, DTYPE, tf32)
#define MOT_CUDA_CUBLASLT(name, STAGE, DTYPE, tf32) BASELINE(cublaslt, name, STAGE, DTYPE, tf32)
#define MOT_CUDA_NAIVE(name, STAGE, DTYPE) {ENTRY(naive, 80), .variant = {VARIANT(name, STAGE, DTYPE), ANY_SHAPE}},
#define MOT_CUDA_TILED(name, STAGE, DTYPE, bm, bn, ...)                                                                \
    {ENTRY(tiled, 80), .variant = {VARIANT(name, STAGE, DTYPE), .supports = name##_supports, .mr = bm, .nr = bn}},
#define MOT_CUDA_MMA(name, STAGE, DTYPE, bm, bn, ...)                                                                  \
    {ENTRY(mma, 80), .tf32 = MOT_##DTYPE == MOT_F32,                                                                   \
     .variant = {VARIANT(name, STAGE, DTYPE), ANY_SHAPE, .mr = bm, .nr = bn, .depth = DEPTH_##DTYPE}},
#define MOT_CUDA_FRONT(name, STAGE, DTYPE, sm, kib, ...)                                                               \
    {ENTRY(front, sm), .only = kib > 99, .tf32 = MOT_##DTYPE == MOT_F32,                                               \
     .variant = {VARIANT(name, STAGE, DTYPE), .supports = name##_supports, .depth = DEPTH_##DTYPE}},
#define MOT_CUDA_STREAM(name, STAGE, DTYPE, ...)                                                                       \
    {ENTRY(front, 80), .tf32 = MOT_##DTYPE == MOT_F32,                                                                 \
     .variant = {VARIANT(name, STAGE, DTYPE), .supports = name##_supports, .depth = DEPTH_##DTYPE}},
#define MOT_CUDA_HOPPER(name, STAGE, DTYPE, bm, bn, ...)                                                               \
    {ENTRY(hopper, 90), .only = true,                                                                                  \
     .variant = {VARIANT(name, STAGE, DTYPE), .supports = hopper_fits, .mr = bm, .nr = bn, .depth = DEPTH_##DTYPE}},
#include "cuda_variants.def"
};

size_t mot_cuda_count(void) { return sizeof table / sizeof *table; }
const mot_cuda_variant *mot_cuda_at(size_t index) { return index < mot_cuda_count() ? &table[index] : NULL; }
size_t mot_cuda_index(const mot_cuda_variant *v) { return (size_t)(v - table); }

const mot_cuda_variant *mot_cuda_of(const mot_variant *v) {
    for (size_t i = 0; i < mot_cuda_count(); i++)
        if (v == &table[i].variant) return &table[i];
    return NULL;
}

/* FNV-1a. */
static uint64_t hash_text(uint64_t h, const char *text) {
    for (const char *c = text; *c; c++) h = (h ^ (unsigned char)*c) * 0x100000001b3u;
    return (h ^ '\n') * 0x100000001b3u;
}

uint64_t mot_cuda_table_hash(void) {
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < mot_cuda_count(); i++) h = hash_text(hash_text(h, table[i].variant.name), table[i].source);
    return h;
}

const mot_cuda_record *mot_cuda_verified(const mot_cuda_variant *v) {
    for (const mot_cuda_record *r = records; r->name; r++)
        if (!strcmp(r->name, v->variant.name) && !strcmp(r->source, v->source)) return r;
    return NULL;
}

bool mot_cuda_runs_on(const mot_cuda_variant *v, int sm) { return v->only ? sm == v->sm : sm >= v->sm; }
