#include "label.h"
#include "writers.h"

#include <math.h>
#include <string.h>

/* Text that Markdown (and the HTML inside it) cannot take for markup. */
static void put(FILE *out, const char *text) {
    for (; *text; text++) {
        if (strchr("\\`*_[]|~#", *text))
            fprintf(out, "\\%c", *text);
        else if (*text == '<')
            fputs("&lt;", out);
        else if (*text == '>')
            fputs("&gt;", out);
        else if (*text == '&')
            fputs("&amp;", out);
        else
            fputc(*text, out);
    }
}

/* A name as code; a backtick would end the code, a bar the cell. */
static void put_code(FILE *out, const char *text) {
    fputc('`', out);
    for (; *text; text++)
        fputc(*text == '`' ? '\'' : *text == '|' ? '/' : *text == '<' ? '(' : *text == '>' ? ')' : *text, out);
    fputc('`', out);
}

static void cell(FILE *out, const char *text) {
    fputs(" ", out);
    put(out, text);
    fputs(" |", out);
}

static void typed_cell(FILE *out, const char *shape, const char *dtype) {
    fputs(" ", out);
    put(out, shape);
    put(out, label_dtype(dtype).s);
    fputs(" |", out);
}

static void code_cell(FILE *out, const char *text) {
    fputs(" ", out);
    put_code(out, text);
    fputs(" |", out);
}

static void ratio_cell(FILE *out, interval r, bool is_base) {
    if (is_base) {
        fputs(" base |", out);
        return;
    }
    label range = label_ratio_range(r);
    fprintf(out, " %s%s%s |", label_gain(r).s, *range.s ? " " : "", range.s);
}

static void bullets(FILE *out, const char *const *items, size_t count, const char *mark) {
    for (size_t i = 0; i < count; i++) {
        fputs(mark, out);
        put(out, items[i]);
        fputs("\n", out);
    }
    if (count) fputs("\n", out);
}

static void put_machine(const model *m, FILE *out) {
    const machine *h = &m->records->machine;
    fputs("# motbench on ", out);
    put(out, h->cpu);
    fputs("\n\n**", out);
    fputs(strcmp(m->verdict, "pass") == 0       ? "PASS"
          : strcmp(m->verdict, "fail") == 0     ? "FAIL"
          : strcmp(m->verdict, "marginal") == 0 ? "MARGINAL"
                                                : "NOT CHECKED",
          out);
    fputs("**: ", out);
    put(out, m->verdict_text);
    fputs(".\n\n", out);
    bullets(out, m->findings, m->finding_count, "1. ");
    bullets(out, m->warnings, m->warning_count, "- Warning: ");
    fprintf(out, "Machine: ");
    put(out, h->name);
    fprintf(out, ", %s cores, L2 %s, L3 %s, memory %s, ", label_count(h->cores).s, label_bytes(h->l2).s,
            label_bytes(h->l3).s, label_bytes(h->memory).s);
    put(out, h->os);
    fputs(", ", out);
    put(out, *h->virtualisation ? h->virtualisation : "virtualisation unknown");
    fputs(", ISA ", out);
    put(out, h->isa);
    fputs(".\n", out);
    for (size_t i = 0; i < m->records->run_count; i++) {
        fputs("Repeat with ", out);
        put_code(out, m->records->runs[i].command);
        fputs(" at revision ", out);
        put(out, m->records->runs[i].short_revision);
        fputs(".\n", out);
    }
}

static void put_row(const table *t, const block *bases, const row *r, unit u, FILE *out) {
    const bench_record *b = r->bench;
    fputs("|", out);
    cell(out, bases->stage);
    if (r->others) {
        fputs(" ", out);
        put_code(out, b->choice);
        fprintf(out, "%s |", label_others(r->others).s);
    } else {
        code_cell(out, b->choice);
    }
    if (!(b->time.value > 0)) {
        cell(out, b->status);
        fputs(" | | | |", out);
        for (size_t i = 0; i < t->openblas + t->peer_count; i++) fputs(" |", out);
        cell(out, b->reason);
        fputs("\n", out);
        return;
    }
    label range = label_range(b->time, u);
    fprintf(out, " %s%s %s%s%s%s |", r->best ? "**" : "", label_in(b->time.value, u).s, u.name, r->best ? "**" : "",
            *range.s ? " " : "", range.s);
    fprintf(out, " %zu | %s | %s |", b->samples - b->tainted, label_number(b->gflops).s,
            label_percent(b->pct_of_ceiling).s);
    ratio_cell(out, r->over_scalar, strcmp(b->choice, bases->scalar_name) == 0);
    if (t->openblas) ratio_cell(out, r->over_blas, strcmp(b->choice, bases->blas_name) == 0);
    for (size_t i = 0; i < t->peer_count; i++) {
        const row *base = model_fastest(bases, t->peers[i]);
        ratio_cell(out, model_over_peer(base, r), base == r);
    }
    cell(out, !b->usable ? b->status : *r->verdict ? r->verdict : "–");
    fputs("\n", out);
}

