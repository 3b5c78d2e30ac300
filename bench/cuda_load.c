/* cuda_load.c: finds and loads the CUDA library. */
#include "cuda_device.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char reason_text[PATH_MAX + 256];

static const mot_cuda_module *refuse(const char *path, const char *what) {
    snprintf(reason_text, sizeof reason_text, "%s: %s", path, what);
    return NULL;
}

static const mot_cuda_module *load(const char *path) {
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL); /* stays open: the driver doesn't like to be unloaded */
    if (!library) return refuse(path, dlerror());
    const mot_cuda_module *m = dlsym(library, "mot_cuda_module_table");
    if (!m) return refuse(path, "not motbench's CUDA library: no mot_cuda_module_table");
    if (m->abi != MOT_CUDA_ABI || m->table() != mot_cuda_table_hash())
        return refuse(path, "its kernels are not those that this motbench knows: build both from one tree");
    return m;
}

/* The folder of the running program, with a "/" at its end. */
static bool program_folder(char *folder, size_t size) {
    const ssize_t n = readlink("/proc/self/exe", folder, size - 1);
    if (n <= 0) return false;
    folder[n] = 0;
    strrchr(folder, '/')[1] = 0;
    return true;
}

static const mot_cuda_module *find(void) {
    static const char *const places[] = {"", "../" BENCH_LIBDIR "/", "../kernels/cuda/"};
    char folder[PATH_MAX], path[PATH_MAX + 64];
    const char *named = getenv("MOT_CUDA_MODULE");
    if (named && *named) return load(named);
    for (size_t i = 0; program_folder(folder, sizeof folder) && i < sizeof places / sizeof *places; i++) {
        snprintf(path, sizeof path, "%s%slibmot_cuda.so", folder, places[i]);
        if (access(path, R_OK) == 0) return load(path);
    }
    return refuse("libmot_cuda.so", BENCH_CUDA_MISSING);
}

const mot_cuda_module *cuda_module(const char **reason) {
    static const mot_cuda_module *module;
    static bool tried;
    if (!tried) module = find();
    tried = true;
    if (reason) *reason = module ? NULL : reason_text;
    return module;
}

bool cuda_required(void) {
    const char *text = getenv("MOT_REQUIRE_GPU");
    return text && !strcmp(text, "1");
}
