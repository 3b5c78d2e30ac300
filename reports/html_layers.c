#include "html.h"
#include "plot.h"

#include <math.h>
#include <string.h>

enum { BAR = 22, ROW = 58 };

/* A portable-C layer would press all others into a corner. */
static bool drawn(const table *t, const breakdown *d) {
    const block *b = model_block(t, "layer");
    return b && b->best && d->whole->time.value < 3 * b->best->bench->time.value;
}

static void one_bar(const plot *p, const breakdown *d, double y) {
    double x = p->left;
    html(p->out, "<text class=\"end strong\" x=\"%f\" y=\"%f\">%s</text>", p->left - 10, y + 15,
         html_short_name(d->whole));
    for (size_t i = 0; i < d->parts; i++) {
        const bench_record *b = d->part[i];
        double width = plot_x(p, b->time.value) - p->left;
        html(p->out,
             "<g class=\"segment %s\"><title>%s: %s, %s of the sum</title><rect x=\"%f\" y=\"%f\" width=\"%f\" "
             "height=\"%d\"/></g>",
             html_stage_class(b->stage), b->choice, label_time(b->time.value).s,
             label_percent(100 * b->time.value / d->sum_ns).s, x, y, fmax(width - 1, 0.6), BAR);
        label time = label_time(b->time.value);
        char name[96];
        snprintf(name, sizeof name, "%.24s %s", b->stage, time.s);
        const char *fits = plot_text_width(name) + 10 < width    ? name
                           : plot_text_width(time.s) + 8 < width ? time.s
                                                                 : "";
        if (*fits) html(p->out, "<text class=\"inbar\" x=\"%f\" y=\"%f\">%s</text>", x + 6, y + 15, fits);
        x += width;
    }
    double whole = plot_x(p, d->whole->time.value) - p->left;
    html(p->out,
         "<g class=\"whole\"><title>the whole layer</title><rect x=\"%f\" y=\"%f\" width=\"%f\" height=\"5\"/></g>",
         p->left, y + BAR + 3, whole);
    char text[160];
    snprintf(text, sizeof text, "sum %s · whole %s", label_time(d->sum_ns).s, label_time(d->whole->time.value).s);
    html(p->out, "<text x=\"%f\" y=\"%f\">%s</text>\n", fmax(x, p->left + whole) + 8, y + 15, text);
}

static void bars(const table *t, FILE *out) {
    double longest = 0;
    size_t rows = 0;
    for (size_t i = 0; i < t->breakdown_count; i++) {
        const breakdown *d = &t->breakdowns[i];
        if (!drawn(t, d)) continue;
        longest = fmax(longest, fmax(d->sum_ns, d->whole->time.value));
        rows++;
    }
    if (!rows) return;
    plot p = {.out = out,
              .width = 800,
              .height = 24 + (double)rows * ROW,
              .left = 120,
              .right = 585,
              .x = {.low = 0, .high = longest}};
    plot_open(out, p.width, p.height, "Layers as the sum of their stages");
    double y = 12;
    for (size_t i = 0; i < t->breakdown_count; i++) {
        if (!drawn(t, &t->breakdowns[i])) continue;
        one_bar(&p, &t->breakdowns[i], y);
        y += ROW;
    }
    plot_close(out);
}

static void legend(const table *t, FILE *out) {
    static const char *const stages[] = {"route", "mix", "front", "experts", "redistribute"};
    html(out, "<ul class=\"legend\">");
    for (int k = 0; k < 5; k++)
        if (model_block(t, stages[k]))
            html(out, "<li><span class=\"dot %s\"></span>%s</li>", html_stage_class(stages[k]), stages[k]);
    html(out, "<li><span class=\"dot s-whole\"></span>the whole layer, measured as one</li></ul>\n");
}

/* What could be counted; what could not is said once, below the table. */
static void counters_cell(const bench_record *b, FILE *out) {
    size_t shown = 0;
    html(out, "<td>");
    for (size_t i = 0; i < b->counter_count; i++) {
        const counter *c = &b->counters[i];
        size_t n = strlen(c->name);
        bool time = n > 3 && strcmp(c->name + n - 3, "_ns") == 0;
        if (!isfinite(c->value)) continue;
        html(out, "%s%s %s", shown++ ? " · " : "", c->name, time ? label_time(c->value).s : label_number(c->value).s);
    }
    html(out, shown ? "</td>" : "–</td>");
}

static void missing_counters(const bench_record *b, FILE *out) {
    size_t missing = 0;
    for (size_t i = 0; i < b->counter_count; i++) {
        const counter *c = &b->counters[i];
        if (isfinite(c->value)) continue;
        html(out, missing++ ? "; " : "<p class=\"note\">Counters: ");
        html(out, "<code>%s</code> n/a: %s", c->name, *c->reason ? c->reason : "no reason given");
    }
    if (missing) html(out, "</p>\n");
}

