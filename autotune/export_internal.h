/* export_internal.h: a profile as the exporters see it: every entry checked, its choices taken apart. */
#ifndef AUTOTUNE_EXPORT_INTERNAL_H
#define AUTOTUNE_EXPORT_INTERNAL_H

#include "export.h"
#include "registry.h"

#include <jansson.h>

enum { EXPORT_STEPS = 4, EXPORT_KNOBS = 8, EXPORT_NAME = 64 };

typedef struct export_knob {
    char name[EXPORT_NAME];
    int value;
} export_knob;

/* "mix_avx512_8x48{dc=128}" taken apart, by syntax alone: the kernels may be another build's. */
typedef struct export_step {
    const char *text;
    char variant[EXPORT_NAME];
    int knobs;
    export_knob knob[EXPORT_KNOBS];
} export_step;

typedef struct export_entry {
    const json_t *json;
    mot_stage stage;
    mot_dtype dtype;
    mot_isa isa; /* of a processor */
    int cache;   /* 0 cold-weights, 1 hot, 2 cold-all: the order of preference */
    int threads; /* 0: a GPU */
    mot_shape shape;
    int steps;
    export_step step[EXPORT_STEPS];
} export_entry;

typedef struct export_profile {
    json_t *json;
    const char *machine, *library, *kernels;
    size_t count;
    export_entry *entries; /* sorted by stage, data type, T, E, D, H, threads, then the preferred first: ISA downwards,
                              cache; then G */
} export_profile;

bool export_load(export_profile *, const char *path, char *error, size_t size);
void export_free(export_profile *);
const char *export_isa_name(const export_entry *); /* as the profile has it */
const char *export_cache_name(int cache);
/* A number of the entry's evidence, NAN if it is missing. */
double export_evidence(const export_entry *, const char *name);
/* A text of the evidence or "". */
const char *export_evidence_text(const export_entry *, const char *name);

/* The exporters; false: writing failed, or `error` says why. */
bool export_c_header(const export_profile *, FILE *out);
bool export_json(const export_profile *, FILE *out);
bool export_csv(const export_profile *, FILE *out);
bool export_gbench(const char *samples_path, FILE *out, char *error, size_t size);

#endif
