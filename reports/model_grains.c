/* model_grains.c: the layer over the dense FFN over granularity. */
#include "model.h"
#include "summary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const model_flops_formula = "1 + E(6D + 5) / (F(4D + 1)), nearly 1 + 1.5 E/F";

/* XE/Y with a whole Y. */
static bool is_grain(const bench_record *b) {
    const double y = b->dims.e / b->dims.t;
    return strcmp(b->stage, "layer") == 0 && model_is_ours(b) && y >= 1 && y == floor(y);
}

/* One curve: T, D, G and the FLOPs of the experts stay. */
static bool same_curve(const bench_record *a, const bench_record *b) {
    dims p = a->dims, q = b->dims;
    return a->threads == b->threads && strcmp(a->cache, b->cache) == 0 && strcmp(a->dtype, b->dtype) == 0 &&
           p.t == q.t && p.d == q.d && p.g == q.g && p.e * p.h == q.e * q.h;
}

static bool is_dense_of(const bench_record *layer, const bench_record *b) {
    return model_is_dense(b) && model_is_ours(b) && model_matches_dense(layer, b);
}

/* What shared its rounds with the layer comes first, then what is faster. */
static bool better(const dense_pair *a, const dense_pair *b) {
    if (!b->layer || a->interleaved != b->interleaved) return !b->layer || a->interleaved;
    if (a->layer != b->layer) return a->layer->time.value < b->layer->time.value;
    return a->dense->time.value < b->dense->time.value;
}

static void add_layer(grain *g, const records *r, const bench_record *layer) {
    for (size_t i = 0; layer->usable && i < r->bench_count; i++) {
        const bench_record *dense = &r->benches[i];
        if (!dense->usable || !is_dense_of(layer, dense)) continue;
        const dense_pair p = model_pair(layer, dense);
        if (better(&p, &g->pair)) g->pair = p;
    }
}

static const char *trouble(store *s, const bench_record *b) {
    return store_print(s, "%s %s%s%s", b->variant, b->status, *b->reason ? ": " : "", b->reason);
}

/* Why a shape of the curve has no pair: its layer, or its dense FFN, was not timed or cannot be used. */
static const char *why_absent(const records *r, store *s, const grain *g, const bench_record *first) {
    const char *layer = "", *dense = "no dense FFN was timed with it";
    bool usable = false;
    for (size_t i = 0; i < r->bench_count; i++) {
        const bench_record *b = &r->benches[i];
        if (is_grain(b) && same_curve(first, b) && strcmp(b->shape, g->shape) == 0) {
            usable |= b->usable;
            if (!b->usable) layer = trouble(s, b);
        }
        if (is_dense_of(first, b) && !b->usable) dense = trouble(s, b);
    }
    return usable ? dense : layer;
}

static grain *grain_of(grain_curve *c, store *s, const bench_record *b) {
    const double y = b->dims.e / b->dims.t;
    for (size_t i = 0; i < c->count; i++)
        if (c->points[i].y == y) return &c->points[i];
    grain *g = store_push(s, &c->points, &c->count, sizeof *g);
    *g = (grain){.y = y, .shape = b->shape, .absent = ""};
    g->name = store_print(s, "%gE/%g", b->dims.t, y);
    return g;
}

static grain_curve *curve_of(model *m, store *s, const bench_record *b) {
    for (size_t i = 0; i < m->grain_count; i++)
        if (same_curve(m->grains[i].first, b)) return &m->grains[i];
    grain_curve *c = store_push(s, &m->grains, &m->grain_count, sizeof *c);
    *c = (grain_curve){.first = b, .hidden = b->dims.e * b->dims.h / b->dims.t};
    return c;
}

static int by_y(const void *a, const void *b) {
    const grain *p = a, *q = b;
    return (p->y > q->y) - (p->y < q->y);
}

static void finish(grain_curve *c, const records *r, store *s) {
    qsort(c->points, c->count, sizeof *c->points, by_y);
    for (size_t i = 0; i < c->count; i++) {
        grain *g = &c->points[i];
        if (!g->pair.layer) g->absent = why_absent(r, s, g, c->first);
        c->measured += g->pair.layer != NULL;
        c->floor_differs |= fabs(g->pair.floor_ratio / g->pair.flops_ratio - 1) > 0.01;
    }
}

/* Fewer than three shapes are no curve. */
void model_grains(model *m, store *s) {
    const records *r = m->records;
    for (size_t i = 0; i < r->bench_count; i++) {
        const bench_record *b = &r->benches[i];
        if (is_grain(b) && same_curve(b, b)) add_layer(grain_of(curve_of(m, s, b), s, b), r, b);
    }
    size_t kept = 0;
    for (size_t i = 0; i < m->grain_count; i++) {
        if (m->grains[i].count < 3) continue;
        m->grains[kept] = m->grains[i];
        finish(&m->grains[kept++], r, s);
    }
    m->grain_count = kept;
}
