#include "label.h"
#include "model.h"

#include <math.h>
#include <string.h>
#include <strings.h>

/* The table a reader should see first: a layer, with a peer beside it, weights cold as in real use, most rows. */
static double weight_of(const table *t) {
    const block *layer = model_block(t, "layer");
    double rows = 0;
    for (size_t i = 0; i < t->count; i++) rows += (double)t->blocks[i].count;
    return (layer && layer->best ? 8000 : 0) + (model_fastest(layer, "openblas") ? 4000 : 0) +
           (t->breakdown_count ? 2000 : 0) + (strcmp(t->cache, "cold-weights") == 0 ? 1000 : 0) + fmin(rows, 900) +
           (strcmp(t->known_as, "Medium/32E/1") == 0 ? 500 : 0) + (strcmp(t->dtype, "f32") == 0 ? 100 : 0);
}

static const table *choose_headline(const model *m) {
    const table *best = NULL;
    for (size_t i = 0; i < m->table_count; i++)
        if (!best || weight_of(&m->tables[i]) > weight_of(best)) best = &m->tables[i];
    return best;
}

static void add_finding(model *m, const char *text) {
    if (m->finding_count < 3) m->findings[m->finding_count++] = text;
}

static const char *timed(store *s, interval t) {
    unit u = label_time_unit(t);
    label range = label_range(t, u);
    return store_print(s, "%s %s%s%s", label_in(t.value, u).s, u.name, *range.s ? " " : "", range.s);
}

static const char *against(store *s, const char *who, interval base, interval r) {
    label range = label_ratio_range(r), value = label_gain(r);
    const char *bracket = store_print(s, "%s%s%s", value.s, *range.s ? " " : "", range.s);
    const char *base_time = timed(s, base);
    if (isnan(r.low))
        return store_print(s, "%s takes %s, so this has %s its speed (too few rounds for an interval)", who, base_time,
                           bracket);
    if (r.low > 1) return store_print(s, "%s takes %s, so this has %s its speed", who, base_time, bracket);
    if (r.high < 1) return store_print(s, "%s takes %s and is faster: this has %s its speed", who, base_time, bracket);
    return store_print(s, "%s takes %s: no difference beyond the noise (%s)", who, base_time, bracket);
}

/* "; in bf16 27.1 ms [27.0, 27.3] with layer_bf16_avx512bf16": under the same conditions. */
static const char *in_other_types(const model *m, store *s, const table *t, const char *stage) {
    const char *text = "";
    for (size_t i = 0; i < m->table_count; i++) {
        const table *o = &m->tables[i];
        const block *b = model_block(o, stage);
        if (strcmp(o->dtype, t->dtype) == 0 || o->threads != t->threads || !b || !b->best) continue;
        if (strcmp(o->shape, t->shape) != 0 || strcmp(o->cache, t->cache) != 0) continue;
        text = store_print(s, "%s; in %s it takes %s with %s", text, o->dtype, timed(s, b->best->bench->time),
                           b->best->bench->choice);
        const row *peer = model_best_peer(b);
        if (peer)
            text = store_print(s, "%s, where the best peer %s", text,
                               against(s, peer->bench->choice, peer->bench->time, model_over_peer(peer, b->best)));
    }
    return text;
}

/* Finding 1: the best layer (or else the best of the dearest stage) against its bases. */
static void speed_finding(model *m, store *s, const table *t, const block *b) {
    const row *blas = model_fastest(b, "openblas"), *peer = model_best_peer(b);
    const char *what = strcmp(b->stage, "layer") == 0 ? "layer" : store_print(s, "%s stage", b->stage);
    const char *setting =
        store_print(s, "%s, %s, %s%s", t->shape, label_threads(t->threads).s, t->cache, label_dtype(t->dtype).s);
    const char *own = store_print(s, "The %s on %s takes %s with %s", what, setting, timed(s, b->best->bench->time),
                                  b->best->bench->choice);
    if (blas)
        own = store_print(s, "%s; %s", own, against(s, "OpenBLAS", blas->bench->time, b->best->over_blas));
    else if (b->scalar_ns > 0 && b->best->over_scalar.value != 1)
        own = store_print(s, "%s; %s", own,
                          against(s, "portable scalar code", (interval){b->scalar_ns, NAN, NAN}, b->best->over_scalar));
    if (peer && peer != blas)
        own = store_print(s, "%s; the best peer %s", own,
                          against(s, peer->bench->choice, peer->bench->time, model_over_peer(peer, b->best)));
    add_finding(m, store_print(s, "%s%s.", own, in_other_types(m, s, t, b->stage)));
}

static const bench_record *weakest_part(const breakdown *d, const bench_record **most_room) {
    const bench_record *weakest = NULL;
    *most_room = NULL;
    for (size_t i = 0; d && i < d->parts; i++) {
        const bench_record *p = d->part[i];
        if (!(p->floor_ns > 0)) continue;
        if (!weakest || p->pct_of_ceiling < weakest->pct_of_ceiling) weakest = p;
        if (!*most_room || p->time.value - p->floor_ns > (*most_room)->time.value - (*most_room)->floor_ns)
            *most_room = p;
    }
    return weakest;
}

