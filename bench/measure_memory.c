/* measure_memory.c: how many rotating copies a comparison needs, and how many fit. */
#include "measure_run.h"

#include <stdio.h>

enum { MIB = 1 << 20, DEFAULT_LLC = 32 * MIB };

static size_t last_level_cache(const topology *t) { return t->l3 ? t->l3 : t->l2 ? t->l2 : DEFAULT_LLC; }

/* The sides of one arena, one after the other; NULL past the last. */
static const side *next_in(const comparison *c, const arena *a, const side *before) {
    for (const side *s = before ? before + 1 : c->side; s < c->side + c->count; s++)
        if (s->tensors == &a->tensors) return s;
    return NULL;
}

/* Raw weights rotate only for those that do not pack them. */
static int shared_rotating(const comparison *c, const arena *a) {
    int set = 0;
    for (const side *s = NULL; (s = next_in(c, a, s));)
        set |= side_rotating(s, c->options.cache) & (s->packs ? ~(MOT_W1 | MOT_W2) : ~0);
    return set;
}

/* Copies so that the side with the smallest set meets cold data too. 0: nothing rotates. */
static size_t copies_wanted(const comparison *c, const arena *a) {
    size_t smallest = 0;
    for (const side *s = NULL; (s = next_in(c, a, s));) {
        const size_t set = tensors_bytes(&a->tensors.shape, c->dtype, side_rotating(s, c->options.cache));
        if (set && (!smallest || set < smallest)) smallest = set;
    }
    return smallest ? rotation_copies(smallest, last_level_cache(&c->topology)) : 0;
}

typedef struct demand {
    size_t once, per_copy;
} demand;

static demand demand_of(const comparison *c, const arena *a) {
    const mot_shape *shape = &a->tensors.shape;
    const int present = a->tensors.present, rotating = a->tensors.rotating;
    demand d = {tensors_bytes(shape, c->dtype, present & ~rotating), tensors_bytes(shape, c->dtype, rotating)};
    d.once += tensors_bytes(shape, c->dtype, next_in(c, a, NULL)->writes); /* the witness */
    for (const side *s = NULL; (s = next_in(c, a, s));) {
        const bool rotates = side_rotating(s, c->options.cache) & (MOT_W1 | MOT_W2);
        *(rotates ? &d.per_copy : &d.once) += side_packed_bytes(s, shape);
        d.once += side_workspace_bytes(s, shape);
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

static void note_rotation(tensors *t, size_t wanted) {
    if (t->cache == CACHE_HOT) return;
    if (!wanted)
        snprintf(t->note, sizeof t->note, "no weights to rotate in this stage: as hot");
    else if (t->copies < wanted)
        snprintf(t->note, sizeof t->note, "%zu of %zu rotating copies fit in memory", t->copies, wanted);
}

static bool fill_arena(comparison *c, arena *a) {
    bool ok = tensors_make(&a->tensors, c->options.seed);
    for (size_t i = 0; ok && i < c->count && comparison_goes_on(c, 0); i++)
        if (c->side[i].tensors == &a->tensors)
            ok = side_prepare(&c->side[i], &a->tensors) && arena_witness(a, &c->side[i]);
    rotor_unmap(&a->witness.copy);
    return ok;
}

static bool prepare_arena(comparison *c, arena *a, char *error, size_t error_size) {
    tensors *t = &a->tensors;
    t->dtype = c->dtype;
    t->cache = c->options.cache;
    for (const side *s = NULL; (s = next_in(c, a, s));) t->present |= s->reads | s->writes;
    t->rotating = shared_rotating(c, a);
    const demand d = demand_of(c, a);
    const size_t wanted = copies_wanted(c, a);
    t->copies = copies_affordable(&d, wanted ? wanted : 1);
    if (!t->copies) {
        snprintf(error, error_size, "these contestants need %zu MiB; %zu MiB are free and at most 60 %% are taken",
                 (d.once + d.per_copy) / MIB, memory_left() / MIB);
        return false;
    }
    note_rotation(t, wanted);
    if (fill_arena(c, a)) return true;
    snprintf(error, error_size, "out of memory: %zu MiB were asked for", (d.once + t->copies * d.per_copy) / MIB);
    return false;
}

/* One arena after the other: each may take 60 % of what the ones before have left. */
bool comparison_prepare(comparison *c, char *error, size_t error_size) {
    for (size_t i = 0; i < c->arenas && !c->stop; i++)
        if (!prepare_arena(c, &c->arena[i], error, error_size)) return false;
    return true;
}

void comparison_free(comparison *c) {
    for (size_t i = 0; i < c->count; i++) side_free(&c->side[i]);
    for (size_t i = 0; i < c->arenas; i++) tensors_free(&c->arena[i].tensors);
}
