#include "html.h"

#include <math.h>
#include <string.h>

enum { WIDTH = 260, HEIGHT = 34, PAD = 5 };

/* A strip is at least 2 % tall to either side, so that a quiet row looks quiet. */
static double reach(const bench_record *b) {
    double most = 0.02;
    for (size_t i = 0; i < b->samples; i++)
        if (b->ns[i] > 0) most = fmax(most, fabs(b->ns[i] / b->time.value - 1));
    return most;
}

static double height_of(const bench_record *b, double ns, double most) {
    double t = isfinite(ns) ? (ns / b->time.value - 1) / most : 0;
    return HEIGHT / 2.0 - fmax(-1, fmin(1, t)) * (HEIGHT / 2.0 - PAD);
}

static void dots(const bench_record *b, bool taint, double most, FILE *out) {
    double step = (WIDTH - 2.0 * PAD) / (double)(b->samples > 1 ? b->samples - 1 : 1);
    html(out, taint ? "<path class=\"dirty\" d=\"" : "<path class=\"clean\" d=\"");
    for (size_t i = 0; i < b->samples; i++)
        if (b->taint[i] == taint) html(out, "M%f %fh0", PAD + step * (double)i, height_of(b, b->ns[i], most));
    html(out, "\"/>");
}

static void strip(const bench_record *b, FILE *out) {
    double most = reach(b), low = height_of(b, b->time.high, most), high = height_of(b, b->time.low, most);
    html(out, "<svg class=\"strip\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"samples in the order of time\">",
         WIDTH, HEIGHT);
    html(out, "<rect class=\"band\" x=\"0\" y=\"%f\" width=\"%d\" height=\"%f\"/>", low, WIDTH, fmax(high - low, 0.8));
    html(out, "<path class=\"middle\" d=\"M0 %fH%d\"/>", HEIGHT / 2.0, WIDTH);
    dots(b, false, most, out);
    if (b->tainted) dots(b, true, most, out);
    html(out, "</svg>");
}

static void line(const bench_record *b, FILE *out) {
    unit u = label_time_unit(b->time);
    html(out, "<tr><th scope=\"row\"><span class=\"key %s\"></span><code>%s</code></th><td class=\"stripcell\">",
         html_class(b), b->choice);
    strip(b, out);
    html(out,
         "</td><td class=\"n\">± %s</td><td class=\"n\" data-v=\"%f\"><b>%s</b> %s</td><td class=\"n\">%s</td><td "
         "class=\"n\">%s</td><td class=\"n\">%zu</td><td class=\"n\">%zu</td>"
         "<td class=\"n\">%s</td><td>%s</td></tr>\n",
         label_percent(100 * reach(b)).s, b->time.value, label_in(b->time.value, u).s, u.name, label_in(b->min_ns, u).s,
         label_percent(100 * b->mad_ns / b->time.value).s, b->samples, b->tainted, label_count(b->iterations).s,
         b->stop);
}

static void one_table(const table *t, bool open, FILE *out) {
    html(out, open ? "<details open=\"open\">" : "<details>");
    html(out, "<summary><h3><code>%s</code></h3> <small>", t->shape);
    html_conditions(out, t);
    html(out,
         "</small></summary>\n<div class=\"scroll\"><table class=\"sortable\"><thead><tr><th>Choice</th><th>Samples, "
         "in the order of time</th><th class=\"n\">Height</th>"
         "<th class=\"n\">Median</th><th class=\"n\">Min</th><th class=\"n\">MAD</th><th class=\"n\">n</th><th "
         "class=\"n\">Disturbed</th>"
         "<th class=\"n\">Calls each</th><th>Stopped by</th></tr></thead>\n");
    for (size_t i = 0; i < t->count; i++) {
        html(out,
             "<tbody><tr class=\"stage\"><th scope=\"rowgroup\" colspan=\"10\"><span class=\"dot "
             "%s\"></span>%s</th></tr>\n",
             html_stage_class(t->blocks[i].stage), t->blocks[i].stage);
        for (size_t k = 0; k < t->blocks[i].count; k++)
            if (t->blocks[i].rows[k].bench->samples && t->blocks[i].rows[k].bench->time.value > 0)
                line(t->blocks[i].rows[k].bench, out);
        html(out, "</tbody>\n");
    }
    html(out, "</table></div></details>\n");
}

void html_samples(const model *m, FILE *out) {
    if (!m->table_count) return;
    html_section(out, "samples", "Samples",
                 "Every sample in the order it was taken, so that drift shows. The line is the median, the band its "
                 "95\u00a0% interval; larger dots are "
                 "disturbed samples (stolen time, context switches, migrations), kept here and left out of the "
                 "statistics. Height is the share "
                 "of the median from the line to the edge.");
    for (size_t i = 0; i < m->table_count; i++) one_table(&m->tables[i], &m->tables[i] == m->headline, out);
    html_section_end(out);
}