static const breakdown *breakdown_of(const table *t, const bench_record *whole) {
    for (size_t i = 0; i < t->breakdown_count; i++)
        if (t->breakdowns[i].whole == whole) return &t->breakdowns[i];
    return NULL;
}

/* Finding 2: how far the best is from what this machine allows, and where the rest lies. */
static void floor_finding(model *m, store *s, const table *t, const block *b) {
    const bench_record *best = b->best->bench, *room = NULL;
    const bool alone = !*in_other_types(m, s, t, b->stage);
    if (!(b->floor_ns > 0)) return;
    const char *text = store_print(
        s,
        "By the peaks measured in this run it cannot take less than %s%s: it is at %s of that "
        "floor, or %s of the ceiling.",
        label_time(b->floor_ns).s, alone ? "" : store_print(s, " in %s", t->dtype),
        label_ratio(best->time.value / b->floor_ns).s, label_percent(100 * b->floor_ns / best->time.value).s);
    const bench_record *weak = weakest_part(breakdown_of(t, best), &room);
    if (room)
        text = store_print(s, "%s Most of the room is in %s (%s timed alone, floor %s)", text, room->stage,
                           label_time(room->time.value).s, label_time(room->floor_ns).s);
    if (room && weak != room)
        text = store_print(s, "%s; the weakest stage is %s at %s of its ceiling (%s)", text, weak->stage,
                           label_percent(weak->pct_of_ceiling).s, label_time(weak->time.value).s);
    add_finding(m, room ? store_print(s, "%s.", text) : text);
}

static bool has_gain(const records *r) {
    for (size_t i = 0; i < r->tune_count; i++)
        if (r->tunes[i].kept) return true;
    return false;
}

/* Finding 3: what tuning brought. */
static void tuning_finding(model *m, store *s) {
    const tune_record *best = NULL;
    size_t kept = 0, all = m->records->tune_count;
    double evaluations = 0;
    for (size_t i = 0; i < all; i++) {
        const tune_record *t = &m->records->tunes[i];
        kept += t->kept;
        if (t->evaluations > 0) evaluations += t->evaluations;
        if (t->kept && (!best || t->usual_ns - t->winner_ns > best->usual_ns - best->winner_ns)) best = t;
    }
    if (!all) return;
    if (!best) {
        add_finding(m, store_print(s,
                                   "Tuning found no gain: in %s evaluations no choice beat the default of any of %zu "
                                   "keys beyond its interval, so the defaults stay.",
                                   label_count(evaluations).s, all));
        return;
    }
    label range = label_ratio_range(best->speedup);
    const char *winner = strstr(best->winner, " + ") ? "" : store_print(s, " with %s", best->winner);
    const char *saving =
        store_print(s, "%s on %s%s, from %s by default to %s%s, %s%s%s", best->stage, best->shape,
                    label_dtype(best->dtype).s, label_time(best->usual_ns).s, label_time(best->winner_ns).s, winner,
                    label_gain(best->speedup).s, *range.s ? " " : "", range.s);
    const char *others = all == kept ? ""
                         : all == kept + 1
                             ? " No gain for the other key: its default stays."
                             : store_print(s, " No gain for the other %zu keys: their defaults stay.", all - kept);
    add_finding(m, store_print(s, "Tuning made %zu of %zu keys faster in %s evaluations. The largest saving: %s.%s",
                               kept, all, label_count(evaluations).s, saving, others));
}

static const char *over_dense(store *s, const grain *g) {
    label range = label_ratio_range(g->pair.ratio);
    return store_print(s, "%s%s%s at %s", label_gain(g->pair.ratio).s, *range.s ? " " : "", range.s, g->name);
}

/* The first and the last point of the curve of the headline's conditions, else of the first curve. */
static bool curve_finding(model *m, store *s, const table *t) {
    const grain_curve *c = NULL;
    const grain *first = NULL, *last = NULL;
    for (size_t i = 0; i < m->grain_count; i++)
        if (m->grains[i].measured > 1 &&
            (!c || (t && m->grains[i].first->dims.d == t->dims.d && strcmp(m->grains[i].first->dtype, t->dtype) == 0)))
            c = &m->grains[i];
    for (size_t i = 0; c && i < c->count; i++) {
        if (!c->points[i].pair.layer) continue;
        if (!first) first = &c->points[i];
        last = &c->points[i];
    }
    if (!c) return false;
    add_finding(m,
                store_print(s,
                            "Over our fastest dense FFN of as many FLOPs%s, the layer takes %s and %s; the FLOPs of "
                            "routing, mixing and redistributing alone explain %s and %s.",
                            label_dtype(c->first->dtype).s, over_dense(s, first), over_dense(s, last),
                            label_ratio_fine(first->pair.flops_ratio).s, label_ratio_fine(last->pair.flops_ratio).s));
    return true;
}

