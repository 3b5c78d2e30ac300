#include "html.h"

#include <math.h>
#include <string.h>
#include <strings.h>

/* One more for every peer library. */
static int columns_of(const table *t) { return 8 + t->openblas + (int)t->peer_count; }

/* A speed-up never stands without its base: the stage's own line names the bases and their times. */
static void block_head(const table *t, const block *b, FILE *out) {
    html(out, "<tr class=\"stage\"><th scope=\"rowgroup\" colspan=\"%d\"><span class=\"dot %s\"></span>%s",
         columns_of(t), html_stage_class(b->stage), b->stage);
    html(out, "<small>");
    if (b->floor_ns > 0) html(out, "floor %s", label_time(b->floor_ns).s);
    if (b->scalar_ns > 0) html(out, " · scalar base %s <code>%s</code>", label_time(b->scalar_ns).s, b->scalar_name);
    if (b->blas_ns > 0) html(out, " · OpenBLAS base %s <code>%s</code>", label_time(b->blas_ns).s, b->blas_name);
    for (size_t i = 0; i < t->peer_count; i++) {
        const row *base = model_fastest(b, t->peers[i]);
        if (base)
            html(out, " · %s base %s <code>%s</code>", label_library(t->peers[i]).s,
                 label_time(base->bench->time.value).s, base->bench->choice);
    }
    html(out, "</small></th></tr>\n");
}

static void time_cells(const bench_record *b, unit u, FILE *out) {
    html(out, "<td class=\"n\" data-v=\"%f\"><b>%s</b> %s <small>%s</small></td>", b->time.value,
         label_in(b->time.value, u).s, u.name, label_range(b->time, u).s);
    html(out, "<td class=\"n\">%zu%s</td>", b->samples - b->tainted, b->tainted ? "*" : "");
    html(out, "<td class=\"n\" data-v=\"%s\">%s</td>", label_number(b->gflops).s, label_number(b->gflops).s);
    html_percent_cell(out, b->pct_of_ceiling);
}

static void verdict_cells(const row *r, FILE *out) {
    bool pass = strcasecmp(r->verdict, "PASS") == 0, open = strstr(r->verdict, "unverified") != NULL;
    if (*r->verdict)
        html(out, "<td class=\"n\" data-v=\"%s\">%s <small>z %s</small></td>", label_number(r->error_fraction).s,
             label_number(r->error_fraction).s, label_number(r->z_rms).s);
    else
        html(out, "<td class=\"n\">–</td>");
    if (!r->bench->usable)
        html(out, "<td><span class=\"grade unknown\" title=\"%s\">%s</span></td>", r->bench->reason, r->bench->status);
    else if (*r->verdict)
        html(out, "<td><span class=\"grade %s\">%s</span></td>", pass ? "ok" : open ? "unknown" : "bad", r->verdict);
    else
        html(out, "<td>–</td>");
}

static void peer_cells(const table *t, const block *b, const row *r, FILE *out) {
    for (size_t i = 0; i < t->peer_count; i++) {
        const row *base = model_fastest(b, t->peers[i]);
        html_ratio_cell(out, model_over_peer(base, r), r->bench->choice, base ? base->bench->choice : "", true);
    }
}

/* A row whose noise forbids a verdict still has a time to show; it is no base and never the best. */
static void row_line(const table *t, const block *b, const row *r, unit u, FILE *out) {
    const bench_record *bench = r->bench;
    html(out, r->best ? "<tr class=\"best\">" : bench->usable ? "<tr>" : "<tr class=\"doubtful\">");
    html(out, "<th scope=\"row\"><span class=\"key %s\"></span><code>%s</code>%s</th>", html_class(bench),
         bench->choice, label_others(r->others).s);
    if (bench->time.value > 0) {
        time_cells(bench, u, out);
        html_ratio_cell(out, r->over_scalar, bench->choice, b->scalar_name, false);
        if (t->openblas) html_ratio_cell(out, r->over_blas, bench->choice, b->blas_name, true);
        peer_cells(t, b, r, out);
        verdict_cells(r, out);
    } else {
        html(out, "<td colspan=\"%d\" class=\"why\"><span class=\"grade unknown\">%s</span> %s</td>", columns_of(t) - 1,
             bench->status, bench->reason);
    }
    html(out, "</tr>\n");
}

static void one_table(const table *t, int number, bool open, FILE *out) {
    html(out, "<details id=\"t%d\"", number);
    html(out, open ? " open=\"open\">" : ">");
    html(out, "<summary><h3><code>%s</code>", t->shape);
    if (*t->known_as) html(out, " <span>%s</span>", t->known_as);
    html(out, "</h3> <small>%s tokens · ", label_count(t->dims.g * t->dims.t).s);
    html_conditions(out, t);
    html(out, "</small></summary>\n<div class=\"scroll\"><table class=\"sortable\"><thead><tr><th>Choice</th><th "
              "class=\"n\">Median [95 %%]</th>"
              "<th class=\"n\">n</th><th class=\"n\">GFLOP/s</th><th class=\"n\">%% of ceiling</th><th class=\"n\">× "
              "scalar</th>");
    if (t->openblas) html(out, "<th class=\"n\">× OpenBLAS</th>");
    for (size_t i = 0; i < t->peer_count; i++) html(out, "<th class=\"n\">× %s</th>", label_library(t->peers[i]).s);
    html(out, "<th class=\"n\">Error / bound</th><th>Verdict</th></tr></thead>\n");
    for (size_t i = 0; i < t->count; i++) {
        const block *b = &t->blocks[i];
        unit u = label_time_unit(b->rows[0].bench->time);
        html(out, "<tbody>");
        block_head(t, b, out);
        for (size_t k = 0; k < b->count; k++) row_line(t, b, &b->rows[k], u, out);
        html(out, "</tbody>\n");
    }
    html(out, "</table></div></details>\n");
}

void html_tables(const model *m, FILE *out) {
    if (!m->table_count) return;
    html_section(out, "variants", "Variants",
                 "Every choice that was timed, fastest first within its stage. n counts clean samples; * marks rows "
                 "with disturbed ones, "
                 "which are kept but left out of the statistics. Speed-ups are base time over this row's time, paired "
                 "by round where there "
                 "are enough rounds for the interval. Error is the worst over all checks, as a share of its bound.");
    for (size_t i = 0; i < m->table_count; i++)
        one_table(&m->tables[i], (int)i, &m->tables[i] == m->headline || m->table_count <= 2, out);
    html_section_end(out);
}
