/* device.c: see device.h; and whether there is a device at all. */
#include "device.h"

#include <math.h>
#include <stdio.h>

static const mot_cuda_module *const cuda = &mot_cuda_module_table;

/* ---- is there one? ---- */

static int lowest_sm(void) {
    int least = mot_cuda_at(0)->sm;
    for (size_t i = 1; i < mot_cuda_count(); i++)
        if (mot_cuda_at(i)->sm < least) least = mot_cuda_at(i)->sm;
    return least;
}

static int refuse(char *why, size_t size, const char *what, int code) {
    if (why) snprintf(why, size, "%s: %s (CUDA error %d)", what, cuda->error(code), code);
    return 0;
}

static int has_count(int *count, char *why, size_t size) {
    const int code = cuda->count(count);
    if (code == 0) return 1;
    return refuse(why, size, code == MOT_CUDA_NO_DRIVER ? "no driver, or one too old" : "no device", code);
}

static int too_old(int device, int sm, char *why, size_t size) {
    mot_cuda_device d = {.name = "the device"};
    if (why && cuda->describe(device, &d) == 0)
        snprintf(why, size, "%s is sm_%d, sm_%d is needed", d.name, sm, lowest_sm());
    return 0;
}

int mot_cuda_available(int device, char *why, size_t size) {
    int count = 0, code = 0, sm = 0;
    if (why && size) why[0] = 0;
    if (!has_count(&count, why, size)) return 0;
    if (device < 0) code = cuda->current(&device);
    if (!code && device >= count) {
        if (why) snprintf(why, size, "device %d: there are %d", device, count);
        return 0;
    }
    if (!code) code = cuda->architecture(device, &sm);
    if (code) return refuse(why, size, "no device", code);
    return sm >= lowest_sm() || too_old(device, sm, why, size);
}

/* ---- options ---- */

void mot_cuda_options_default(mot_cuda_options *o) {
    if (o) *o = (mot_cuda_options){.struct_size = sizeof *o, .device = -1, .dtype = MOT_F32, .temperature = 1};
}

static bool is_flag(int v) { return v == 0 || v == 1; }

static mot_status check_options(const mot_cuda_options *o) {
    if (o->struct_size != sizeof *o || o->device < -1) return MOT_ERROR_OPTIONS;
    if (!(o->temperature > 0) || isinf(o->temperature)) return MOT_ERROR_OPTIONS;
    if (o->dtype != MOT_F32 && o->dtype != MOT_BF16) return MOT_ERROR_DTYPE;
    return is_flag(o->tf32) && is_flag(o->unverified) ? MOT_OK : MOT_ERROR_OPTIONS;
}

mot_status mot_cuda_number(int *device) {
    if (!mot_cuda_available(*device, NULL, 0)) return MOT_ERROR_DEVICE;
    return *device < 0 && cuda->current(device) ? MOT_ERROR_DEVICE : MOT_OK;
}

mot_status mot_cuda_resolve(mot_cuda_setting *out, const mot_cuda_options *options) {
    mot_cuda_options o;
    int sm = 0;
    mot_cuda_options_default(&o);
    if (options) o = *options;
    mot_status status = check_options(&o);
    if (!status) status = mot_cuda_number(&o.device);
    if (status) return status;
    if (cuda->architecture(o.device, &sm)) return MOT_ERROR_DEVICE;
    *out = (mot_cuda_setting){.device = o.device,
                              .temperature = o.temperature,
                              .wish = {o.dtype, sm, o.tf32 == 1, o.unverified == 1},
                              .profile = (const mot_profile *)o.profile};
    return MOT_OK;
}

mot_status mot_cuda_status(int code) { return code == 0 ? MOT_OK : code == 2 ? MOT_ERROR_MEMORY : MOT_ERROR_DEVICE; }

mot_status mot_cuda_why_none(bool fits_unverified) {
    return fits_unverified ? MOT_ERROR_UNVERIFIED : MOT_ERROR_SUPPORT;
}

/* ---- the current device, and tensors on it ---- */

mot_status mot_cuda_enter(int device, int *before) {
    *before = device;
    if (cuda->current(before)) return MOT_ERROR_DEVICE;
    return *before != device && cuda->use(device) ? MOT_ERROR_DEVICE : MOT_OK;
}

void mot_cuda_leave(int device, int before) {
    if (before != device) cuda->use(before);
}

mot_span mot_cuda_span(const mot_shape *s, mot_dtype dtype, enum mot_tensor tensor, const void *data) {
    mot_span span = mot_tensor_span(s, dtype, tensor, data);
    span.alignment = MOT_CUDA_ALIGNMENT;
    return span;
}