static void dense_finding(model *m, store *s, const table *t) {
    if (!t || !t->dense_count) return;
    const dense_pair *best = &t->dense[0];
    for (size_t i = 1; i < t->dense_count; i++)
        if (t->dense[i].layer->time.value < best->layer->time.value) best = &t->dense[i];
    label range = label_ratio_range(best->ratio);
    add_finding(
        m, store_print(s, "The layer takes %s%s%s the time of a FLOP-matched dense FFN (%s against %s on %s%s).",
                       label_gain(best->ratio).s, *range.s ? " " : "", range.s, label_time(best->layer->time.value).s,
                       label_time(best->dense->time.value).s, t->shape, label_dtype(t->dtype).s));
}

/* The steepest of all, beside the other findings: it is a fault to be looked at. */
static void cliff_finding(model *m, store *s) {
    const point *worst = NULL;
    const sweep *in = NULL;
    size_t all = 0;
    for (size_t i = 0; i < m->sweep_count; i++) {
        const sweep *w = &m->sweeps[i];
        all += w->cliffs;
        for (size_t k = 0; k < w->count; k++)
            for (size_t n = 0; n < w->series[k].count; n++) {
                const point *p = &w->series[k].points[n];
                if (!p->cliff || (worst && p->cliff_factor <= worst->cliff_factor)) continue;
                worst = p;
                in = w;
            }
    }
    if (!worst) return;
    const char *more = all > 1 ? store_print(s, " %zu more are marked in the sweeps.", all - 1) : "";
    m->findings[m->finding_count++] = store_print(s, "A cliff in %s (%s%s): %s.%s", in->name, in->stage,
                                                  label_dtype(in->dtype).s, worst->cliff, more);
}

static void warn(model *m, store *s, const char *text) {
    const char **item = store_push(s, &m->warnings, &m->warning_count, sizeof *item);
    *item = text;
}

static void warn_of_runs(model *m, store *s) {
    const records *r = m->records;
    for (size_t i = 0; i < r->run_count; i++) {
        const run_record *run = &r->runs[i];
        if (!run->complete) warn(m, s, store_print(s, "%s ends early: the run was stopped before its end", run->path));
        if (run->unreadable)
            warn(m, s, store_print(s, "%s has %zu lines that cannot be read", run->path, run->unreadable));
        if (run->dirty) warn(m, s, store_print(s, "revision %s had uncommitted changes", run->short_revision));
        if (i && strcmp(run->revision, r->runs[0].revision) != 0)
            warn(m, s, store_print(s, "revisions differ: %s and %s", r->runs[0].short_revision, run->short_revision));
    }
}

static void warn_of_machine(model *m, store *s) {
    const machine *h = &m->records->machine;
    for (size_t i = 0; i < h->doctor_count; i++)
        if (strcmp(h->doctor[i].grade, "bad") == 0)
            warn(m, s,
                 store_print(s, "the machine was not fit for timing: %s: %s", h->doctor[i].name, h->doctor[i].found));
}

/* bench/peers_openblas.c says so in the version of a library that its environment keeps from the widest vectors. */
static void warn_of_peers(model *m, store *s) {
    const machine *h = &m->records->machine;
    for (size_t i = 0; i < h->library_count; i++)
        if (strstr(h->libraries[i].value, "held back by"))
            warn(m, s, store_print(s, "a peer was not at its best: %s", h->libraries[i].value));
}

static void warn_of_samples(model *m, store *s) {
    size_t few = 0, tainted = 0, mistrusted = 0;
    for (size_t i = 0; i < m->records->bench_count; i++) {
        const bench_record *b = &m->records->benches[i];
        few += b->usable && b->samples < 12;
        tainted += b->samples && b->tainted * 10 > b->samples * 3;
        mistrusted += strcmp(b->status, "mistrusted") == 0;
    }
    if (few)
        warn(m, s,
             store_print(s, "exploratory: %zu of %zu rows have fewer than 12 samples", few, m->records->bench_count));
    if (tainted) warn(m, s, store_print(s, "in %zu rows more than 30 %% of the samples were disturbed", tainted));
    if (mistrusted)
        warn(m, s, store_print(s, "%zu rows are mistrusted: faster than the measured ceilings allow", mistrusted));
}

void model_findings(model *m, store *s) {
    m->headline = choose_headline(m);
    const block *b = model_block(m->headline, "layer");
    if (!b || !b->best) b = model_block(m->headline, "experts");
    for (size_t i = 0; m->headline && (!b || !b->best) && i < m->headline->count; i++) b = &m->headline->blocks[i];
    if (b && b->best) {
        speed_finding(m, s, m->headline, b);
        floor_finding(m, s, m->headline, b);
    }
    const bool gained = has_gain(m->records);
    if (gained) tuning_finding(m, s);
    const bool curve = curve_finding(m, s, m->headline);
    if (!gained) tuning_finding(m, s);
    if (!curve) dense_finding(m, s, m->headline);
    cliff_finding(m, s);
    warn_of_runs(m, s);
    warn_of_machine(m, s);
    warn_of_peers(m, s);
    warn_of_samples(m, s);
}

void model_build(model *m, records *r, store *s) {
    *m = (model){.records = r};
    model_tables(m, s);
    model_layers(m, s);
    model_grains(m, s);
    model_sweeps(m, s);
    model_cliffs(m, s);
    model_checks(m, s);
    model_findings(m, s);
}
