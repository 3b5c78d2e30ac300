/* machine_gpu.c: is there a CUDA device? The driver's library is asked only where the kernel shows a device. */
#include "machine.h"

#include "machine_files.h"

#include <dlfcn.h>
#include <stdio.h>

typedef int (*cu_init)(unsigned flags);
typedef int (*cu_count)(int *count);
typedef int (*cu_name)(char *name, int size, int device);

/* NULL and the first device's name, or why there is none. */
static const char *ask_driver(void *driver, char *name, int size, char *reason, size_t reason_size) {
    const cu_init init = (cu_init)dlsym(driver, "cuInit");
    const cu_count count = (cu_count)dlsym(driver, "cuDeviceGetCount");
    const cu_name first = (cu_name)dlsym(driver, "cuDeviceGetName");
    int devices = 0;
    if (!init || !count || !first) return "libcuda.so.1 is not a CUDA driver library";
    int error = init(0);
    if (!error) error = count(&devices);
    if (!error && devices > 0) error = first(name, size, 0);
    if (!error && devices == 0) return "the CUDA driver shows no device (CUDA_VISIBLE_DEVICES?)";
    if (!error) return NULL;
    snprintf(reason, reason_size, "the CUDA driver reports error %d", error);
    return reason;
}

static const char *probe(char *name, int size, char *reason, size_t reason_size) {
    if (!machine_exists("/dev/nvidiactl") && !machine_exists("/dev/nvidia0") && !machine_exists("/dev/dxg"))
        return "no NVIDIA device (no /dev/nvidiactl)";
    void *driver =
        dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL); /* stays open: the driver doesn't like to be unloaded */
    if (!driver) return "the CUDA driver's library libcuda.so.1 cannot be loaded";
    return ask_driver(driver, name, size, reason, reason_size);
}

json_t *machine_gpu(void) {
    char name[128] = "", reason[96];
    const char *none = probe(name, sizeof name, reason, sizeof reason);
    json_t *gpu = json_object();
    json_object_set_new(gpu, "present", json_boolean(!none));
    json_object_set_new(gpu, "reason", machine_text(none));
    if (!none) json_object_set_new(gpu, "name", machine_text(name));
    return gpu;
}
