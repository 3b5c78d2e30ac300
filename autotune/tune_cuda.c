/* tune_cuda.c: whether a GPU's kernels can be tuned, and what its profile has for a layer. */
#include "cuda_device.h"
#include "target.h"
#include "tuner.h"

#include <stdlib.h>
#include <string.h>

const char *tune_why_not_cuda(bool unverified) {
    if (cuda_why_none()) return cuda_why_none();
    for (size_t i = 0; i < mot_cuda_count(); i++)
        if (!mot_cuda_at(i)->baseline && (unverified || mot_cuda_verified(mot_cuda_at(i)))) return NULL;
    return "none has passed its check on a GPU; --unverified tunes them all the same";
}

static bool has_size(const json_t *dims, const char *name, size_t size) {
    return json_integer_value(json_object_get(dims, name)) == (json_int_t)size;
}

static bool is_of_layer(const json_t *entry, const mot_shape *s, mot_dtype dtype) {
    const char *stage = json_string_value(json_object_get(entry, "stage")),
               *type = json_string_value(json_object_get(entry, "dtype"));
    const json_t *d = json_object_get(entry, "dims");
    return stage && type && strcmp(stage, mot_stage_name(MOT_STAGE_LAYER)) == 0 &&
           strcmp(type, mot_dtype_name(dtype)) == 0 && has_size(d, "g", s->groups) && has_size(d, "t", s->group_size) &&
           has_size(d, "e", s->experts) && has_size(d, "d", s->d_model) && has_size(d, "h", s->d_expert);
}

static bool read_layer(const json_t *entry, const mot_shape *s, mot_plan *out) {
    const mot_variant **all = malloc(mot_cuda_count() * sizeof *all);
    for (size_t i = 0; all && i < mot_cuda_count(); i++) all[i] = &mot_cuda_at(i)->variant;
    bool ok =
        all && plan_parse(out, json_object_get(entry, "choices"), all, mot_cuda_count()) && mot_plan_is_layer(out);
    for (int i = 0; ok && i < out->steps; i++)
        ok = mot_cuda_of(out->step[i].variant) && out->step[i].variant->supports(s, &out->step[i].config);
    free(all);
    return ok;
}

bool tune_find_cuda_layer(const char *path, const mot_shape *s, mot_dtype dtype, mot_plan *out) {
    char error[256];
    bool missing, found = false;
    const profile_owner owner = target_owner(true);
    json_t *profile = profile_read(path, &missing, error, sizeof error);
    const json_t *entry;
    size_t i;
    if (profile && profile_is_of(profile, &owner))
        json_array_foreach(json_object_get(profile, "entries"), i, entry) found =
            found || (is_of_layer(entry, s, dtype) && read_layer(entry, s, out));
    json_decref(profile);
    return found;
}
