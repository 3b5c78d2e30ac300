/* select.c: the built-in choice of a stage when there is no profile: a cost model of the register tile. */
#include "plan.h"

/* rows x columns of the stage's product: what the tile has to cover. */
static void product_size(mot_stage stage, const mot_shape *s, double *rows, double *columns) {
    *rows = (double)(stage == MOT_STAGE_EXPERTS ? s->groups : stage == MOT_STAGE_MIX ? s->experts : s->group_size);
    *columns = (double)(stage == MOT_STAGE_ROUTE ? s->experts : s->d_model);
}

static double padded(double n, double unit) {
    const size_t tiles = (size_t)((n + unit - 1) / unit);
    return (double)(tiles ? tiles : 1) * unit;
}

/* Loads per multiply-add of the tile (1/mr + 1/nr), times the columns computed for nothing; strips of rows are even, so
 * short ones cost only their own loads. Lower is better. */
static double tile_cost(const mot_variant *v, const mot_shape *s) {
    double rows, columns;
    product_size(v->stage, s, &rows, &columns);
    const double strips = padded(rows, v->mr) / v->mr, mr = rows > 0 ? rows / strips : 1;
    return padded(columns, v->nr) / columns * (1 + 4 / mr + 4.0 / v->nr);
}

mot_choice mot_select_stage(mot_stage stage, const mot_shape *s, mot_isa isa) {
    mot_choice best = {NULL, {{0}}};
    double best_cost = 0;
    for (size_t i = 0; i < mot_registry_count(); i++) {
        const mot_variant *v = mot_registry_at(i);
        if (v->stage != stage || v->isa != isa) continue;
        const mot_config config = mot_config_default(v);
        if (!v->supports(s, &config)) continue;
        const double cost = tile_cost(v, s);
        if (best.variant && cost >= best_cost) continue; /* ties: the first in variants.def */
        best = (mot_choice){v, config};
        best_cost = cost;
    }
    return best;
}

mot_plan mot_select_layer(const mot_shape *s, mot_isa isa) {
    return (mot_plan){.steps = 3,
                      .step = {mot_select_stage(MOT_STAGE_FRONT, s, isa), mot_select_stage(MOT_STAGE_EXPERTS, s, isa),
                               mot_select_stage(MOT_STAGE_REDISTRIBUTE, s, isa)}};
}
