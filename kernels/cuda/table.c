/* table.c: the descriptors of cuda_variants.def, and which of them have passed on a GPU. */
#include "cuda_table.h"

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

/* Blocks are counted in 31 bits. A thread per element, 256 in a block; of tiles of 32 x 32 elements at least. */
static bool fits_a_grid(const mot_shape *s, const mot_config *c) {
    (void)c;
    const double most = 0x1p31 * 256, G = (double)s->groups, E = (double)s->experts;
    const double D = (double)s->d_model, H = (double)s->d_expert, T = (double)s->group_size;
    return E * G * D < most && E * G * H < most && G * T * D < most;
}

/* The hidden layer (E,G,H). */
static size_t hidden_f32(const mot_shape *s, const mot_config *c) {
    (void)c;
    return s->experts * s->groups * s->d_expert * sizeof(float);
}
static size_t hidden_bf16(const mot_shape *s, const mot_config *c) { return hidden_f32(s, c) / 2; }

#define SCRATCH_ROUTE(DTYPE) NULL
#define SCRATCH_MIX(DTYPE) NULL
#define SCRATCH_FRONT(DTYPE) NULL
#define SCRATCH_REDISTRIBUTE(DTYPE) NULL
#define SCRATCH_EXPERTS(DTYPE) HIDDEN_##DTYPE
#define HIDDEN_F32 hidden_f32
#define HIDDEN_BF16 hidden_bf16

/* ---- the table ---- */

/* One entry; further members of its mot_variant are given. */
#define ENTRY(name_, STAGE, DTYPE, family_, sm_, ...)                                                                  \
    {.variant = {.name = #name_,                                                                                       \
                 .stage = MOT_STAGE_##STAGE,                                                                           \
                 .isa = MOT_ISA_SCALAR,                                                                                \
                 .dtype = MOT_##DTYPE,                                                                                 \
                 .scratch_bytes = SCRATCH_##STAGE(DTYPE),                                                              \
                 __VA_ARGS__},                                                                                         \
     .family = #family_,                                                                                               \
     .sm = sm_,                                                                                                        \
     .source = source_##family_},

static const mot_cuda_variant table[] = {
#define MOT_CUDA_NAIVE(name, STAGE, DTYPE) ENTRY(name, STAGE, DTYPE, naive, 80, .supports = fits_a_grid)
#define MOT_CUDA_TILED(name, STAGE, DTYPE, bm, bn, ...)                                                                \
    ENTRY(name, STAGE, DTYPE, tiled, 80, .supports = fits_a_grid, .mr = bm, .nr = bn)
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
