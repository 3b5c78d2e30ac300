/* select.c: the built-in choice of a stage when there is no profile: a cost model of the register tile. */
#include "plan.h"

/* rows x columns of the stage's product: what the tile has to cover. */
static void product_size(mot_stage stage, const mot_shape *s, double *rows, double *columns) {
    *rows = (double)(stage == MOT_STAGE_EXPERTS ? s->groups : stage == MOT_STAGE_MIX ? s->experts : s->group_size);
    *columns = (double)(stage == MOT_STAGE_ROUTE ? s->experts : s->d_model);
}

static double at_least(double a, double b) { return a > b ? a : b; }

static double parts(double n, int size) { return at_least(1, (double)(((size_t)n + (size_t)size - 1) / (size_t)size)); }

/* Cycles per element of the product on a core that does two multiply-adds and two loads in a cycle, with a latency of
 * four: a step of k costs its FMAs, its loads (mr broadcasts, nv vectors of b) or the latency, whichever is most. Rows
 * are shared evenly among strips; columns that only pad the last panel are paid for. */
static double tile_cost(const mot_variant *v, const mot_shape *s) {
    static const int lanes[] = {
        [MOT_ISA_SCALAR] = 1, [MOT_ISA_AVX2] = 8, [MOT_ISA_AVX512] = 16, [MOT_ISA_AVX512BF16] = 16};
    double rows, columns;
    product_size(v->stage, s, &rows, &columns);
    rows = at_least(1, rows);
    const double strips = parts(rows, v->mr), mr = rows / strips, nv = (double)v->nr / lanes[v->isa];
    const double step = at_least(at_least(mr * nv, mr + nv), 8) / 2;
    return step * strips * parts(columns, v->nr) / (rows * columns);
}

mot_choice mot_select_stage(mot_stage stage, const mot_shape *s, mot_isa isa, mot_dtype dtype) {
    mot_choice best = {NULL, {{0}}};
    double best_cost = 0;
    for (size_t i = 0; i < mot_registry_count(); i++) {
        const mot_variant *v = mot_registry_at(i);
        if (v->stage != stage || v->dtype != dtype || v->isa != mot_isa_for(isa, dtype)) continue;
        const mot_config config = mot_config_default(v);
        if (!v->supports(s, &config)) continue;
        const double cost = tile_cost(v, s);
        if (best.variant && cost >= best_cost) continue; /* ties: the first in variants.def */
        best = (mot_choice){v, config};
        best_cost = cost;
    }
    return best;
}

mot_plan mot_select_layer(const mot_shape *s, mot_isa isa, mot_dtype dtype) {
    return (mot_plan){.steps = 3,
                      .step = {mot_select_stage(MOT_STAGE_FRONT, s, isa, dtype),
                               mot_select_stage(MOT_STAGE_EXPERTS, s, isa, dtype),
                               mot_select_stage(MOT_STAGE_REDISTRIBUTE, s, isa, dtype)}};
}
