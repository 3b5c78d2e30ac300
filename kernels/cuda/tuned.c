/* tuned.c: a GPU's profile: whose it is, and what of it may be used. */
#include "cuda_table.h"

#include <stdio.h>
#include <string.h>

/* Not those of ctype.h, which go by the locale. */
static bool is_alnum(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c; }

static void fingerprint(const mot_cuda_device *d, char *buf, size_t size) {
    size_t n = 0;
    for (const char *c = d->name; *c && n + 1 < size / 2; c++)
        if (is_alnum(*c))
            buf[n++] = lower(*c);
        else if (n && buf[n - 1] != '-')
            buf[n++] = '-';
    snprintf(buf + n, size - n, "%ssm%d-%d", n && buf[n - 1] != '-' ? "-" : "", d->sm, d->multiprocessors);
}

static const mot_variant *find(const char *name) {
    for (size_t i = 0; i < mot_cuda_count(); i++)
        if (strcmp(mot_cuda_at(i)->variant.name, name) == 0) return &mot_cuda_at(i)->variant;
    return NULL;
}

/* An entry of a GPU is for all of it: no instruction set, no threads. */
static const mot_profile_place whole_device = {MOT_ISA_SCALAR, 0};

static bool place(const char *isa, uint64_t threads, mot_dtype dtype, mot_profile_place *out) {
    (void)dtype;
    *out = whole_device;
    return strcmp(isa, "cuda") == 0 && threads == 0;
}

mot_profile_owner mot_cuda_profile_owner(const mot_cuda_device *d) {
    mot_profile_owner owner = {.kernels = mot_cuda_table_hash(), .find = find, .place = place};
    fingerprint(d, owner.machine, sizeof owner.machine);
    return owner;
}

bool mot_cuda_tuned(const mot_profile *profile, mot_stage stage, const mot_shape *s, const mot_cuda_wish *w,
                    mot_plan *out) {
    const mot_plan *plan = mot_profile_plan(profile, stage, s, w->dtype, whole_device);
    if (!plan) return false;
    for (int i = 0; i < plan->steps; i++)
        if (!mot_cuda_fits(mot_cuda_of(plan->step[i].variant), s, w)) return false;
    *out = *plan;
    return true;
}
