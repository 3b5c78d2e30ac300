#include "model.h"
#include "summary.h"

#include <math.h>
#include <string.h>

/* The row of this choice; failing that the fastest of the same variant with other knobs. */
static const bench_record *find_part(const table *t, const char *choice, bool *exact) {
    size_t name = strcspn(choice, "{");
    const bench_record *near = NULL;
    for (size_t i = 0; i < t->count; i++)
        for (size_t k = 0; k < t->blocks[i].count; k++) {
            const bench_record *b = t->blocks[i].rows[k].bench;
            *exact = true;
            if (b->usable && strcmp(b->choice, choice) == 0) return b;
            if (b->usable && !near && strncmp(b->choice, choice, name) == 0 && strcspn(b->choice, "{") == name)
                near = b;
        }
    *exact = false;
    return near;
}

static void add_breakdown(table *t, store *s, const bench_record *whole) {
    breakdown d = {.whole = whole};
    for (size_t i = 0; i < whole->step_count && d.parts < PART_MAX; i++) {
        d.part[d.parts] = find_part(t, whole->steps[i], &d.exact[d.parts]);
        if (!d.part[d.parts]) return;
        d.sum_ns += d.part[d.parts++]->time.value;
    }
    if (!d.parts || d.parts != whole->step_count) return;
    breakdown *new = store_push(s, &t->breakdowns, &t->breakdown_count, sizeof *new);
    *new = d;
}

bool model_matches_dense(const bench_record *layer, const bench_record *dense) {
    dims a = layer->dims, b = dense->dims;
    if (dense->threads != layer->threads || strcmp(dense->cache, layer->cache) != 0) return false;
    if (strcmp(dense->dtype, layer->dtype) != 0) return false;
    if (strcmp(dense->shape, layer->shape) == 0) return true;
    return b.t == 1 && b.e == 1 && b.d == a.d && b.g == a.g * a.t && b.h == a.h * a.e / a.t;
}

const char *model_own_name(const bench_record *b, const char *prefix) {
    size_t n = strlen(prefix), type = strlen(b->dtype);
    if (strncmp(b->variant, prefix, n) != 0) return NULL;
    const char *name = b->variant + n;
    return strncmp(name, b->dtype, type) == 0 && name[type] == '_' ? name + type + 1 : name;
}

dense_pair model_pair(const bench_record *layer, const bench_record *dense) {
    dense_pair p = {.layer = layer,
                    .dense = dense,
                    .ratio = summary_quotient(layer->time, dense->time),
                    .interleaved = summary_interleaved(layer, dense),
                    .flops_ratio = layer->flops / dense->flops,
                    .floor_ratio = layer->floor_ns / dense->floor_ns};
    const interval paired = summary_ratio(layer, dense);
    if (p.interleaved && paired.low > 0) p.ratio = paired;
    return p;
}

const dense_pair *model_pair_of(const model *m, const bench_record *layer) {
    for (size_t i = 0; i < m->grain_count; i++)
        for (size_t k = 0; k < m->grains[i].count; k++)
            if (m->grains[i].points[k].pair.layer == layer) return &m->grains[i].points[k].pair;
    for (size_t i = 0; i < m->table_count; i++)
        for (size_t k = 0; k < m->tables[i].dense_count; k++)
            if (m->tables[i].dense[k].layer == layer) return &m->tables[i].dense[k];
    return NULL;
}

/* Of the same ISA. */
static bool is_like(const bench_record *layer, const bench_record *dense) {
    const char *isa = model_own_name(dense, "dense_ffn_"), *own = model_own_name(layer, "layer_");
    return isa && own && (strcmp(own, isa) == 0 || (strcmp(own, "tuned") == 0 && strcmp(layer->isa, isa) == 0));
}

/* The dense layer of one shape is timed again beside every layer that it matches: the one that shared the layer's
 * rounds counts, else the first. */
static void add_dense(table *t, store *s, const records *r, const bench_record *layer) {
    const bench_record *dense = NULL;
    for (size_t i = 0; layer->usable && i < r->bench_count; i++) {
        const bench_record *b = &r->benches[i];
        if (!model_is_dense(b) || !b->usable || !is_like(layer, b) || !model_matches_dense(layer, b)) continue;
        if (!dense || (summary_interleaved(layer, b) && !summary_interleaved(layer, dense))) dense = b;
    }
    if (!dense) return;
    dense_pair *p = store_push(s, &t->dense, &t->dense_count, sizeof *p);
    *p = model_pair(layer, dense);
}

void model_layers(model *m, store *s) {
    for (size_t i = 0; i < m->table_count; i++) {
        table *t = &m->tables[i];
        const block *layers = model_block(t, "layer");
        for (size_t k = 0; layers && k < layers->count; k++)
            if (layers->rows[k].bench->usable) add_breakdown(t, s, layers->rows[k].bench);
        for (size_t k = 0; layers && k < layers->count; k++) add_dense(t, s, m->records, layers->rows[k].bench);
    }
}
