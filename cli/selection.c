/* selection.c: see selection.h. */
#include "selection.h"
#include "cpu.h"
#include "cuda_device.h"
#include "verb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

mot_isa selection_cap(const options *o) {
    mot_isa best = mot_cpu_isa();
    return o->cap != MOT_ISA_BEST && o->cap < best ? o->cap : best;
}

bool selection_has_isa(const options *o, mot_isa isa) { return !o->isas || (o->isas >> isa & 1); }

bool selection_has_cuda(const options *o) { return !o->isas || o->isas & ISA_CUDA; }
bool selection_has_cpu(const options *o) { return !o->isas || o->isas & ~ISA_CUDA; }

int selection_check_threads(const options *o) {
    int most = mot_cpu_threads();
    for (int i = 0; i < o->thread_counts; i++)
        if (o->threads[i] > most)
            return verb_fail(o, EXIT_USAGE, "--threads %d: this process may use %d CPUs", o->threads[i], most);
    return EXIT_OK;
}

const char *subject_why_not(const subject *s, const options *o) {
    static const mot_shape least = {1, 1, 1, 1, 1};
    static char reason[64];
    if (s->peer) return NULL;
    if (s->cuda)
        return s->cuda_layer ? cuda_layer_why_not(s->cuda_layer, &least) : candidate_why_not(s->choice.variant);
    if (o->cap == MOT_ISA_BEST || s->isa <= o->cap) return mot_cpu_why_not(s->isa);
    snprintf(reason, sizeof reason, "MOT_ISA=%s", mot_isa_name(o->cap));
    return reason;
}

bool subject_plan(const subject *s, const mot_shape *shape, mot_plan *out) {
    if (s->kind == SUBJECT_STAGE)
        *out = (mot_plan){.steps = 1, .step = {s->choice}};
    else if (s->cuda)
        *out = cuda_layer_plan(s->cuda_layer, shape);
    else
        *out = s->peer ? peer_layer(s->peer, s->peer_layer) : mot_select_layer(shape, s->isa, s->dtype);
    for (int i = 0; i < out->steps; i++)
        if (!out->step[i].variant) return false;
    return out->steps > 0;
}

int require_gpu(const options *o) {
    if (!cuda_required() || !cuda_why_none()) return EXIT_OK;
    return verb_fail(o, EXIT_ENVIRONMENT, "MOT_REQUIRE_GPU=1: %s", cuda_why_none());
}

/* ---- the list */

static void add(selection *all, subject s) { all->item[all->count++] = s; }

static subject variant_subject(const mot_variant *v) {
    subject s = {.kind = SUBJECT_STAGE, .stage = v->stage, .isa = v->isa, .dtype = v->dtype, .peer = candidate_peer(v)};
    s.cuda = candidate_cuda(v) != NULL;
    s.choice = (mot_choice){v, mot_config_default(v)};
    snprintf(s.name, sizeof s.name, "%s", v->name);
    return s;
}

static subject whole_subject(subject_kind kind, mot_isa isa, mot_dtype dtype) {
    subject s = {.kind = kind, .stage = MOT_STAGE_LAYER, .isa = isa, .dtype = dtype};
    snprintf(s.name, sizeof s.name, "%s%s_%s", kind == SUBJECT_LAYER ? "layer" : "properties",
             dtype == MOT_BF16 ? "_bf16" : "", mot_isa_name(isa));
    return s;
}

static subject peer_subject(const peer *p, size_t layer) {
    const mot_plan plan = peer_layer(p, layer);
    subject s = {
        .kind = SUBJECT_LAYER, .stage = MOT_STAGE_LAYER, .isa = MOT_ISA_SCALAR, .peer = p, .peer_layer = layer};
    s.dtype = mot_plan_dtype(&plan);
    peer_layer_name(s.name, sizeof s.name, "layer", p, layer);
    return s;
}

static subject cuda_subject(const cuda_layer *layer) {
    subject s = {.kind = SUBJECT_LAYER, .stage = MOT_STAGE_LAYER, .isa = MOT_ISA_SCALAR, .dtype = layer->dtype};
    s.cuda = true, s.cuda_layer = layer;
    snprintf(s.name, sizeof s.name, "%s", layer->name);
    return s;
}

/* One for each ISA of each data type. */
static void add_wholes(selection *all, subject_kind kind) {
    for (mot_dtype dtype = MOT_F32; dtype <= MOT_BF16; dtype++)
        for (mot_isa isa = MOT_ISA_SCALAR; isa <= mot_isa_top(dtype); isa++) add(all, whole_subject(kind, isa, dtype));
}

