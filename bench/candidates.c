/* candidates.c: libmot's variants, then those of the peers, as one list. */
#include "peers.h"

#include "cpu.h"

#include <string.h>

static const peer *const peers[] = {
#define PEER(library) &peer_##library,
#include "peers.def"
#undef PEER
    NULL};

size_t peer_count(void) { return sizeof peers / sizeof *peers - 1; }
const peer *peer_at(size_t index) { return index < peer_count() ? peers[index] : NULL; }

bool peer_is_default(const peer *p) { return p == peer_at(0); }

static size_t peer_variants(void) {
    size_t n = 0;
    for (size_t i = 0; i < peer_count(); i++) n += peers[i]->variant_count;
    return n;
}

size_t candidate_count(void) { return mot_registry_count() + peer_variants(); }

const mot_variant *candidate_at(size_t index) {
    if (index < mot_registry_count()) return mot_registry_at(index);
    index -= mot_registry_count();
    for (size_t i = 0; i < peer_count(); i++) {
        if (index < peers[i]->variant_count) return &peers[i]->variants[index];
        index -= peers[i]->variant_count;
    }
    return NULL;
}

const mot_variant *candidate_find(const char *name) {
    for (size_t i = 0; i < candidate_count(); i++)
        if (strcmp(candidate_at(i)->name, name) == 0) return candidate_at(i);
    return NULL;
}

const peer *candidate_peer(const mot_variant *v) {
    for (size_t i = 0; i < peer_count(); i++)
        for (size_t j = 0; j < peers[i]->variant_count; j++)
            if (v == &peers[i]->variants[j]) return peers[i];
    return NULL;
}

const char *candidate_why_not(const mot_variant *v) { return candidate_peer(v) ? NULL : mot_cpu_why_not(v->isa); }

/* The index-th variant of a stage, at its defaults. */
static mot_choice peer_choice(const peer *p, mot_stage stage, size_t index) {
    for (size_t i = 0; i < p->variant_count; i++)
        if (p->variants[i].stage == stage && index-- == 0)
            return (mot_choice){&p->variants[i], mot_config_default(&p->variants[i])};
    return (mot_choice){0};
}

size_t peer_layer_count(const peer *p) {
    size_t n = 0;
    for (size_t i = 0; i < p->variant_count; i++) n += p->variants[i].stage == MOT_STAGE_EXPERTS;
    return n;
}

mot_plan peer_layer(const peer *p, size_t index) {
    return (mot_plan){.steps = 4,
                      .step = {peer_choice(p, MOT_STAGE_ROUTE, 0), peer_choice(p, MOT_STAGE_MIX, 0),
                               peer_choice(p, MOT_STAGE_EXPERTS, index), peer_choice(p, MOT_STAGE_REDISTRIBUTE, 0)}};
}

const char *peer_layer_name(const peer *p, size_t index) {
    return peer_choice(p, MOT_STAGE_EXPERTS, index).variant->name + strlen("experts_blas_");
}
