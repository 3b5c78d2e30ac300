/* machine_gpu.c: is there a CUDA device, and do our kernels run on it? The driver's library is asked only where the
 * kernel shows a device, and in a child: a process that has started CUDA has no children that can use it. */
#include "machine.h"

#include "child.h"
#include "cuda_device.h"
#include "machine_files.h"

#include <dlfcn.h>
#include <stdio.h>

typedef int (*cu_init)(unsigned flags);
typedef int (*cu_count)(int *count);
typedef int (*cu_name)(char *name, int size, int device);

/* What the driver says: the first device's name, or why there is none. */
typedef struct answer {
    char name[128], reason[96];
} answer;

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

static void ask(void *data) {
    answer *a = data;
    void *driver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
    const char *none = "the CUDA driver's library libcuda.so.1 cannot be loaded";
    if (driver) none = ask_driver(driver, a->name, sizeof a->name, a->reason, sizeof a->reason);
    if (none && none != a->reason) snprintf(a->reason, sizeof a->reason, "%s", none);
}

static const char *probe(answer *a) {
    if (!machine_exists("/dev/nvidiactl") && !machine_exists("/dev/nvidia0") && !machine_exists("/dev/dxg"))
        return "no NVIDIA device (no /dev/nvidiactl)";
    if (!child_ask(ask, a, sizeof *a)) return "the CUDA driver ended the process that asked it";
    return a->reason[0] ? a->reason : NULL;
}

/* What our kernels would run on; that they do not is no fault of the device's. */
static void add_kernels(json_t *gpu) {
    const cuda_facts *f = cuda_probe();
    json_object_set_new(gpu, "kernels", json_boolean(f->usable));
    json_object_set_new(gpu, "kernels_reason", f->usable ? json_null() : machine_text(f->reason));
    if (!f->usable) return;
    json_object_set_new(gpu, "device", machine_text(f->device.name));
    json_object_set_new(gpu, "real", json_boolean(f->real));
    json_object_set_new(gpu, "sm", json_integer(f->device.sm));
    json_object_set_new(gpu, "multiprocessors", json_integer(f->device.multiprocessors));
    json_object_set_new(gpu, "clock_mhz", json_integer(f->device.clock_mhz));
    json_object_set_new(gpu, "memory", json_integer((json_int_t)f->device.memory_bytes));
    json_object_set_new(gpu, "l2", json_integer((json_int_t)f->device.l2_bytes));
    json_object_set_new(gpu, "driver", json_integer(f->device.driver));
    json_object_set_new(gpu, "runtime", json_integer(f->device.runtime));
}

json_t *machine_gpu(void) {
    answer a = {"", ""};
    const char *none = probe(&a);
    json_t *gpu = json_object();
    json_object_set_new(gpu, "present", json_boolean(!none));
    json_object_set_new(gpu, "reason", machine_text(none));
    if (!none) json_object_set_new(gpu, "name", machine_text(a.name));
    add_kernels(gpu);
    return gpu;
}
