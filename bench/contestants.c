#include "contestants.h"

#include "cpu.h"
#include "cuda_device.h"

#include <stdio.h>
#include <string.h>

/* Where contestants are collected. */
typedef struct list {
    contestant *item;
    size_t count, capacity;
    mot_dtype dtype;
} list;

static void add(list *l, const char *name, mot_plan plan) {
    for (int i = 0; i < plan.steps; i++)
        if (!plan.step[i].variant || plan.step[i].variant->dtype != l->dtype) return; /* none supports the shape */
    if (l->count < l->capacity) l->item[l->count++] = (contestant){.plan = plan, .name = name};
}

static mot_plan one_step(mot_choice choice) { return (mot_plan){.steps = 1, .step = {choice}}; }

/* MOT_ISA_BEST as a cap is none. */
static bool has_isa(mot_isa isa, mot_isa cap) { return (cap == MOT_ISA_BEST || isa <= cap) && !mot_cpu_why_not(isa); }

static bool usable(const mot_variant *v, mot_isa cap) {
    return !candidate_cuda(v) && (candidate_peer(v) || has_isa(v->isa, cap));
}

size_t contestants_for_stage(mot_stage stage, const mot_shape *s, mot_dtype dtype, mot_isa cap, contestant *out,
                             size_t capacity) {
    list l = {out, 0, capacity, dtype};
    for (size_t i = 0; i < candidate_count(); i++) {
        const mot_choice choice = {candidate_at(i), mot_select_config(candidate_at(i), s)};
        const mot_variant *v = choice.variant;
        if (v->stage == stage && usable(v, cap) && v->supports(s, &choice.config)) add(&l, v->name, one_step(choice));
    }
    return l.count;
}

size_t contestants_for_cuda(mot_stage stage, const mot_shape *s, mot_dtype dtype, contestant *out, size_t capacity) {
    list l = {out, 0, capacity, dtype};
    const cuda_layer *layer;
    for (size_t i = 0; stage == MOT_STAGE_LAYER && (layer = cuda_layer_at(i)); i++) {
        const mot_plan plan = cuda_layer_plan(layer, s);
        if (layer->dtype == dtype && plan.steps) add(&l, layer->name, plan);
    }
    for (size_t i = 0; i < mot_cuda_count(); i++) {
        const mot_variant *v = &mot_cuda_at(i)->variant;
        const mot_choice choice = {v, mot_config_default(v)};
        if (v->stage == stage && v->supports(s, &choice.config)) add(&l, v->name, one_step(choice));
    }
    return l.count;
}

/* ---- names of whole layers: f32 has none of its own, so that old sample files can be compared ---- */

#define NAMES(prefix)                                                                                                  \
    { "", prefix "scalar", prefix "avx2", prefix "avx512", prefix "avx512bf16", prefix "amx" }
static const char *const isa_layer[][MOT_ISA_HIGHEST + 1] = {NAMES("layer_"), NAMES("layer_bf16_")};
static const char *const isa_dense[][MOT_ISA_HIGHEST + 1] = {NAMES("dense_ffn_"), NAMES("dense_ffn_bf16_")};
static const char *const tuned_layer[] = {"layer_tuned", "layer_bf16_tuned"};

/* "layer_openblas": kept for the life of the program, one text per layer of a peer and prefix. */
static const char *kept_name(const char *prefix, const peer *p, size_t layer) {
    enum { MOST = 32 };
    static char text[MOST][48];
    char name[sizeof text[0]];
    peer_layer_name(name, sizeof name, prefix, p, layer);
    for (int i = 0; i < MOST; i++) {
        if (!text[i][0]) memcpy(text[i], name, sizeof name);
        if (!strcmp(text[i], name)) return text[i];
    }
    return p->library;
}

/* The layers of all peers, or their experts alone: a dense FFN. One of another data type needs no name. */
static void add_peers(list *l, const char *prefix, bool dense) {
    for (size_t i = 0; i < peer_count(); i++)
        for (size_t k = 0; k < peer_layer_count(peer_at(i)); k++) {
            const mot_plan plan = peer_layer(peer_at(i), k);
            if (mot_plan_dtype(&plan) != l->dtype) continue;
            add(l, kept_name(prefix, peer_at(i), k), dense ? one_step(plan.step[2]) : plan);
        }
}

size_t contestants_for_layer(const mot_shape *s, mot_dtype dtype, mot_isa cap, const mot_plan *tuned, contestant *out,
                             size_t capacity) {
    list l = {out, 0, capacity, dtype};
    for (mot_isa isa = MOT_ISA_SCALAR; isa <= mot_isa_top(dtype); isa++)
        if (has_isa(isa, cap)) add(&l, isa_layer[dtype][isa], mot_select_layer(s, isa, dtype));
    if (tuned) add(&l, tuned_layer[dtype], *tuned);
    add_peers(&l, "layer", false);
    return l.count;
}

size_t contestants_for_dense(const mot_shape *dense, mot_dtype dtype, mot_isa cap, contestant *out, size_t capacity) {
    list l = {out, 0, capacity, dtype};
    for (mot_isa isa = MOT_ISA_SCALAR; isa <= mot_isa_top(dtype); isa++)
        if (has_isa(isa, cap))
            add(&l, isa_dense[dtype][isa], one_step(mot_select_stage(MOT_STAGE_EXPERTS, dense, isa, dtype)));
    add_peers(&l, "dense_ffn", true);
    for (size_t i = 0; i < l.count; i++) out[i].own = *dense;
    return l.count;
}
