/* names.c: stages, instruction sets and data types: what they are called, and what a stage reads, writes and costs. */
#include "registry.h"

#include <string.h>

static const struct {
    const char *name;
    int reads, writes;
} stages[] = {
#define MOT_STAGE(id, name, reads, writes, flops, bytes) {name, reads, writes},
#include "stages.def"
#undef MOT_STAGE
};
_Static_assert(sizeof stages / sizeof *stages == MOT_STAGE_COUNT, "one row per stage");

const char *mot_stage_name(mot_stage stage) { return stages[stage].name; }
int mot_stage_reads(mot_stage stage) { return stages[stage].reads; }
int mot_stage_writes(mot_stage stage) { return stages[stage].writes; }

typedef struct cost {
    double flops, elements;
} cost;

static cost stage_cost(mot_stage stage, const mot_shape *s) {
    const double G = (double)s->groups, T = (double)s->group_size, E = (double)s->experts, D = (double)s->d_model,
                 H = (double)s->d_expert;
    const cost table[] = {
#define MOT_STAGE(id, name, reads, writes, flops, elements) {flops, elements},
#include "stages.def"
#undef MOT_STAGE
    };
    return table[stage];
}
double mot_stage_flops(mot_stage stage, const mot_shape *s) { return stage_cost(stage, s).flops; }
double mot_stage_bytes(mot_stage stage, const mot_shape *s, mot_dtype dtype) {
    return stage_cost(stage, s).elements * (double)mot_dtype_bytes(dtype);
}

/* Where text stands among names[from..to], -1 if it does not. */
static int index_of(const char *text, const char *const *names, int from, int to) {
    while (from <= to && strcmp(text, names[from])) from++;
    return from <= to ? from : -1;
}

static const char *const isa_names[] = {"best", "scalar", "avx2", "avx512", "avx512bf16", "amx"};
const char *mot_isa_name(mot_isa isa) { return isa_names[isa]; }

bool mot_isa_parse(const char *text, mot_isa *out) {
    const int i = index_of(text, isa_names, MOT_ISA_SCALAR, MOT_ISA_HIGHEST);
    if (i >= 0) *out = (mot_isa)i;
    return i >= 0;
}

static const char *const dtype_names[] = {"f32", "bf16"};
const char *mot_dtype_name(mot_dtype dtype) { return dtype_names[dtype]; }

bool mot_dtype_parse(const char *text, mot_dtype *out) {
    const int i = index_of(text, dtype_names, MOT_F32, MOT_BF16);
    if (i >= 0) *out = (mot_dtype)i;
    return i >= 0;
}

mot_isa mot_isa_top(mot_dtype dtype) { return dtype == MOT_BF16 ? MOT_ISA_AMX : MOT_ISA_AVX512; }
mot_isa mot_isa_for(mot_isa cap, mot_dtype dtype) { return cap < mot_isa_top(dtype) ? cap : mot_isa_top(dtype); }
