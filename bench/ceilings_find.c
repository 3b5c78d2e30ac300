/* ceilings_find.c: from measured peaks to the least time a call can take. */
#include "ceilings.h"

#include "registry.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const ceiling *ceilings_find(const ceilings *c, const char *name, int threads) {
    for (int i = 0; i < c->count; i++)
        if (c->item[i].threads == threads && strcmp(c->item[i].name, name) == 0) return &c->item[i];
    return NULL;
}

/* An upper bound for `threads`: measured so, or the next larger count, or the largest smaller one scaled up. */
static double bound(const ceilings *c, const char *name, int threads, size_t *bytes) {
    const ceiling *above = NULL, *below = NULL;
    for (int i = 0; i < c->count; i++) {
        const ceiling *item = &c->item[i];
        if (strcmp(item->name, name)) continue;
        if (item->threads >= threads && (!above || item->threads < above->threads)) above = item;
        if (item->threads < threads && (!below || item->threads > below->threads)) below = item;
    }
    const ceiling *best = above ? above : below;
    if (!best) return 0;
    const double scale = above ? 1 : (double)threads / below->threads;
    if (bytes) *bytes = (size_t)((double)best->bytes * scale);
    return best->median * scale;
}

static double flop_rate(const ceilings *c, mot_isa isa, mot_dtype dtype, int threads) {
    double best = 0;
    for (mot_dtype d = MOT_F32; d <= dtype; d++)
        for (mot_isa i = MOT_ISA_SCALAR; i <= (isa == MOT_ISA_BEST ? mot_isa_top(d) : mot_isa_for(isa, d)); i++) {
            char name[32];
            snprintf(name, sizeof name, "fma_%s_%s", mot_isa_name(i), mot_dtype_name(d));
            best = fmax(best, bound(c, name, threads, NULL));
        }
    return best;
}

/* The fastest of the levels that hold the set and those further out; a measured set is half of its level. */
static double byte_rate(const ceilings *c, int threads, size_t working_set) {
    static const char *const level[] = {"read_L1", "read_L2", "read_L3"};
    double best = fmax(bound(c, "read_DRAM", threads, NULL), bound(c, "copy_DRAM", threads, NULL));
    best = fmax(best, bound(c, "copy_nt_DRAM", threads, NULL));
    for (int i = 2; i >= 0; i--) {
        size_t bytes = 0;
        const double rate = bound(c, level[i], threads, &bytes);
        if (working_set / 2 <= bytes) best = fmax(best, rate);
    }
    return best;
}

double ceilings_floor_cuda_ns(const ceilings *c, const char *product, double flops, double bytes, double cold) {
    const ceiling *rate = ceilings_find(c, product, 0), *copy = ceilings_find(c, "copy_device", 0);
    const double l2 = copy ? (double)copy->bytes / CEILING_L2S : 0, moved = fmax(cold, bytes - l2);
    return fmax(rate ? flops / rate->median : 0, copy ? moved / copy->median : 0);
}

/* GFLOP/s and GB/s are FLOPs and bytes per ns. */
double ceilings_floor_ns(const ceilings *c, mot_isa isa, mot_dtype dtype, int threads, double flops, double bytes,
                         size_t working_set) {
    const double compute = flop_rate(c, isa, dtype, threads), memory = byte_rate(c, threads, working_set);
    return fmax(compute > 0 ? flops / compute : 0, memory > 0 ? bytes / memory : 0);
}
