#include "registry.h"

#include <string.h>

#define DECLARE(isa, stage, mr, nr) extern const mot_variant stage##_##isa##_##mr##x##nr;
#define MOT_SCALAR(stage, STAGE, mr, nr) DECLARE(scalar, stage, mr, nr)
#define MOT_AVX2(stage, STAGE, mr, nr) DECLARE(avx2, stage, mr, nr)
#define MOT_AVX512(stage, STAGE, mr, nr) DECLARE(avx512, stage, mr, nr)
#define MOT_SCALAR_BF16(stage, STAGE, mr, nr) DECLARE(scalar_bf16, stage, mr, nr)
#define MOT_AVX2_BF16(stage, STAGE, mr, nr) DECLARE(avx2_bf16, stage, mr, nr)
#define MOT_AVX512_BF16(stage, STAGE, mr, nr) DECLARE(avx512_bf16, stage, mr, nr)
#define MOT_AVX512BF16_BF16(stage, STAGE, mr, nr) DECLARE(avx512bf16_bf16, stage, mr, nr)
#define MOT_AMX_BF16(stage, STAGE, mr, nr) DECLARE(amx_bf16, stage, mr, nr)
#include "variants.def"

static const mot_variant *const variants[] = {
#define ENTRY(isa, stage, mr, nr) &stage##_##isa##_##mr##x##nr,
#define MOT_SCALAR(stage, STAGE, mr, nr) ENTRY(scalar, stage, mr, nr)
#define MOT_AVX2(stage, STAGE, mr, nr) ENTRY(avx2, stage, mr, nr)
#define MOT_AVX512(stage, STAGE, mr, nr) ENTRY(avx512, stage, mr, nr)
#define MOT_SCALAR_BF16(stage, STAGE, mr, nr) ENTRY(scalar_bf16, stage, mr, nr)
#define MOT_AVX2_BF16(stage, STAGE, mr, nr) ENTRY(avx2_bf16, stage, mr, nr)
#define MOT_AVX512_BF16(stage, STAGE, mr, nr) ENTRY(avx512_bf16, stage, mr, nr)
#define MOT_AVX512BF16_BF16(stage, STAGE, mr, nr) ENTRY(avx512bf16_bf16, stage, mr, nr)
#define MOT_AMX_BF16(stage, STAGE, mr, nr) ENTRY(amx_bf16, stage, mr, nr)
#include "variants.def"
};

size_t mot_registry_count(void) { return sizeof variants / sizeof *variants; }
const mot_variant *mot_registry_at(size_t index) { return index < mot_registry_count() ? variants[index] : NULL; }

const mot_variant *mot_registry_find(const char *name) {
    for (size_t i = 0; i < mot_registry_count(); i++)
        if (strcmp(variants[i]->name, name) == 0) return variants[i];
    return NULL;
}

size_t mot_variant_count(void) { return mot_registry_count(); }
const char *mot_variant_name(size_t index) { return index < mot_registry_count() ? variants[index]->name : NULL; }

/* FNV-1a: small, and only has to notice a change. */
static uint64_t hash_bytes(uint64_t h, const void *data, size_t n) {
    for (const unsigned char *p = data; n--; p++) h = (h ^ *p) * 0x100000001b3u;
    return h;
}

static uint64_t hash_knob(uint64_t h, const mot_knob *k) {
    h = hash_bytes(h, k->name, strlen(k->name));
    h = hash_bytes(h, &k->preset, sizeof k->preset);
    return hash_bytes(h, k->values, (size_t)k->count * sizeof *k->values);
}

uint64_t mot_registry_hash(void) {
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < mot_registry_count(); i++) {
        h = hash_bytes(h, variants[i]->name, strlen(variants[i]->name) + 1);
        for (int k = 0; k < variants[i]->knob_count; k++) h = hash_knob(h, &variants[i]->knobs[k]);
    }
    return h;
}
