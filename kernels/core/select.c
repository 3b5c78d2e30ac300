/* select.c: the built-in choice of a stage when there is no profile: a cost model of the register tile. */
#include "cpu.h"
#include "plan.h"

#include <string.h>

static double at_least(double a, double b) { return a > b ? a : b; }

static double parts(double n, int size) { return at_least(1, (double)(((size_t)n + (size_t)size - 1) / (size_t)size)); }

/* What the tile has to cover: rows, and columns padded to whole panels over columns. */
static double rows_of(const mot_variant *v, const mot_shape *s) {
    return at_least(1, (double)(v->stage == MOT_STAGE_EXPERTS ? s->groups
                                : v->stage == MOT_STAGE_MIX   ? s->experts
                                                              : s->group_size));
}
static double padding(size_t columns, int nr) { return parts((double)columns, nr) * nr / at_least(1, (double)columns); }
static double padding_of(const mot_variant *v, const mot_shape *s) {
    if (v->stage == MOT_STAGE_EXPERTS) return (padding(s->d_expert, v->nr) + padding(s->d_model, v->nr)) / 2;
    if (v->stage == MOT_STAGE_FRONT && s->experts <= mot_dot_experts(v->isa)) return padding(s->d_model, v->nr);
    if (v->stage == MOT_STAGE_FRONT) return (padding(s->experts, v->nr) + padding(s->d_model, v->nr)) / 2;
    return padding(v->stage == MOT_STAGE_ROUTE ? s->experts : s->d_model, v->nr);
}

/* Cycles per element of the product on a core that does two multiply-adds and two loads in a cycle, with a latency of
 * four: a step of k costs its FMAs, its loads (mr broadcasts, nv vectors of b) or the latency, whichever is most. Rows
 * are shared evenly among strips; columns that only pad the last panel are paid for. */
static double vector_cost(const mot_variant *v, const mot_shape *s) {
    static const int lanes[] = {
        [MOT_ISA_SCALAR] = 1, [MOT_ISA_AVX2] = 8, [MOT_ISA_AVX512] = 16, [MOT_ISA_AVX512BF16] = 16};
    const double rows = rows_of(v, s), strips = parts(rows, v->mr), mr = rows / strips;
    const double nv = (double)v->nr / lanes[v->isa];
    const double step = at_least(at_least(mr * nv, mr + nv), 8) / 2;
    return step * strips * padding_of(v, s) / (rows * v->nr);
}

/* The same of matrix registers, 16 x 16 each: a block product takes 16 cycles for 16 steps, a block loaded from L2 as
 * many. */
static double matrix_cost(const mot_variant *v, const mot_shape *s) {
    const double rows = rows_of(v, s), blocks = parts(rows, 16), strips = parts(rows, v->mr);
    const double columns = v->nr / 16;
    return at_least(blocks * columns, blocks + strips * columns) * padding_of(v, s) / (rows * v->nr);
}

static double tile_cost(const mot_variant *v, const mot_shape *s) {
    return v->isa == MOT_ISA_AMX ? matrix_cost(v, s) : vector_cost(v, s);
}

static bool only_streams(mot_stage stage, const mot_shape *s) {
    return stage == MOT_STAGE_EXPERTS && s->groups <= MOT_FEW_ROWS;
}

/* A block of AMX is 32 terms deep: products of no more than half of that are faster on vectors, which read rows of bf16
 * where they lie (T = E = 2: mix 0.52 ms and 0.11; T = E = 8 0.23 and 0.13; T = E = 32 0.17 and 0.28). */
static bool is_shallow(mot_stage stage, const mot_shape *s) {
    enum { SHALLOW = 16 };
    return (stage == MOT_STAGE_MIX && s->group_size <= SHALLOW) ||
           (stage == MOT_STAGE_REDISTRIBUTE && s->experts <= SHALLOW);
}

/* Nor is one read of the weights work for AMX: its loads of blocks get in the way (D 768, H 3072: G = 1 10.0 ms and 8.9
 * with vectors, G = 4 10.2 and 8.9; but G = 8 10.4 and 12.9). */
static mot_isa isa_for(mot_stage stage, const mot_shape *s, mot_isa cap, mot_dtype dtype) {
    const mot_isa isa = mot_isa_for(cap, dtype);
    if (isa != MOT_ISA_AMX) return isa;
    return is_shallow(stage, s) ? MOT_ISA_AVX512 : only_streams(stage, s) ? MOT_ISA_AVX512BF16 : isa;
}

