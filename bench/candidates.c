/* candidates.c: libmot's variants, those of the peers, and those on a GPU as one list. */
#include "peers.h"

#include "cuda_device.h"

#include <stdio.h>
#include <string.h>

static const peer *const peers[] = {
#define PEER(library) &peer_##library,
#include "peers.def"
#undef PEER
    NULL};

size_t peer_count(void) { return sizeof peers / sizeof *peers - 1; }
const peer *peer_at(size_t index) { return index < peer_count() ? peers[index] : NULL; }

void peers_leave(void) {
    for (size_t i = 0; i < peer_count(); i++)
        if (peers[i]->leave) peers[i]->leave();
}

static size_t peer_variants(void) {
    size_t n = 0;
    for (size_t i = 0; i < peer_count(); i++) n += peers[i]->variant_count;
    return n;
}

size_t candidate_count(void) { return mot_registry_count() + peer_variants() + mot_cuda_count(); }

const mot_variant *candidate_at(size_t index) {
    if (index < mot_registry_count()) return mot_registry_at(index);
    index -= mot_registry_count();
    for (size_t i = 0; i < peer_count(); i++) {
        if (index < peers[i]->variant_count) return &peers[i]->variants[index];
        index -= peers[i]->variant_count;
    }
    return index < mot_cuda_count() ? &mot_cuda_at(index)->variant : NULL;
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

/* The first variant of a stage for this data type, at its defaults. */
static mot_choice peer_choice(const peer *p, mot_stage stage, mot_dtype dtype) {
    for (size_t i = 0; i < p->variant_count; i++)
        if (p->variants[i].stage == stage && p->variants[i].dtype == dtype)
            return (mot_choice){&p->variants[i], mot_config_default(&p->variants[i])};
    return (mot_choice){0};
}

static mot_plan layer_of(const peer *p, const mot_variant *experts) {
    const mot_dtype d = experts->dtype;
    return (mot_plan){.steps = 4,
                      .step = {peer_choice(p, MOT_STAGE_ROUTE, d), peer_choice(p, MOT_STAGE_MIX, d),
                               (mot_choice){experts, mot_config_default(experts)},
                               peer_choice(p, MOT_STAGE_REDISTRIBUTE, d)}};
}

/* Experts that the peer has the other stages for, in their data type. */
static bool heads_a_layer(const peer *p, const mot_variant *v) {
    if (v->stage != MOT_STAGE_EXPERTS) return false;
    const mot_plan plan = layer_of(p, v);
    return plan.step[0].variant && plan.step[1].variant && plan.step[3].variant;
}

size_t peer_layer_count(const peer *p) {
    size_t n = 0;
    for (size_t i = 0; i < p->variant_count; i++) n += heads_a_layer(p, &p->variants[i]);
    return n;
}

mot_plan peer_layer(const peer *p, size_t index) {
    for (size_t i = 0; i < p->variant_count; i++)
        if (heads_a_layer(p, &p->variants[i]) && index-- == 0) return layer_of(p, &p->variants[i]);
    return (mot_plan){0};
}

static bool computes(const peer *p, mot_dtype dtype) {
    const mot_shape least = {1, 1, 1, 1, 1};
    for (size_t k = 0; k < peer_layer_count(p); k++) {
        const mot_choice experts = peer_layer(p, k).step[2];
        if (experts.variant->dtype == dtype && experts.variant->supports(&least, &experts.config)) return true;
    }
    return false;
}

const peer *peer_default(mot_dtype dtype) {
    for (size_t i = 0; i < peer_count(); i++)
        if (computes(peers[i], dtype)) return peers[i];
    return NULL;
}

void peer_layer_name(char *name, size_t size, const char *prefix, const peer *p, size_t index) {
    const mot_variant *experts = peer_layer(p, index).step[2].variant;
    const char *type = experts->dtype == MOT_BF16 ? "_bf16" : "";
    const char *tag = experts->name + strlen("experts_blas_") + strlen(p->library) + strlen(type);
    snprintf(name, size, "%s%s_%s%s", prefix, type, p->library, tag);
}
