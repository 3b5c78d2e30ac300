#include "label.h"
#include "writers.h"

#include <string.h>

/* Columns on screen of UTF-8 text, for padding that printf would count in bytes. */
static int columns(const char *text) {
    int n = 0;
    for (; *text; text++) n += (*text & 0xC0) != 0x80;
    return n;
}

static void left(FILE *out, const char *text, int width) {
    fprintf(out, "%s%*s", text, width > columns(text) ? width - columns(text) : 0, "");
}
static void right(FILE *out, const char *text, int width) {
    fprintf(out, "%*s%s", width > columns(text) ? width - columns(text) : 0, "", text);
}

static void put_row(const row *r, interval over_peer, unit u, FILE *out) {
    const bench_record *b = r->bench;
    fputs(r->best ? "* " : "  ", out);
    if (r->others)
        fprintf(out, "%s%s", b->choice, label_others(r->others).s);
    else
        left(out, b->choice, 38);
    if (!(b->time.value > 0)) {
        fprintf(out, " %s: %s\n", b->status, b->reason);
        return;
    }
    fputs(" ", out);
    right(out, label_in(b->time.value, u).s, 9);
    fprintf(out, " %s ", u.name);
    left(out, label_range(b->time, u).s, 20);
    right(out, label_number(b->gflops).s, 9);
    right(out, label_percent(b->pct_of_ceiling).s, 9);
    right(out, label_gain(r->over_scalar).s, 9);
    right(out, label_gain(over_peer).s, 9);
    fprintf(out, "  %s\n", !b->usable ? b->status : *r->verdict ? r->verdict : "–");
}

static void put_table(const table *t, FILE *out) {
    fprintf(out, "\n%s, %s, %s, %s\n", t->shape, label_threads(t->threads).s, t->cache, t->dtype);
    fprintf(out, "  %-38s %12s %-20s%9s%9s", "choice", "median", " [95 %]", "GFLOP/s", "ceiling");
    right(out, "×scalar", 9);
    right(out, t->openblas ? "×OpenBLAS" : "×peer", 10);
    fputs("  check\n", out);
    for (size_t i = 0; i < t->count; i++) {
        const block *b = &t->blocks[i];
        unit u = label_time_unit(b->rows[0].bench->time);
        const row *peer = t->openblas ? NULL : model_best_peer(b);
        fprintf(out, "%s: floor %s, scalar %s, %s %s\n", b->stage, label_time(b->floor_ns).s,
                label_time(b->scalar_ns).s, peer ? peer->bench->choice : "OpenBLAS",
                label_time(peer ? peer->bench->time.value : b->blas_ns).s);
        for (size_t k = 0; k < b->count; k++) {
            const row *r = &b->rows[k];
            put_row(r, t->openblas ? r->over_blas : model_over_peer(peer, r), u, out);
        }
    }
}

static void put_grains(const grain_curve *c, FILE *out) {
    fprintf(out, "\nlayer over dense FFN, T = %g, D = %g, G = %g%s\n", c->first->dims.t, c->first->dims.d,
            c->first->dims.g, label_dtype(c->first->dtype).s);
    for (size_t i = 0; i < c->count; i++) {
        const grain *g = &c->points[i];
        fprintf(out, "  %-10s", g->name);
        if (g->pair.layer)
            fprintf(out, "%s %s, by FLOPs alone %s\n", label_gain(g->pair.ratio).s, label_ratio_range(g->pair.ratio).s,
                    label_ratio_fine(g->pair.flops_ratio).s);
        else
            fprintf(out, "%s\n", g->absent);
    }
}

static void put_cliffs(const sweep *w, FILE *out) {
    for (size_t i = 0; i < w->count; i++)
        for (size_t k = 0; k < w->series[i].count; k++)
            if (w->series[i].points[k].cliff) fprintf(out, "  cliff: %s\n", w->series[i].points[k].cliff);
}

void write_text(const model *m, FILE *out) {
    fprintf(out, "%s, %s\n%s: %s\n", m->records->machine.name, m->records->machine.cpu, m->verdict, m->verdict_text);
    for (size_t i = 0; i < m->finding_count; i++) fprintf(out, "%zu. %s\n", i + 1, m->findings[i]);
    for (size_t i = 0; i < m->warning_count; i++) fprintf(out, "warning: %s\n", m->warnings[i]);
    for (size_t i = 0; i < m->table_count; i++) put_table(&m->tables[i], out);
    for (size_t i = 0; i < m->grain_count; i++) put_grains(&m->grains[i], out);
    for (size_t i = 0; i < m->sweep_count; i++) {
        fprintf(out, "\n%s over %s%s, fastest: ", m->sweeps[i].name, m->sweeps[i].axis,
                label_dtype(m->sweeps[i].dtype).s);
        for (size_t k = 0; k < m->sweeps[i].winner_count; k++)
            fprintf(out, "%s%s", k ? "; " : "", m->sweeps[i].winners[k]);
        fputs("\n", out);
        put_cliffs(&m->sweeps[i], out);
    }
    if (m->skipped_count) fputs("\nskipped\n", out);
    for (size_t i = 0; i < m->skipped_count; i++)
        fprintf(out, "  %s%s: %s\n", m->skipped[i].name, label_others(m->skipped[i].others).s, m->skipped[i].reason);
}
