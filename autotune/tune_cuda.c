/* tune_cuda.c: whether a GPU's kernels can be tuned, and what its profile has for a layer. */
#include "cuda_device.h"
#include "target.h"
#include "tuner.h"

const char *tune_why_not_cuda(bool unverified) {
    if (cuda_why_none()) return cuda_why_none();
    for (size_t i = 0; i < mot_cuda_count(); i++)
        if (!mot_cuda_at(i)->baseline && (unverified || mot_cuda_verified(mot_cuda_at(i)))) return NULL;
    return "none has passed its check on a GPU; --unverified tunes them all the same";
}

bool tune_find_cuda_layer(const char *path, const mot_shape *s, mot_dtype dtype, mot_plan *out) {
    const mot_profile_owner owner = mot_cuda_profile_owner(&cuda_probe()->device);
    const mot_cuda_wish any = {.dtype = dtype, .sm = cuda_probe()->device.sm, .unverified = true};
    mot_profile *profile;
    if (mot_profile_read_file(&profile, path, &owner)) return false;
    const bool found = mot_cuda_tuned(profile, MOT_STAGE_LAYER, s, &any, out);
    mot_profile_free(profile);
    return found;
}
