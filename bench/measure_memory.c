/* measure_memory.c: how many rotating copies a comparison needs, and how many fit. */
#include "measure_run.h"

#include <stdio.h>

enum { MIB = 1 << 20, DEFAULT_LLC = 32 * MIB };

static size_t last_level_cache(const topology *t) { return t->l3 ? t->l3 : t->l2 ? t->l2 : DEFAULT_LLC; }

/* Raw weights rotate only for those that do not pack them. */
static int shared_rotating(const comparison *c) {
    int set = 0;
    for (size_t i = 0; i < c->count; i++) {
        const side *s = &c->side[i];
        set |= side_rotating(s, c->options.cache) & (s->packs ? ~(MOT_W1 | MOT_W2) : ~0);
    }
    return set;
}

/* Copies so that the side with the smallest set meets cold data too. 0: nothing rotates. */
static size_t copies_wanted(const comparison *c) {
    size_t smallest = 0;
    for (size_t i = 0; i < c->count; i++) {
        const size_t set = tensors_bytes(&c->shape, c->dtype, side_rotating(&c->side[i], c->options.cache));
        if (set && (!smallest || set < smallest)) smallest = set;
    }
    return smallest ? rotation_copies(smallest, last_level_cache(&c->topology)) : 0;
}

typedef struct demand {
    size_t once, per_copy;
} demand;

static demand demand_of(const comparison *c, int present, int rotating) {
    demand d = {tensors_bytes(&c->shape, c->dtype, present & ~rotating), tensors_bytes(&c->shape, c->dtype, rotating)};
    d.once += tensors_bytes(&c->shape, c->dtype, c->side[0].writes); /* the witness */
    for (size_t i = 0; i < c->count; i++) {
        const side *s = &c->side[i];
        const bool rotates = side_rotating(s, c->options.cache) & (MOT_W1 | MOT_W2);
        *(rotates ? &d.per_copy : &d.once) += side_packed_bytes(s, &c->shape);
        d.once += side_workspace_bytes(s, &c->shape);
    }
    return d;
}

/* Not more than 60 % of what is free: the machine must not begin to swap. 0: not even one copy fits. */
static size_t copies_affordable(const demand *d, size_t wanted) {
    if (d->once + wanted * d->per_copy > memory_left() / 10 * 6) rotor_release();
    const size_t available = memory_left(), cap = available / 10 * 6;
    if (!available) return wanted;
    if (d->once > cap) return 0;
    if (!d->per_copy) return wanted;
    const size_t fit = (cap - d->once) / d->per_copy;
    return fit < wanted ? fit : wanted;
}

static void note_rotation(comparison *c, size_t copies, size_t wanted) {
    if (c->options.cache == CACHE_HOT) return;
    if (!wanted)
        snprintf(c->note, sizeof c->note, "no weights to rotate in this stage: as hot");
    else if (copies < wanted)
        snprintf(c->note, sizeof c->note, "%zu of %zu rotating copies fit in memory", copies, wanted);
}

bool comparison_prepare(comparison *c, char *error, size_t error_size) {
    int present = 0;
    for (size_t i = 0; i < c->count; i++) present |= c->side[i].reads | c->side[i].writes;
    const int rotating = shared_rotating(c);
    const demand d = demand_of(c, present, rotating);
    const size_t wanted = copies_wanted(c), copies = copies_affordable(&d, wanted ? wanted : 1);
    if (!copies) {
        snprintf(error, error_size, "these contestants need %zu MiB; %zu MiB are free and at most 60 %% are taken",
                 (d.once + d.per_copy) / MIB, memory_left() / MIB);
        return false;
    }
    note_rotation(c, copies, wanted);
    c->tensors = (tensors){.shape = c->shape,
                           .dtype = c->dtype,
                           .present = present,
                           .rotating = rotating,
                           .copies = copies,
                           .cache = c->options.cache};
    bool ok = tensors_make(&c->tensors, c->options.seed);
    for (size_t i = 0; ok && i < c->count && comparison_goes_on(c, 0); i++)
        ok = side_prepare(&c->side[i], &c->tensors) && comparison_witness(c, &c->side[i]);
    rotor_unmap(&c->witness.copy);
    if (!ok) snprintf(error, error_size, "out of memory: %zu MiB were asked for", (d.once + copies * d.per_copy) / MIB);
    return ok;
}

void comparison_free(comparison *c) {
    for (size_t i = 0; i < c->count; i++) side_free(&c->side[i]);
    tensors_free(&c->tensors);
}
