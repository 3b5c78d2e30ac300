#include "workspace.h"

#include "measure_hash.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { CANARY = 0xc3 };

static size_t page_bytes(void) { return (size_t)sysconf(_SC_PAGESIZE); }

/* ---- one guarded tensor ---- */

bool guarded_create(guarded *g, const char *name, size_t bytes, size_t alignment, side where) {
    *g = (guarded){0};
    if (bytes > PTRDIFF_MAX / 2) return false; /* also "it does not fit", SIZE_MAX */
    size_t page = page_bytes(), body = (bytes + page - 1) / page * page;
    if (body == 0) body = page;
    *g = (guarded){.name = name, .map_bytes = body + 2 * page, .bytes = bytes};
    void *map = mmap(NULL, g->map_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (map == MAP_FAILED) return false;
    g->map = map;
    unsigned char *first = g->map + page;
    if (mprotect(first, body, PROT_READ | PROT_WRITE) != 0) return guarded_destroy(g), false;
    size_t offset = where == SIDE_LEFT ? 0 : (body - bytes) / alignment * alignment;
    g->data = first + offset;
    memset(first, CANARY, offset);
    memset(first + offset + bytes, CANARY, body - offset - bytes);
    return true;
}

void guarded_destroy(guarded *g) {
    if (g->map) munmap(g->map, g->map_bytes);
    *g = (guarded){0};
}

void guarded_poison(guarded *g) {
    uint16_t *to = g->data; /* elements are of two bytes or four, and whole */
    for (size_t n = g->bytes / sizeof *to, i = 0; i < n; i++) to[i] = POISON;
}

bool is_poison(numbers v, size_t i) {
    uint16_t half[2] = {POISON, POISON};
    memcpy(half, numbers_at(v, i).data, mot_dtype_bytes(v.dtype));
    return half[0] == POISON && half[1] == POISON;
}

static bool canary_whole(const unsigned char *begin, const unsigned char *end, const unsigned char **changed) {
    for (*changed = begin; *changed < end; ++*changed)
        if (**changed != CANARY) return false;
    return true;
}

bool guarded_intact(const guarded *g, long *where) {
    if (!g->map) return true;
    const unsigned char *data = g->data, *changed;
    size_t page = page_bytes();
    if (canary_whole(data + g->bytes, g->map + g->map_bytes - page, &changed) &&
        canary_whole(g->map + page, data, &changed))
        return true;
    *where = (long)(changed - data);
    return false;
}

void guarded_seal(guarded *g) { g->hash = hash_memory(g->data, g->bytes); }
bool guarded_sealed(const guarded *g) { return g->hash == hash_memory(g->data, g->bytes); }

/* ---- all of one run ---- */

static workspace *live; /* the newest, for workspace_explain */

guarded *workspace_tensor(workspace *w, enum mot_tensor tensor) { return &w->region[__builtin_ctz(tensor)]; }

static bool create_tensors(workspace *w, const problem *pb, side where) {
    static const char *const name[] = {"x", "controller", "p", "mixed", "w1", "w2", "y", "out"};
    const size_t element = mot_dtype_bytes(pb->dtype);
    for (int i = 0; i < REGION_TENSORS; i++) {
        enum mot_tensor tensor = 1 << i;
        guarded *g = &w->region[i];
        if (!((w->inputs | w->outputs) & tensor)) continue;
        if (!guarded_create(g, name[i], problem_elements(pb, tensor) * element, element, where)) return false;
        if (w->outputs & tensor) {
            guarded_poison(g);
        } else {
            data_fill(pb, tensor, g->data);
            guarded_seal(g);
        }
    }
    return true;
}

static bool create_private(guarded *g, const char *name, size_t bytes, side where) {
    if (!guarded_create(g, name, bytes, 64, where)) return false;
    guarded_poison(g);
    return true;
}

static void point_tensors(workspace *w, const problem *pb) {
    guarded *r = w->region;
    w->tensors = (mot_tensors){.x = r[0].data,
                               .controller = r[1].data,
                               .p = r[2].data,
                               .mixed = r[3].data,
                               .w1 = r[4].data,
                               .w2 = r[5].data,
                               .y = r[6].data,
                               .out = r[7].data,
                               .packed = r[REGION_PACKED].data,
                               .scratch = r[REGION_SCRATCH].data,
                               .strides = pb->strides,
                               .temperature = pb->temperature};
}

bool workspace_create(workspace *w, const problem *pb, size_t scratch_bytes, size_t packed_bytes, side where) {
    *w = (workspace){.inputs = mot_stage_reads(pb->stage), .outputs = mot_stage_writes(pb->stage)};
    bool ok = create_tensors(w, pb, where) &&
              create_private(&w->region[REGION_SCRATCH], "scratch", scratch_bytes, where) &&
              (packed_bytes == 0 || create_private(&w->region[REGION_PACKED], "packed weights", packed_bytes, where));
    if (!ok) return workspace_destroy(w), false;
    point_tensors(w, pb);
    live = w;
    return true;
}

void workspace_destroy(workspace *w) {
    for (int i = 0; i < REGION_COUNT; i++) guarded_destroy(&w->region[i]);
    if (live == w) live = NULL;
}

bool workspace_explain(const void *address, char *text, size_t size) {
    const unsigned char *at = address;
    for (int i = 0; live && i < REGION_COUNT; i++) {
        const guarded *g = &live->region[i];
        const unsigned char *data = g->data;
        if (!g->map || at < g->map || at >= g->map + g->map_bytes) continue;
        if (at < data)
            snprintf(text, size, "%ld bytes before the start of %s", (long)(data - at), g->name);
        else
            snprintf(text, size, "%ld bytes past the end of %s", (long)(at - data - (long)g->bytes), g->name);
        return true;
    }
    return false;
}

/* ---- memory ---- */

double workspace_estimate(const mot_shape *s, mot_dtype dtype) {
    double G = (double)s->groups, T = (double)s->group_size, E = (double)s->experts;
    double D = (double)s->d_model, H = (double)s->d_expert;
    double elements = 2 * G * T * (D + 3) + D * E + G * T * E + 2 * E * G * D + 2 * E * D * H;
    /* Then packed weights; scratch and the oracle's rows. */
    return (double)mot_dtype_bytes(dtype) * (elements + 2 * E * D * H) + 64e6;
}

double memory_available(void) {
    FILE *f = fopen("/proc/meminfo", "r");
    char line[128];
    double kib = 0;
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "MemAvailable: %lf", &kib) == 1) break;
    if (f) fclose(f);
    return kib > 0 ? kib * 1024 : 1e300; /* unknown: let mmap decide */
}