static void part_line(const bench_record *b, const char *class, const char *name, double share, bool exact, FILE *out) {
    html(out, "<tr><td><span class=\"dot %s\"></span>%s</td><th scope=\"row\"><code>%s</code>%s</th>", class, name,
         b->choice, exact ? "" : " (same variant, other knobs)");
    html(out, "<td class=\"n\" data-v=\"%f\">%s</td><td class=\"n\">%s</td><td class=\"n\">%s</td>", b->time.value,
         label_time(b->time.value).s, label_percent(share).s, label_time(b->floor_ns).s);
    html_percent_cell(out, b->pct_of_ceiling);
    html(out, "<td class=\"n\">%s</td><td class=\"n\">%s</td><td class=\"n\">%s</td>", label_number(b->flops / 1e6).s,
         label_bytes(b->bytes).s, label_number(b->gflops).s);
    counters_cell(b, out);
    html(out, "</tr>\n");
}

static void parts_table(const table *t, FILE *out) {
    html(out, "<details open=\"open\"><summary>Numbers</summary><div "
              "class=\"scroll\"><table><thead><tr><th>Part</th><th>Choice</th><th class=\"n\">Time</th>"
              "<th class=\"n\">Of the sum</th><th class=\"n\">Floor</th><th class=\"n\">%% of ceiling</th><th "
              "class=\"n\">MFLOP</th>"
              "<th class=\"n\">Bytes</th><th class=\"n\">GFLOP/s</th><th>Counters, per call</th></tr></thead>\n");
    for (size_t i = 0; i < t->breakdown_count; i++) {
        const breakdown *d = &t->breakdowns[i];
        html(out,
             "<tbody><tr class=\"stage\"><th scope=\"rowgroup\" colspan=\"10\"><span class=\"key "
             "%s\"></span>%s<small>whole %s · sum of parts %s · sum / whole %s</small></th></tr>\n",
             html_class(d->whole), d->whole->variant, label_time(d->whole->time.value).s, label_time(d->sum_ns).s,
             label_ratio(d->sum_ns / d->whole->time.value).s);
        for (size_t k = 0; k < d->parts; k++)
            part_line(d->part[k], html_stage_class(d->part[k]->stage), d->part[k]->stage,
                      100 * d->part[k]->time.value / d->sum_ns, d->exact[k], out);
        html(out, "</tbody>\n");
    }
    html(out, "</table></div>\n");
    missing_counters(t->breakdowns[0].part[0], out);
    html(out, "</details>\n");
}

static void dense(const model *m, FILE *out) {
    size_t pairs = 0;
    for (size_t i = 0; i < m->table_count; i++) pairs += m->tables[i].dense_count;
    if (!pairs) return;
    html(out, "<h3>Against the dense FFN</h3>\n<p class=\"note\">The layer over a dense feed-forward layer with as "
              "many FLOPs in its two products and as many tokens. "
              "1× would mean that mixing costs nothing; the FLOP ratio is what arithmetic alone would cost.");
    if (!m->grain_count)
        html(out, " There is no curve over granularity: no three shapes here have the same T, D, G and FLOPs of their "
                  "experts; <code>motbench bench --shapes sweep-granularity --stage layer</code> times such ones.");
    html(out, "</p>\n");
    html(out, "<div class=\"scroll\"><table class=\"sortable\"><thead><tr><th>Shape</th><th>Layer</th><th "
              "class=\"n\">Layer time</th><th class=\"n\">Dense FFN time</th>"
              "<th class=\"n\">Layer / dense</th><th class=\"n\">FLOP ratio</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < m->table_count; i++)
        for (size_t k = 0; k < m->tables[i].dense_count; k++) {
            const dense_pair *p = &m->tables[i].dense[k];
            label range = label_ratio_range(p->ratio);
            html(out,
                 "<tr><th scope=\"row\"><code>%s</code>%s</th><td><span class=\"key %s\"></span>%s</td><td class=\"n\" "
                 "data-v=\"%f\">%s</td><td class=\"n\" data-v=\"%f\">%s</td>",
                 m->tables[i].shape, label_dtype(m->tables[i].dtype).s, html_class(p->layer), p->layer->variant,
                 p->layer->time.value, label_time(p->layer->time.value).s, p->dense->time.value,
                 label_time(p->dense->time.value).s);
            html(out, "<td class=\"n\" data-v=\"%s\"><b>%s</b> <small>%s</small></td><td class=\"n\">%s</td></tr>\n",
                 label_number(p->ratio.value).s, label_gain(p->ratio).s, range.s, label_ratio_fine(p->flops_ratio).s);
        }
    html(out, "</tbody></table></div>\n");
}

void html_layers(const model *m, FILE *out) {
    size_t any = 0;
    for (size_t i = 0; i < m->table_count; i++) any += m->tables[i].breakdown_count + m->tables[i].dense_count;
    if (!any) return;
    html_section(out, "breakdown", "Layer breakdown",
                 "Each stage timed alone, put end to end, against the whole layer timed as one (thin bar). A stage "
                 "inside the layer finds "
                 "its input in the cache, so the sum may be longer than the whole.");
    for (size_t i = 0; i < m->table_count; i++) {
        const table *t = &m->tables[i];
        if (!t->breakdown_count) continue;
        bool first = t == m->headline;
        html(out, first ? "<details open=\"open\">" : "<details>");
        html(out, "<summary><h3><code>%s</code></h3> <small>", t->shape);
        html_conditions(out, t);
        html(out, "</small></summary>\n");
        legend(t, out);
        bars(t, out);
        parts_table(t, out);
        html(out, "</details>\n");
    }
    dense(m, out);
    html_section_end(out);
}
