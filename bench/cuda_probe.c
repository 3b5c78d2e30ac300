/* cuda_probe.c: what the device is, and which kernels it runs. */
#include "cuda_device.h"

#include "child.h"

#include <stdio.h>

static void explain(cuda_facts *f, const mot_cuda_module *m, const char *what, int code) {
    snprintf(f->reason, sizeof f->reason, "%s: %s (CUDA error %d)", what, m->error(code), code);
}

static void ask(void *answer) {
    cuda_facts *f = answer;
    const mot_cuda_module *m = cuda_module(NULL);
    int count = 0;
    int code = m->count(&count);
    if (code) {
        explain(f, m, code == MOT_CUDA_NO_DRIVER ? "no driver, or one too old" : "no device", code);
    } else if (count == 0) {
        snprintf(f->reason, sizeof f->reason, "no device: the driver shows none");
    } else {
        code = m->describe(0, &f->device);
        if (code) explain(f, m, "no device", code);
    }
    f->usable = !f->reason[0];
    f->real = m->real;
}

const cuda_facts *cuda_probe(void) {
    static cuda_facts facts;
    static bool asked;
    const char *missing;
    if (asked) return &facts;
    asked = true;
    if (!cuda_module(&missing))
        snprintf(facts.reason, sizeof facts.reason, "%.191s", missing);
    else if (!child_ask(ask, &facts, sizeof facts))
        snprintf(facts.reason, sizeof facts.reason, "the CUDA driver ended the process that asked it");
    return &facts;
}

const char *cuda_why_none(void) { return cuda_probe()->usable ? NULL : cuda_probe()->reason; }

const char *cuda_why_not(const mot_cuda_variant *v) {
    static char reason[192];
    const cuda_facts *f = cuda_probe();
    if (!f->usable) return f->reason;
    if (mot_cuda_runs_on(v, f->device.sm)) return cuda_module(NULL)->missing(mot_cuda_index(v));
    snprintf(reason, sizeof reason, "needs sm_%d%s: %s is sm_%d", v->sm, v->only ? " itself" : "", f->device.name,
             f->device.sm);
    return reason;
}
