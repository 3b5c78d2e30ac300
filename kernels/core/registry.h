/* registry.h: the list of variants, and choices (a variant with its knobs set) as text. */
#ifndef MOT_CORE_REGISTRY_H
#define MOT_CORE_REGISTRY_H

#include "kernel.h"

#define MOT_ISA_HIGHEST MOT_ISA_AMX

typedef struct mot_choice {
    const mot_variant *variant;
    mot_config config;
} mot_choice;

size_t mot_registry_count(void);
const mot_variant *mot_registry_at(size_t index);       /* in the order of variants.def */
const mot_variant *mot_registry_find(const char *name); /* NULL if there is none */
uint64_t mot_registry_hash(void);                       /* of names and knob tables: a profile's validator */

const char *mot_stage_name(mot_stage stage); /* "route", … */
int mot_stage_reads(mot_stage stage);        /* bits of enum mot_tensor */
int mot_stage_writes(mot_stage stage);
double mot_stage_flops(mot_stage stage, const mot_shape *);
double mot_stage_bytes(mot_stage stage, const mot_shape *, mot_dtype); /* every tensor touched once */
const char *mot_isa_name(mot_isa isa); /* "scalar", "avx2", "avx512", "avx512bf16", "amx" */
bool mot_isa_parse(const char *text, mot_isa *out);
const char *mot_dtype_name(mot_dtype); /* "f32", "bf16" */
bool mot_dtype_parse(const char *text, mot_dtype *out);
mot_isa mot_isa_top(mot_dtype);              /* the highest ISA with variants of its own for this type */
mot_isa mot_isa_for(mot_isa cap, mot_dtype); /* the lower of the two */

mot_config mot_config_default(const mot_variant *);
bool mot_config_legal(const mot_variant *, const mot_config *); /* every value is one of its knob's */

/* "mix_avx512_8x48{dc=128}"; knobs at their default are left out, and so are empty braces. snprintf's return value. */
int mot_choice_print(char *buf, size_t size, const mot_choice *);
int mot_choice_spell(char *buf, size_t size, const mot_choice *); /* the same with every knob */
/* Parses the same against `variants` (any list); false if the name, a knob or a value is unknown. */
bool mot_choice_parse(mot_choice *out, const char *text, const mot_variant *(*find)(const char *name));

#endif