static void put_titles(const table *t, FILE *out) {
    fputs("\n| stage | choice | median [95 %] | n | GFLOP/s | % of ceiling | × scalar |", out);
    if (t->openblas) fputs(" × OpenBLAS |", out);
    for (size_t i = 0; i < t->peer_count; i++) {
        fputs(" × ", out);
        put(out, label_library(t->peers[i]).s);
        fputs(" |", out);
    }
    fputs(" check |\n|---|---|--:|--:|--:|--:|--:|", out);
    for (size_t i = 0; i < t->openblas + t->peer_count; i++) fputs("--:|", out);
    fputs("---|\n", out);
}

static void put_bases(const table *t, const block *b, FILE *out) {
    fputs("- bases of ", out);
    put(out, b->stage);
    fprintf(out, ": scalar %s", label_time(b->scalar_ns).s);
    if (t->openblas) fprintf(out, ", OpenBLAS %s", label_time(b->blas_ns).s);
    for (size_t i = 0; i < t->peer_count; i++) {
        const row *base = model_fastest(b, t->peers[i]);
        if (!base) continue;
        fputs(", ", out);
        put(out, label_library(t->peers[i]).s);
        fprintf(out, " %s", label_time(base->bench->time.value).s);
    }
    fprintf(out, ", floor %s\n", label_time(b->floor_ns).s);
}

static void put_table(const table *t, FILE *out) {
    fputs("\n### ", out);
    put(out, t->shape);
    fprintf(out, " (%s, ", label_threads(t->threads).s);
    put(out, t->cache);
    fputs(", ", out);
    put(out, t->dtype);
    fputs(")\n\n", out);
    for (size_t i = 0; i < t->count; i++) {
        const block *b = &t->blocks[i];
        if (b->scalar_ns > 0 || b->blas_ns > 0 || model_best_peer(b)) put_bases(t, b, out);
    }
    put_titles(t, out);
    for (size_t i = 0; i < t->count; i++) {
        unit u = label_time_unit(t->blocks[i].rows[0].bench->time);
        for (size_t k = 0; k < t->blocks[i].count; k++) put_row(t, &t->blocks[i], &t->blocks[i].rows[k], u, out);
    }
}

static void put_layers(const model *m, FILE *out) {
    bool head = false;
    for (size_t i = 0; i < m->table_count; i++)
        for (size_t k = 0; k < m->tables[i].dense_count; k++) {
            const dense_pair *p = &m->tables[i].dense[k];
            if (!head)
                fputs("\n## Against the dense FFN\n\n| shape | layer | layer time | dense FFN time | layer / dense | "
                      "FLOP ratio |\n|---|---|--:|--:|--:|--:|\n",
                      out);
            head = true;
            fputs("|", out);
            typed_cell(out, m->tables[i].shape, m->tables[i].dtype);
            code_cell(out, p->layer->variant);
            fprintf(out, " %s | %s |", label_time(p->layer->time.value).s, label_time(p->dense->time.value).s);
            ratio_cell(out, p->ratio, false);
            fprintf(out, " %s |\n", label_ratio_fine(p->flops_ratio).s);
        }
}

static void put_grain(const grain *g, FILE *out) {
    const dense_pair *d = &g->pair;
    fputs("|", out);
    cell(out, g->name);
    cell(out, g->shape);
    if (!d->layer) {
        cell(out, g->absent);
        fputs(" | | | | | |\n", out);
        return;
    }
    code_cell(out, d->layer->variant);
    fprintf(out, " %s | %s |", label_time(d->layer->time.value).s, label_time(d->dense->time.value).s);
    ratio_cell(out, d->ratio, false);
    fprintf(out, " %s | %s | %s |\n", label_ratio_fine(d->flops_ratio).s, label_ratio_fine(d->floor_ratio).s,
            d->interleaved ? "the same" : "apart");
}

