/* profile.c: profiles of a GPU, as cuda.h has them: a mot_profile of another owner, under a name of its own. */
#include "device.h"

static const mot_cuda_module *const cuda = &mot_cuda_module_table;

static mot_status owner_of(mot_profile_owner *out, int device) {
    mot_cuda_device d;
    if (device < -1) return MOT_ERROR_OPTIONS;
    if (mot_cuda_number(&device) || cuda->describe(device, &d)) return MOT_ERROR_DEVICE;
    *out = mot_cuda_profile_owner(&d);
    return MOT_OK;
}

mot_status mot_cuda_profile_load(mot_cuda_profile **out, const char *path, int device) {
    mot_profile_owner owner;
    if (!out) return MOT_ERROR_NULL;
    *out = NULL;
    if (!path) return MOT_ERROR_NULL;
    const mot_status status = owner_of(&owner, device);
    return status ? status : mot_profile_read_file((mot_profile **)out, path, &owner);
}

mot_status mot_cuda_profile_find(mot_cuda_profile **out, int device) {
    mot_profile_owner owner;
    if (!out) return MOT_ERROR_NULL;
    *out = NULL;
    const mot_status status = owner_of(&owner, device);
    return status ? status : mot_profile_read_found((mot_profile **)out, &owner);
}

void mot_cuda_profile_destroy(mot_cuda_profile *profile) { mot_profile_free((mot_profile *)profile); }