static bool list_everything(selection *all) {
    enum { ISAS = MOT_ISA_HIGHEST };
    /* a peer has a layer an experts variant, and so has a GPU at most */
    all->item = calloc(2 * candidate_count() + 4 * ISAS, sizeof *all->item);
    if (!all->item) return false;
    for (size_t i = 0; i < candidate_count(); i++) add(all, variant_subject(candidate_at(i)));
    add_wholes(all, SUBJECT_LAYER);
    for (size_t i = 0; i < peer_count(); i++)
        for (size_t k = 0; k < peer_layer_count(peer_at(i)); k++) add(all, peer_subject(peer_at(i), k));
    for (size_t i = 0; cuda_layer_at(i); i++) add(all, cuda_subject(cuda_layer_at(i)));
    add_wholes(all, SUBJECT_PROPERTIES);
    return true;
}

/* ---- the selection */

static bool selected(const subject *s, const options *o) {
    if (o->stages && !(o->stages >> s->stage & 1)) return false;
    if (!options_dtype(o, s->dtype)) return false;
    if (s->cuda ? !selection_has_cuda(o) : s->peer ? o->isas != 0 : !selection_has_isa(o, s->isa))
        return false; /* a peer has none of ours */
    return filter_keeps(o->filter, s->name);
}

/* A choice is a name as it is listed, or a variant with knobs, which the subject then has. */
static bool is_choice(subject *s, const options *o, const char *text) {
    mot_choice choice;
    if (!options_dtype(o, s->dtype)) return false;
    if (!strcmp(s->name, text)) return true;
    if (s->kind != SUBJECT_STAGE || !mot_choice_parse(&choice, text, candidate_find)) return false;
    if (choice.variant != s->choice.variant) return false;
    s->choice = choice;
    mot_choice_print(s->name, sizeof s->name, &choice);
    return true;
}

static void print_knobs(const mot_variant *v, char *buf, size_t size) {
    size_t n = (size_t)snprintf(buf, size, v->knob_count ? "; its knobs:" : "; it has no knobs");
    for (int k = 0; k < v->knob_count && n < size; k++) {
        n += (size_t)snprintf(buf + n, size - n, " %s=", v->knobs[k].name);
        for (int i = 0; i < v->knobs[k].count && n < size; i++)
            n += (size_t)snprintf(buf + n, size - n, "%s%d", i ? "|" : "", v->knobs[k].values[i]);
    }
}

static int no_such_choice(const options *o, const char *text) {
    char name[SUBJECT_NAME], knobs[256] = "";
    snprintf(name, sizeof name, "%.*s", (int)strcspn(text, "{"), text);
    if (candidate_find(name)) print_knobs(candidate_find(name), knobs, sizeof knobs);
    return verb_fail(o, EXIT_USAGE, "--choice '%.100s' is unknown or excluded; `motbench list variants` names all%s",
                     text, knobs);
}

/* Each --choice in the order of the command line. A text means one subject. */
static int choose(selection *s, const options *o) {
    subject *chosen = calloc((size_t)o->choice_count, sizeof *chosen);
    if (!chosen) return verb_fail(o, EXIT_ENVIRONMENT, "out of memory");
    for (int c = 0; c < o->choice_count; c++) {
        size_t i = 0;
        while (i < s->count && (chosen[c] = s->item[i], !is_choice(&chosen[c], o, o->choices[c]))) i++;
        if (i == s->count) return free(chosen), no_such_choice(o, o->choices[c]);
    }
    free(s->item);
    *s = (selection){.item = chosen, .count = (size_t)o->choice_count};
    return EXIT_OK;
}

static int filter_out(selection *s, const options *o) {
    size_t kept = 0;
    for (size_t i = 0; i < s->count; i++)
        if (selected(&s->item[i], o)) s->item[kept++] = s->item[i];
    s->count = kept;
    if (kept) return EXIT_OK;
    return verb_fail(o, EXIT_USAGE,
                     "--stage, --isa, --dtype and --filter leave nothing; `motbench list variants` names all");
}

int selection_make(selection *out, const options *o) {
    *out = (selection){0};
    if (!list_everything(out)) return verb_fail(o, EXIT_ENVIRONMENT, "out of memory");
    return o->choice_count ? choose(out, o) : filter_out(out, o);
}

void selection_keep_default_peer(selection *s) {
    size_t kept = 0;
    for (size_t i = 0; i < s->count; i++)
        if (!s->item[i].peer || s->item[i].peer == peer_default(s->item[i].dtype)) s->item[kept++] = s->item[i];
    s->count = kept;
}

void selection_free(selection *s) {
    free(s->item);
    *s = (selection){0};
}
