#include "contestants.h"

#include "cpu.h"

#include <stdio.h>
#include <string.h>

/* Where contestants are collected. */
typedef struct list {
    contestant *item;
    size_t count, capacity;
} list;

static void add(list *l, const char *name, mot_plan plan) {
    for (int i = 0; i < plan.steps; i++)
        if (!plan.step[i].variant) return; /* no variant of this ISA supports the shape */
    if (l->count < l->capacity) l->item[l->count++] = (contestant){.plan = plan, .name = name};
}

static mot_plan one_step(mot_choice choice) { return (mot_plan){.steps = 1, .step = {choice}}; }

/* MOT_ISA_BEST as a cap is none. */
static bool has_isa(mot_isa isa, mot_isa cap) { return (cap == MOT_ISA_BEST || isa <= cap) && !mot_cpu_why_not(isa); }

static bool usable(const mot_variant *v, mot_isa cap) { return candidate_peer(v) || has_isa(v->isa, cap); }

size_t contestants_for_stage(mot_stage stage, const mot_shape *s, mot_isa cap, contestant *out, size_t capacity) {
    list l = {out, 0, capacity};
    for (size_t i = 0; i < candidate_count(); i++) {
        const mot_choice choice = {candidate_at(i), mot_config_default(candidate_at(i))};
        const mot_variant *v = choice.variant;
        if (v->stage == stage && usable(v, cap) && v->supports(s, &choice.config)) add(&l, v->name, one_step(choice));
    }
    return l.count;
}

/* "layer_openblas": kept for the life of the program, one text per layer of a peer and prefix. */
static const char *kept_name(const char *prefix, const char *library) {
    enum { MOST = 32 };
    static char text[MOST][48];
    char name[sizeof text[0]];
    snprintf(name, sizeof name, "%s_%s", prefix, library);
    for (int i = 0; i < MOST; i++) {
        if (!text[i][0]) memcpy(text[i], name, sizeof name);
        if (!strcmp(text[i], name)) return text[i];
    }
    return library;
}

static void add_peer_layers(list *l) {
    for (size_t i = 0; i < peer_count(); i++)
        for (size_t k = 0; k < peer_layer_count(peer_at(i)); k++)
            add(l, kept_name("layer", peer_layer_name(peer_at(i), k)), peer_layer(peer_at(i), k));
}

static void add_peer_dense(list *l) {
    for (size_t i = 0; i < peer_count(); i++)
        for (size_t k = 0; k < peer_layer_count(peer_at(i)); k++)
            add(l, kept_name("dense_ffn", peer_layer_name(peer_at(i), k)), one_step(peer_layer(peer_at(i), k).step[2]));
}

static const char *const isa_layer[] = {"", "layer_scalar", "layer_avx2", "layer_avx512"};
static const char *const isa_dense[] = {"", "dense_ffn_scalar", "dense_ffn_avx2", "dense_ffn_avx512"};

size_t contestants_for_layer(const mot_shape *s, mot_isa cap, const mot_plan *tuned, contestant *out, size_t capacity) {
    list l = {out, 0, capacity};
    for (mot_isa isa = MOT_ISA_SCALAR; isa <= MOT_ISA_AVX512; isa++)
        if (has_isa(isa, cap)) add(&l, isa_layer[isa], mot_select_layer(s, isa, MOT_F32));
    if (tuned) add(&l, "layer_tuned", *tuned);
    add_peer_layers(&l);
    return l.count;
}

size_t contestants_for_dense(const mot_shape *dense, mot_isa cap, contestant *out, size_t capacity) {
    list l = {out, 0, capacity};
    for (mot_isa isa = MOT_ISA_SCALAR; isa <= MOT_ISA_AVX512; isa++)
        if (has_isa(isa, cap))
            add(&l, isa_dense[isa], one_step(mot_select_stage(MOT_STAGE_EXPERTS, dense, isa, MOT_F32)));
    add_peer_dense(&l);
    return l.count;
}