static void put_grains(const model *m, FILE *out) {
    for (size_t i = 0; i < m->grain_count; i++) {
        const grain_curve *c = &m->grains[i];
        fputs(i ? "\n" : "\n## Over the dense FFN, by granularity\n\n", out);
        fprintf(out, "T = %g, D = %g, G = %g, %d thread%s, ", c->first->dims.t, c->first->dims.d, c->first->dims.g,
                c->first->threads, c->first->threads == 1 ? "" : "s");
        put(out, c->first->cache);
        fputs(", ", out);
        put(out, c->first->dtype);
        fprintf(out, ". FLOPs alone: %s, with F = E·H/T = %g.\n\n", model_flops_formula, c->hidden);
        fputs("| configuration | shape | our fastest layer | layer | dense FFN | layer / dense [95 %] | FLOPs alone | "
              "floor | rounds |\n|---|---|---|--:|--:|--:|--:|--:|---|\n",
              out);
        for (size_t k = 0; k < c->count; k++) put_grain(&c->points[k], out);
    }
}

static void put_cliff(const point *p, FILE *out) {
    if (!p->cliff) return;
    fputs("  - cliff: ", out);
    put(out, p->cliff);
    fputs("\n", out);
}

static void put_sweeps(const model *m, FILE *out) {
    if (m->sweep_count) fputs("\n## Sweeps\n\n", out);
    for (size_t i = 0; i < m->sweep_count; i++) {
        const sweep *w = &m->sweeps[i];
        fputs("- ", out);
        put(out, w->name);
        fprintf(out, " over %s (%s, %d threads, ", w->axis, w->shapes, w->threads);
        put(out, w->cache);
        put(out, label_dtype(w->dtype).s);
        fputs("); fastest: ", out);
        for (size_t k = 0; k < w->winner_count; k++) {
            if (k) fputs("; ", out);
            put(out, w->winners[k]);
        }
        fputs(!w->judged || w->cliffs ? "\n" : "; no cliffs\n", out);
        for (size_t k = 0; k < w->count; k++)
            for (size_t n = 0; n < w->series[k].count; n++) put_cliff(&w->series[k].points[n], out);
    }
}

static void put_tuning(const model *m, FILE *out) {
    if (m->records->tune_count)
        fputs("\n## Tuning\n\n| stage | shape | default | winner | gain |\n|---|---|---|---|--:|\n", out);
    for (size_t i = 0; i < m->records->tune_count; i++) {
        const tune_record *t = &m->records->tunes[i];
        fputs("|", out);
        cell(out, t->stage);
        typed_cell(out, t->shape, t->dtype);
        fputs(" ", out);
        put_code(out, t->usual);
        fprintf(out, " %s | ", label_time(t->usual_ns).s);
        put_code(out, t->winner);
        fprintf(out, " %s |%s", label_time(t->winner_ns).s, t->kept ? "" : " no gain:");
        ratio_cell(out, t->speedup, false);
        fputs("\n", out);
    }
}

static void put_lists(const model *m, FILE *out) {
    if (m->accuracy_count)
        fputs("\n## Accuracy\n\n| choice | verdict | error / bound | z rms | z max | shapes "
              "|\n|---|---|--:|--:|--:|--:|\n",
              out);
    for (size_t i = 0; i < m->accuracy_count; i++) {
        const accuracy_row *a = &m->accuracy[i];
        fputs("|", out);
        code_cell(out, a->choice);
        cell(out, a->verdict);
        fprintf(out, " %s | %s | %s | %zu |\n", label_number(a->fraction).s, label_number(a->z_rms).s,
                label_number(a->z_max).s, a->shapes);
    }
    if (m->skipped_count) fputs("\n## Skipped\n\n", out);
    for (size_t i = 0; i < m->skipped_count; i++) {
        fputs("- ", out);
        put_code(out, m->skipped[i].name);
        fputs(label_others(m->skipped[i].others).s, out);
        fputs(": ", out);
        put(out, m->skipped[i].reason);
        fputs("\n", out);
    }
}

void write_markdown(const model *m, FILE *out) {
    put_machine(m, out);
    if (m->table_count) fputs("\n## Variants\n", out);
    for (size_t i = 0; i < m->table_count; i++) put_table(&m->tables[i], out);
    put_layers(m, out);
    put_grains(m, out);
    put_sweeps(m, out);
    put_tuning(m, out);
    put_lists(m, out);
}
