/* profile_cpu.c: the profiles of this processor: mot.h's functions, and what the library looks up. */
#include "profile.h"

#include "cpu.h"

#include <stdio.h>
#include <stdlib.h>

/* No use for what this processor or MOT_ISA lacks. */
static bool place(const char *name, uint64_t threads, mot_dtype dtype, mot_profile_place *out) {
    mot_isa isa;
    if (!mot_isa_parse(name, &isa) || isa == MOT_ISA_BEST || isa > mot_cpu_isa()) return false;
    if (threads < 1 || threads > 1024) return false;
    *out = (mot_profile_place){mot_isa_for(isa, dtype), (int)threads};
    return true;
}

static mot_profile_owner here(void) {
    mot_profile_owner owner = {.kernels = mot_registry_hash(), .find = mot_registry_find, .place = place};
    mot_cpu_fingerprint(owner.machine, sizeof owner.machine);
    return owner;
}

mot_status mot_profile_load_memory(mot_profile **out, const void *data, size_t bytes) {
    const mot_profile_owner owner = here();
    return mot_profile_read(out, data, bytes, &owner);
}

mot_status mot_profile_load(mot_profile **out, const char *path) {
    const mot_profile_owner owner = here();
    return mot_profile_read_file(out, path, &owner);
}

/* $MOT_PROFILE alone, if it is set. */
mot_status mot_profile_find(mot_profile **out) {
    const char *named = getenv("MOT_PROFILE");
    const mot_profile_owner owner = here();
    return named && named[0] ? mot_profile_read_file(out, named, &owner) : mot_profile_read_found(out, &owner);
}

void mot_profile_destroy(mot_profile *profile) { mot_profile_free(profile); }

bool mot_profile_search_path(size_t index, char *buf, size_t size) {
    const char *named = getenv("MOT_PROFILE");
    const mot_profile_owner owner = here();
    if (!named || !named[0]) return mot_profile_folder_path(index, owner.machine, buf, size);
    const int printed = size ? snprintf(buf, size, "%s", named) : -1;
    return index == 0 && printed >= 0 && (size_t)printed < size;
}

bool mot_profile_layer(const mot_profile *profile, const mot_shape *shape, mot_isa isa, mot_dtype dtype, int threads,
                       mot_plan *out) {
    const mot_profile_place at = {mot_isa_for(isa, dtype), threads};
    const mot_plan *plan = mot_profile_plan(profile, MOT_STAGE_LAYER, shape, dtype, at);
    if (plan) *out = *plan;
    return plan != NULL;
}

bool mot_profile_stage(const mot_profile *profile, mot_stage stage, const mot_shape *shape, mot_isa isa,
                       mot_dtype dtype, int threads, mot_choice *out) {
    const mot_profile_place at = {mot_isa_for(isa, dtype), threads};
    if (stage == MOT_STAGE_LAYER) return false;
    const mot_plan *plan = mot_profile_plan(profile, stage, shape, dtype, at);
    if (plan) *out = plan->step[0];
    return plan != NULL;
}
