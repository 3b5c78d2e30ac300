#include "html.h"

#include <math.h>
#include <string.h>

static const char *badge(const model *m) {
    return strcmp(m->verdict, "pass") == 0       ? "PASS"
           : strcmp(m->verdict, "fail") == 0     ? "FAIL"
           : strcmp(m->verdict, "marginal") == 0 ? "MARGINAL"
                                                 : "NOT CHECKED";
}

void html_verdict(const model *m, FILE *out) {
    html(out, "<section id=\"verdict\" class=\"verdict %s\">\n<h2 class=\"hidden\">Verdict</h2>\n", m->verdict);
    html(out, "<p class=\"numeric\"><strong class=\"badge\">%s</strong> <span>%s</span></p>\n", badge(m),
         m->verdict_text);
    if (m->finding_count) {
        html(out, "<ol class=\"findings\">\n");
        for (size_t i = 0; i < m->finding_count; i++) html(out, "<li>%s</li>\n", m->findings[i]);
        html(out, "</ol>\n");
    }
    if (m->warning_count) {
        html(out, "<ul class=\"warnings\">\n");
        for (size_t i = 0; i < m->warning_count; i++) html(out, "<li>%s</li>\n", m->warnings[i]);
        html(out, "</ul>\n");
    }
    if (m->skipped_count)
        html(out,
             "<p class=\"note\">Left out: %zu thing%s, with the reason: <a href=\"#skipped\">what was skipped and "
             "why</a>.</p>\n",
             m->skipped_count, m->skipped_count == 1 ? "" : "s");
    html_section_end(out);
}

static void best_peer_cells(const block *b, FILE *out) {
    const row *peer = model_best_peer(b);
    const double ns = peer ? peer->bench->time.value : NAN;
    html(out, "<td class=\"n\" data-v=\"%f\">%s", ns, label_time(ns).s);
    if (peer) html(out, "<small>%s</small>", html_short_name(peer->bench));
    html(out, "</td>");
    html_ratio_cell(out, model_over_peer(peer, b->best), b->best->bench->choice, peer ? peer->bench->choice : "", true);
}

static void glance_row(const model *m, const table *t, FILE *out) {
    const block *b = model_block(t, "layer");
    if (!b || !b->best) return;
    const bench_record *best = b->best->bench;
    unit u = label_time_unit(best->time);
    html(out, "<tr><th scope=\"row\"><a href=\"#t%d\"><code>%s</code></a><small>", (int)(t - m->tables), t->shape);
    if (*t->known_as) html(out, "%s · ", t->known_as);
    html_conditions(out, t);
    html(out, "</small></th><td><span class=\"key %s\"></span>%s</td>", html_class(best), html_short_name(best));
    html(out, "<td class=\"n\" data-v=\"%f\"><b>%s</b> %s <small>%s</small></td>", best->time.value,
         label_in(best->time.value, u).s, u.name, label_range(best->time, u).s);
    html(out, "<td class=\"n\" data-v=\"%f\">%s</td>", b->floor_ns, label_time(b->floor_ns).s);
    html_percent_cell(out, best->pct_of_ceiling);
    best_peer_cells(b, out);
    html(out, "<td class=\"n\" data-v=\"%f\">%s</td>", b->scalar_ns, label_time(b->scalar_ns).s);
    html_ratio_cell(out, b->best->over_scalar, best->choice, b->scalar_name, false);
    html(out, "</tr>\n");
}

static bool has_layer(const model *m) {
    for (size_t i = 0; i < m->table_count; i++) {
        const block *b = model_block(&m->tables[i], "layer");
        if (b && b->best) return true;
    }
    return false;
}

void html_glance(const model *m, FILE *out) {
    if (!has_layer(m)) return;
    html_section(out, "glance", "Layers at a glance",
                 "The fastest of our layers on each shape: median and 95\u00a0% interval of one call. Speed-ups are "
                 "base time over our time, "
                 "paired by round; the base's own time stands beside them. The floor is what the peaks measured in "
                 "this run allow.");
    html(out, "<div class=\"scroll\"><table class=\"sortable\"><thead><tr><th>Shape</th><th>Layer</th><th "
              "class=\"n\">Time</th>"
              "<th class=\"n\">Floor</th><th class=\"n\">%% of ceiling</th><th class=\"n\">Best peer</th><th "
              "class=\"n\">× best peer</th>"
              "<th class=\"n\">Scalar</th><th class=\"n\">× scalar</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < m->table_count; i++) glance_row(m, &m->tables[i], out);
    html(out, "</tbody></table></div>\n");
    html_section_end(out);
}
