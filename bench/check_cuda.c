#include "check_cuda.h"

#include "cuda_device.h"

#include <stdlib.h>
#include <string.h>

enum { CANARY = 0xa5, NANS = 0xff, OUT_OF_MEMORY = 2 };

/* A run on the device: where each region of the workspace lies there. */
typedef struct device_run {
    const mot_cuda_module *cuda;
    findings *found;
    const mot_plan *plan;
    const mot_shape *shape;
    workspace *host;
    const char *where;
    size_t guard;             /* bytes */
    size_t scratch;           /* bytes: it is not on the host */
    char *area[REGION_COUNT]; /* | guard | bytes | guard |; NULL: the region is not used */
} device_run;

static size_t bytes_of(const device_run *r, int i) {
    return i == REGION_SCRATCH ? r->scratch : r->host->region[i].bytes;
}

/* Kept from run to run: allocating takes longer than a small check. */
static struct {
    char *memory;
    size_t bytes;
} pool[REGION_COUNT];

/* MOT_CUDA_EXACT=1: every tensor in an allocation of its own size without guards, so that compute-sanitizer sees reads
 * past its end. */
static size_t guard_bytes(void) {
    const char *text = getenv("MOT_CUDA_EXACT");
    return text && !strcmp(text, "1") ? 0 : 4096;
}

static bool succeeded(const device_run *r, int code, const char *doing) {
    if (code == 0) return true;
    if (code == OUT_OF_MEMORY) return findings_skip(r->found, "out of device memory (%s)", r->where);
    return findings_crash(r->found, "CUDA, %s: %s (error %d, %s)", doing, r->cuda->error(code), code, r->where);
}

/* ---- memory ---- */

static int reserve(device_run *r, int i, size_t bytes) {
    int code = 0;
    if (pool[i].bytes < bytes || (r->guard == 0 && pool[i].bytes != bytes)) {
        if (pool[i].memory) r->cuda->release(pool[i].memory);
        pool[i].memory = NULL;
        pool[i].bytes = r->guard ? 2 * bytes : bytes;
        code = r->cuda->allocate((void **)&pool[i].memory, pool[i].bytes ? pool[i].bytes : 1);
        if (code) pool[i].bytes = 0;
    }
    r->area[i] = pool[i].memory;
    return code;
}

static bool upload_region(device_run *r, int i) {
    const size_t bytes = bytes_of(r, i);
    int code = reserve(r, i, bytes + 2 * r->guard);
    if (!code && r->guard) code = r->cuda->fill(r->area[i], CANARY, r->guard, NULL);
    if (!code && r->guard) code = r->cuda->fill(r->area[i] + r->guard + bytes, CANARY, r->guard, NULL);
    if (!code && bytes && i == REGION_SCRATCH)
        code = r->cuda->fill(r->area[i] + r->guard, NANS, bytes, NULL);
    else if (!code && bytes)
        code = r->cuda->copy(r->area[i] + r->guard, r->host->region[i].data, bytes, NULL);
    if (!code) code = r->cuda->wait(NULL);
    return succeeded(r, code, "copying to the device");
}

static bool upload(device_run *r) {
    for (int i = 0; i < REGION_COUNT; i++)
        if (r->host->region[i].map && !upload_region(r, i)) return false;
    return true;
}

static bool guards_whole(const device_run *r, int i, const unsigned char *before, const unsigned char *after) {
    const size_t bytes = bytes_of(r, i);
    for (size_t k = 0; k < r->guard; k++) {
        const long at = before[k] == CANARY ? (long)(bytes + k) : (long)k - (long)r->guard;
        if (before[k] == CANARY && after[k] == CANARY) continue;
        return findings_fail(r->found, "stray write: byte %ld of %s on the device, which has %zu (%s)", at,
                             r->host->region[i].name, bytes, r->where);
    }
    return true;
}

