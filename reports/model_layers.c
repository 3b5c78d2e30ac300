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

/* The dense layer of one shape is timed again in every sweep that meets it; the first one counts. */
static bool has_pair(const table *t, const bench_record *layer) {
    for (size_t i = 0; i < t->dense_count; i++)
        if (t->dense[i].layer == layer) return true;
    return false;
}

static void add_dense(table *t, store *s, const bench_record *dense) {
    const block *layers = model_block(t, "layer");
    const char *isa = model_own_name(dense, "dense_ffn_");
    for (size_t i = 0; layers && isa && i < layers->count; i++) {
        const bench_record *layer = layers->rows[i].bench;
        const char *own = model_own_name(layer, "layer_");
        bool pair = own && (strcmp(own, isa) == 0 || (strcmp(own, "tuned") == 0 && strcmp(layer->isa, isa) == 0));
        if (!pair || !layer->usable || has_pair(t, layer) || !model_matches_dense(layer, dense)) continue;
        dense_pair *p = store_push(s, &t->dense, &t->dense_count, sizeof *p);
        *p = (dense_pair){layer, dense, summary_quotient(layer->time, dense->time), layer->flops / dense->flops};
    }
}

void model_layers(model *m, store *s) {
    for (size_t i = 0; i < m->table_count; i++) {
        table *t = &m->tables[i];
        const block *layers = model_block(t, "layer");
        for (size_t k = 0; layers && k < layers->count; k++)
            if (layers->rows[k].bench->usable) add_breakdown(t, s, layers->rows[k].bench);
        for (size_t k = 0; k < m->records->bench_count; k++) {
            const bench_record *b = &m->records->benches[k];
            if (model_is_dense(b) && b->usable) add_dense(t, s, b);
        }
    }
}