/* How many parts of the next panel are prefetched side by side. Intel's L2 runs some twenty lines ahead in each page
 * that it sees read, so eight pages keep its memory busy and one does not; but not where a plain read is all there is.
 * AMD's (Zen 4) was measured with one, and for few rows does best alone (D 768, H 3072: G = 1 7.9 ms and 10.3 with
 * prefetch). */
static int streams_for(const mot_shape *s) {
    const bool few = only_streams(MOT_STAGE_EXPERTS, s);
    return mot_cpu_kind_here() >= MOT_CPU_AMD ? !few : few ? 1 : 8;
}

/* Weights that no cache holds until the next call, read once, are fetched on their way by the kernel: on a Zen 5 the
 * hardware alone does it less evenly (stage experts of G = 4: 14.9 ms and 11.7). On a Zen 4 it does well enough (bf16,
 * 6 x 64: 8.5 ms and 9.2). */
static bool reads_past_l2(const mot_variant *v, const mot_shape *s) {
    enum { CACHED = 128 << 20 };
    const size_t weights = 2 * s->experts * s->d_model * s->d_expert * mot_dtype_bytes(v->dtype);
    return mot_cpu_kind_here() == MOT_CPU_ZEN5 && only_streams(v->stage, s) && weights > CACHED;
}

/* Up to how many strips of rows read a group's rows where they are. Zen 5's L1 has half as many ways again and is
 * filled twice as fast: no copy pays as long as two groups fit in L2 (T = E = 64, D 768: mix 0.98 ms and 0.85; but
 * D 4096, T = E = 128: 4.9 and 7.0). */
static int strips_in_place(const mot_variant *v, const mot_shape *s) {
    enum { SEVERAL = 4, ALL = 64, HALF_OF_L2 = 512 << 10 };
    const size_t rows = v->stage == MOT_STAGE_REDISTRIBUTE ? s->experts : s->group_size;
    const bool fits = rows * s->d_model * mot_dtype_bytes(v->dtype) <= HALF_OF_L2;
    return fits && mot_cpu_kind_here() == MOT_CPU_ZEN5 ? ALL : SEVERAL;
}

mot_config mot_select_config(const mot_variant *v, const mot_shape *s) {
    mot_config c = mot_config_default(v);
    for (int i = 0; i < v->knob_count; i++) {
        if (strcmp(v->knobs[i].name, "prefetch") == 0) c.value[i] = streams_for(s);
        if (strcmp(v->knobs[i].name, "past_l2") == 0) c.value[i] = reads_past_l2(v, s);
        if (strcmp(v->knobs[i].name, "in_place") == 0) c.value[i] = strips_in_place(v, s);
    }
    return c;
}

/* Ties: the first in variants.def; of plain reads (AMD's), those in longer runs. */
static bool is_better_stream(const mot_variant *v, const mot_variant *than, const mot_shape *s) {
    return only_streams(v->stage, s) && streams_for(s) == 0 && v->nr > than->nr;
}

mot_choice mot_select_stage(mot_stage stage, const mot_shape *s, mot_isa isa, mot_dtype dtype) {
    mot_choice best = {NULL, {{0}}};
    double best_cost = 0;
    for (size_t i = 0; i < mot_registry_count(); i++) {
        const mot_variant *v = mot_registry_at(i);
        if (v->stage != stage || v->dtype != dtype || v->isa != isa_for(stage, s, isa, dtype)) continue;
        const mot_config config = mot_select_config(v, s);
        if (!v->supports(s, &config)) continue;
        const double cost = tile_cost(v, s);
        if (best.variant && (cost > best_cost || (cost == best_cost && !is_better_stream(v, best.variant, s))))
            continue;
        best = (mot_choice){v, config};
        best_cost = cost;
    }
    return best;
}

/* route and mix are one stage where they are of one ISA: X is then read once. */
mot_plan mot_select_layer(const mot_shape *s, mot_isa isa, mot_dtype dtype) {
    static const mot_stage fused[] = {MOT_STAGE_FRONT, MOT_STAGE_EXPERTS, MOT_STAGE_REDISTRIBUTE},
                           apart[] = {MOT_STAGE_ROUTE, MOT_STAGE_MIX, MOT_STAGE_EXPERTS, MOT_STAGE_REDISTRIBUTE};
    const bool fuse = isa_for(MOT_STAGE_ROUTE, s, isa, dtype) == isa_for(MOT_STAGE_MIX, s, isa, dtype);
    mot_plan plan = {.steps = fuse ? 3 : 4};
    for (int i = 0; i < plan.steps; i++) plan.step[i] = mot_select_stage(fuse ? fused[i] : apart[i], s, isa, dtype);
    return plan;
}
