/* model_peers.c: the peer libraries of a table: a column each, and the best of them. */
#include "model.h"
#include "summary.h"

#include <math.h>
#include <string.h>

static bool is_new(const table *t, const char *library) {
    for (size_t i = 0; i < t->peer_count; i++)
        if (strcmp(t->peers[i], library) == 0) return false;
    return strcmp(library, "openblas") != 0;
}

static void look_at(table *t, store *s, const bench_record *b) {
    if (model_is_ours(b) || model_is_coarse(b) || !b->usable || !is_new(t, b->library)) return;
    const char **peer = store_push(s, &t->peers, &t->peer_count, sizeof *peer);
    *peer = b->library;
}

void model_peers(table *t, store *s) {
    for (size_t i = 0; i < t->count; i++) t->openblas |= t->blocks[i].blas_ns > 0;
    for (size_t i = 0; i < t->count; i++)
        for (size_t k = 0; k < t->blocks[i].count; k++) look_at(t, s, t->blocks[i].rows[k].bench);
}

interval model_over_peer(const row *base, const row *r) {
    const interval none = {NAN, NAN, NAN};
    return base && r->bench->usable ? summary_ratio(base->bench, r->bench) : none;
}

const row *model_best_peer(const block *b) {
    for (size_t i = 0; i < b->count; i++) {
        const bench_record *r = b->rows[i].bench;
        if (r->usable && !model_is_ours(r) && !model_is_coarse(r)) return &b->rows[i];
    }
    return NULL;
}
