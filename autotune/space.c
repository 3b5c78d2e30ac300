#include "space.h"

#include "analytic.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- knob values that mean the same ---------------------------------------------------------------------------- */

static bool covers(size_t extent, int value) { return value == 0 || (size_t)value >= extent; }

/* The level that stands for this one: levels that cover the whole dimension are all the same, and the default stands
 * for them if it is one of them. */
static int twin(const mot_knob *knob, const mot_shape *shape, int level) {
    size_t extent = analytic_extent(knob->name, shape);
    if (extent == 0 || !covers(extent, knob->values[level])) return level;
    for (int i = 0; i < knob->count; i++)
        if (knob->values[i] == knob->preset && covers(extent, knob->preset)) return i;
    for (int i = 0; i < knob->count; i++)
        if (covers(extent, knob->values[i])) return i;
    return level;
}

/* ---- points and choices ---------------------------------------------------------------------------------------- */

mot_choice space_choice(const space *sp, size_t point) {
    int level[SEARCH_AXES];
    const search_family *f = search_locate(&sp->search, point, level);
    mot_choice choice = {.variant = sp->variant[f - sp->family]};
    for (int i = 0; i < f->axes; i++) choice.config.value[i] = choice.variant->knobs[i].values[level[i]];
    return choice;
}

static int level_of(const mot_knob *knob, int value) {
    for (int i = 0; i < knob->count; i++)
        if (knob->values[i] == value) return i;
    return -1;
}

size_t space_point(const space *sp, const mot_choice *choice) {
    for (size_t f = 0; f < sp->search.families; f++) {
        if (sp->variant[f] != choice->variant) continue;
        int level[SEARCH_AXES];
        for (int i = 0; i < choice->variant->knob_count; i++) {
            level[i] = level_of(&choice->variant->knobs[i], choice->config.value[i]);
            if (level[i] < 0) return SIZE_MAX;
            level[i] = twin(&choice->variant->knobs[i], &sp->shape, level[i]);
        }
        size_t point = search_point(&sp->family[f], level);
        return sp->search.legal[point] ? point : SIZE_MAX;
    }
    return SIZE_MAX;
}

size_t space_legal(const space *sp) {
    size_t count = 0;
    for (size_t i = 0; i < sp->search.points; i++) count += sp->search.legal[i];
    return count;
}

/* ---- building -------------------------------------------------------------------------------------------------- */

static bool legal(const space *sp, size_t point) {
    int level[SEARCH_AXES];
    const search_family *f = search_locate(&sp->search, point, level);
    mot_choice choice = space_choice(sp, point);
    for (int i = 0; i < f->axes; i++)
        if (twin(&choice.variant->knobs[i], &sp->shape, level[i]) != level[i]) return false;
    return choice.variant->supports(&sp->shape, &choice.config);
}

static void add_family(space *sp, const mot_variant *variant) {
    search_family *f = &sp->family[sp->search.families];
    *f = (search_family){.first = sp->search.points, .points = 1, .axes = variant->knob_count};
    for (int i = 0; i < f->axes; i++) {
        f->levels[i] = variant->knobs[i].count;
        f->points *= (size_t)f->levels[i];
    }
    sp->variant[sp->search.families++] = variant;
    sp->search.points += f->points;
}

bool space_build(space *sp, mot_stage stage, const mot_shape *shape, mot_isa isa, mot_dtype dtype,
                 const mot_variant *const *variants, size_t count) {
    *sp = (space){.shape = *shape};
    sp->search.family = sp->family;
    for (size_t i = 0; i < count && sp->search.families < SEARCH_FAMILIES; i++)
        if (variants[i]->stage == stage && variants[i]->dtype == dtype && variants[i]->isa <= isa)
            add_family(sp, variants[i]);
    sp->search.legal = calloc(sp->search.points + 1, sizeof *sp->search.legal);
    if (!sp->search.legal) return false;
    for (size_t i = 0; i < sp->search.points; i++) sp->search.legal[i] = legal(sp, i);
    return true;
}

void space_free(space *sp) {
    free(sp->search.legal);
    sp->search.legal = NULL;
}

/* ---- starts ---------------------------------------------------------------------------------------------------- */

/* The level nearest by ratio; 0 means the whole extent. */
static int nearest(const mot_knob *knob, size_t extent, long wanted) {
    int best = 0;
    double least = INFINITY;
    for (int i = 0; i < knob->count; i++) {
        double value = knob->values[i] == 0 && extent ? (double)extent : knob->values[i];
        double want = wanted == 0 && extent ? (double)extent : (double)wanted;
        double far = fabs(log((value + 0.5) / (want + 0.5)));
        if (far < least) least = far, best = i;
    }
    return best;
}

static mot_choice analytic(const space *sp, const mot_variant *variant, const mot_cpu_facts *cpu) {
    mot_choice choice = {variant, mot_config_default(variant)};
    for (int i = 0; i < variant->knob_count; i++) {
        const mot_knob *knob = &variant->knobs[i];
        long wanted = analytic_value(knob->name, variant, &sp->shape, cpu);
        if (wanted >= 0)
            choice.config.value[i] = knob->values[nearest(knob, analytic_extent(knob->name, &sp->shape), wanted)];
    }
    return choice;
}

static size_t start_of(const space *sp, const mot_variant *variant, const mot_cpu_facts *cpu, bool model) {
    mot_choice choice = {variant, mot_config_default(variant)};
    if (model) choice = analytic(sp, variant, cpu);
    return space_point(sp, &choice);
}

size_t space_starts(const space *sp, const mot_cpu_facts *cpu, size_t *points) {
    size_t count = 0;
    for (int isa = MOT_ISA_HIGHEST; isa >= MOT_ISA_SCALAR; isa--)
        for (int model = 1; model >= 0; model--)
            for (size_t f = 0; f < sp->search.families; f++) {
                size_t point = start_of(sp, sp->variant[f], cpu, model);
                if ((int)sp->variant[f]->isa == isa && point != SIZE_MAX) points[count++] = point;
            }
    return count;
}