/* The whole area, guards too: what is between them overwrites the host's region, or must be equal to it. */
static bool take_back(const device_run *r, int i, bool compare) {
    const guarded *g = &r->host->region[i];
    unsigned char *all = malloc(g->bytes + 2 * r->guard + 1);
    if (!all) return findings_skip(r->found, "out of memory (%s)", r->where);
    int code = r->cuda->copy(all, r->area[i], g->bytes + 2 * r->guard, NULL);
    if (!code) code = r->cuda->wait(NULL);
    bool ok = succeeded(r, code, "copying back") && guards_whole(r, i, all, all + r->guard + g->bytes);
    if (ok && compare && memcmp(g->data, all + r->guard, g->bytes))
        ok = findings_fail(r->found, "not repeatable: two runs leave other bits in %s (%s)", g->name, r->where);
    if (ok && !compare) memcpy(g->data, all + r->guard, g->bytes);
    free(all);
    return ok;
}

/* Nobody asks what is left in it, and a library's is large. */
static bool look_at_scratch(const device_run *r) {
    unsigned char *both = malloc(2 * r->guard + 1);
    if (!both) return findings_skip(r->found, "out of memory (%s)", r->where);
    const char *before = r->area[REGION_SCRATCH], *after = before + r->guard + r->scratch;
    int code = r->cuda->copy(both, before, r->guard, NULL);
    if (!code) code = r->cuda->copy(both + r->guard, after, r->guard, NULL);
    if (!code) code = r->cuda->wait(NULL);
    const bool ok = succeeded(r, code, "copying back") && guards_whole(r, REGION_SCRATCH, both, both + r->guard);
    free(both);
    return ok;
}

/* ---- running ---- */

static void *on_device(const device_run *r, int region) { return r->area[region] ? r->area[region] + r->guard : NULL; }

static mot_tensors device_tensors(const device_run *r) {
    mot_tensors t = r->host->tensors;
    t.x = on_device(r, 0), t.controller = on_device(r, 1);
    t.p = on_device(r, 2), t.mixed = on_device(r, 3);
    t.w1 = on_device(r, 4), t.w2 = on_device(r, 5);
    t.y = on_device(r, 6), t.out = on_device(r, 7);
    t.scratch = on_device(r, REGION_SCRATCH);
    return t;
}

static bool launch(const device_run *r) {
    const mot_tensors t = device_tensors(r);
    const mot_choice *first = &r->plan->step[0];
    int code = r->plan->steps > 1 ? mot_cuda_plan_launch(r->cuda, r->plan, r->shape, &t, t.scratch, NULL)
                                  : r->cuda->launch(mot_cuda_index(candidate_cuda(first->variant)), r->shape, &t,
                                                    &first->config, NULL);
    if (!code) code = r->cuda->wait(NULL);
    return succeeded(r, code, "running");
}

static bool is_output(const device_run *r, int i) { return i < REGION_TENSORS && r->host->outputs >> i & 1; }

static bool inputs_kept(const device_run *r) {
    for (int i = 0; i < REGION_TENSORS; i++)
        if (r->area[i] && !is_output(r, i) && !guarded_sealed(&r->host->region[i])) return false;
    return true;
}

/* Again on the same inputs: a race shows as other bits. Gaps between rows keep what the first run left. Inputs that
 * have changed are for the check to report. */
static bool repeat(const device_run *r) {
    if (!inputs_kept(r)) return true;
    if (!launch(r)) return false;
    for (int i = 0; i < REGION_TENSORS; i++)
        if (is_output(r, i) && !take_back(r, i, true)) return false;
    return true;
}

static bool run(device_run *r) {
    if (!succeeded(r, r->cuda->use(0), "starting") || !upload(r) || !launch(r)) return false;
    for (int i = 0; i < REGION_COUNT; i++)
        if (r->area[i] && !(i == REGION_SCRATCH ? look_at_scratch(r) : take_back(r, i, false))) return false;
    return repeat(r);
}

static size_t scratch_bytes(const mot_plan *plan, const mot_shape *s) {
    return plan->steps > 1 ? mot_cuda_plan_workspace_bytes(plan, s) : mot_step_scratch_bytes(&plan->step[0], s, 1);
}

bool cuda_execute(findings *f, const mot_plan *plan, const mot_shape *s, workspace *w, const char *where) {
    const char *missing;
    device_run r = {.cuda = cuda_module(&missing), .found = f, .plan = plan, .shape = s, .host = w, .where = where};
    if (!r.cuda) return findings_skip(f, "%s", missing);
    r.guard = guard_bytes();
    r.scratch = scratch_bytes(plan, s);
    return run(&r);
}
