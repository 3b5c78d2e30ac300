/* html_grains.c: the layer over the dense FFN over granularity: what was measured beside what its FLOPs explain. */
#include "html.h"
#include "plot.h"

#include <math.h>
#include <string.h>

enum { TICKS = 32, LINES = 4 };

/* One thing that is drawn of every point. */
typedef struct trace {
    const char *name, *class;
    double (*of)(const grain *);
} trace;

static double measured(const grain *g) { return g->pair.ratio.value; }
static double by_flops(const grain *g) { return g->pair.flops_ratio; }
static double by_floor(const grain *g) { return g->pair.floor_ratio; }
static double by_itself(const grain *g) { return (void)g, 1; }
static const trace flops = {"FLOPs alone", "k-flops", by_flops}, dense = {"dense FFN", "k-dense", by_itself},
                   least = {"floor", "k-floor", by_floor};

static bool has(const grain *g, const trace *t) { return g->pair.layer && t->of(g) > 0; }

static trace measured_trace(const grain_curve *c) {
    for (size_t i = c->count; i-- > 0;)
        if (c->points[i].pair.layer) return (trace){"measured", html_class(c->points[i].pair.layer), measured};
    return (trace){"measured", "", measured};
}

static void set_axes(plot *p, const grain_curve *c, double *ticks) {
    double low = 1, high = 1.05;
    for (size_t i = 0; i < c->count && p->x.tick_count < TICKS; i++) {
        const grain *g = &c->points[i];
        ticks[p->x.tick_count++] = g->y;
        if (!g->pair.layer) continue;
        low = fmin(low, fmin(measured(g), g->pair.ratio.low));
        high = fmax(high, fmax(fmax(measured(g), g->pair.ratio.high), fmax(by_flops(g), by_floor(g))));
    }
    p->x.ticks = ticks;
    p->x.low = ticks[0] / 1.9;
    p->x.high = ticks[p->x.tick_count - 1] * 1.25;
    p->y.low = low - 0.08 * (high - low);
    p->y.high = high + 0.12 * (high - low);
}

static void draw_trace(const plot *p, const grain_curve *c, const trace *t) {
    const char *pen = "M%f %f";
    html(p->out, "<path class=\"line %s\" d=\"", t->class);
    for (size_t i = 0; i < c->count; i++) {
        if (!has(&c->points[i], t)) continue;
        html(p->out, pen, plot_x(p, c->points[i].y), plot_y(p, t->of(&c->points[i])));
        pen = "L%f %f";
    }
    html(p->out, "\"/>\n");
}

/* The FLOPs, or the bytes where they cost more. */
static double explained(const grain *g) { return fmin(fmax(by_flops(g), by_floor(g)), measured(g)); }

/* Between what was measured and what is explained. */
static void draw_gap(const plot *p, const grain_curve *c) {
    const char *pen = "M%f %f";
    html(p->out, "<path class=\"gap\" d=\"");
    for (size_t k = 0; k < 2 * c->count; k++) {
        const bool back = k >= c->count;
        const grain *g = &c->points[back ? 2 * c->count - 1 - k : k];
        if (!has(g, &flops)) continue;
        html(p->out, pen, plot_x(p, g->y), plot_y(p, back ? explained(g) : measured(g)));
        pen = "L%f %f";
    }
    html(p->out, "\"/>\n");
}

static void draw_point(plot *p, const grain *g) {
    const double x = plot_x(p, g->y);
    char tip[512];
    if (!g->pair.layer) {
        snprintf(tip, sizeof tip, "%.60s: %.400s", g->name, g->absent);
        plot_mark(p, PLOT_CROSS, x, p->bottom - 9, 4, "k-scalar", tip);
        return;
    }
    const dense_pair *d = &g->pair;
    const double y = plot_y(p, d->ratio.value);
    char class[48];
    snprintf(class, sizeof class, "%s best", html_class(d->layer));
    if (d->ratio.low > 0) plot_whisker(p, x, d->ratio.low, d->ratio.high, class);
    snprintf(tip, sizeof tip, "%.60s, %.100s: %s over %s of the dense FFN", g->name, g->shape,
             label_time(d->layer->time.value).s, label_time(d->dense->time.value).s);
    plot_mark(p, PLOT_CIRCLE, x, y, 4.6, class, tip);
    const double top = d->ratio.low > 0 ? plot_y(p, d->ratio.high) : y; /* the line goes up to the right */
    html(p->out, "<text class=\"end dotname\" x=\"%f\" y=\"%f\">%s</text>\n", x + 6, fmin(top, y - 4) - 7,
         label_gain(d->ratio).s);
}

/* Names at the right ends, moved apart. */
static void name_traces(const plot *p, const grain_curve *c, const trace *traces, size_t n) {
    double ends[LINES], places[LINES];
    size_t order[LINES], named = 0;
    for (size_t k = 0; k < n; k++) {
        const grain *last = NULL;
        for (size_t i = 0; i < c->count; i++)
            if (has(&c->points[i], &traces[k])) last = &c->points[i];
        if (!last) continue;
        ends[k] = plot_y(p, traces[k].of(last));
        size_t at = named++;
        for (; at > 0 && ends[order[at - 1]] > ends[k]; at--) order[at] = order[at - 1];
        order[at] = k;
    }
    for (size_t i = 0; i < named; i++) places[i] = ends[order[i]];
    plot_spread(places, named, 18, p->top + 4, p->bottom - 4);
    for (size_t i = 0; i < named; i++)
        html(p->out, "<text class=\"linename %s\" x=\"%f\" y=\"%f\">%s</text>\n", traces[order[i]].class, p->right + 10,
             places[i] + 4, traces[order[i]].name);
}

static void draw(const grain_curve *c, bool wide, FILE *out) {
    double ticks[TICKS];
    char axis[96];
    const trace traces[] = {measured_trace(c), flops, dense, least};
    const size_t n = c->floor_differs ? 4 : 3;
    plot p = {.out = out, .width = wide ? 800 : 560, .height = 400, .left = 56, .top = 34, .bottom = 348};
    snprintf(axis, sizeof axis, "Y of %gE/Y: E = %g·Y experts of 1/Y of the width", c->first->dims.t, c->first->dims.t);
    p.right = p.width - 138;
    p.x = (plot_axis){.title = axis, .log = true};
    p.y = (plot_axis){.title = "layer time / dense FFN time, lower is better"};
    set_axes(&p, c, ticks);
    plot_open(out, p.width, p.height, "Layer over dense FFN by granularity");
    plot_grid(&p);
    draw_gap(&p, c);
    for (size_t k = n; k-- > 0;) draw_trace(&p, c, &traces[k]);
    for (size_t i = 0; i < c->count; i++) draw_point(&p, &c->points[i]);
    name_traces(&p, c, traces, n);
    plot_close(out);
}

/* ---- the table */

static void heading(const grain_curve *c, FILE *out) {
    const bench_record *b = c->first;
    html(out, "T = %s, D = %s, G = %s, F = %s <small>%d thread%s · %s · %s</small>", label_count(b->dims.t).s,
         label_count(b->dims.d).s, label_count(b->dims.g).s, label_count(c->hidden).s, b->threads,
         b->threads == 1 ? "" : "s", b->cache, b->dtype);
}

static void time_cell(const bench_record *b, FILE *out) {
    const unit u = label_time_unit(b->time);
    html(out, "<td class=\"n\" data-v=\"%f\">%s %s <small>%s</small></td>", b->time.value, label_in(b->time.value, u).s,
         u.name, label_range(b->time, u).s);
}

static void grain_line(const grain *g, FILE *out) {
    const dense_pair *d = &g->pair;
    html(out, "<tr><th scope=\"row\">%s <small><code>%s</code></small></th>", g->name, g->shape);
    if (!d->layer) {
        html(out, "<td colspan=\"7\" class=\"why\">%s</td></tr>\n", g->absent);
        return;
    }
    html(out, "<td><span class=\"key %s\"></span>%s</td>", html_class(d->layer), d->layer->variant);
    time_cell(d->layer, out);
    time_cell(d->dense, out);
    html(out,
         "<td class=\"n\"><b>%s</b> <small>%s%s</small></td><td class=\"n\">%s</td><td class=\"n\">%s</td><td "
         "class=\"n\">%s</td></tr>\n",
         label_gain(d->ratio).s, label_ratio_range(d->ratio).s, d->interleaved ? "" : " apart",
         label_ratio_fine(d->flops_ratio).s, label_ratio_fine(d->floor_ratio).s,
         label_ratio_fine(d->ratio.value / d->flops_ratio).s);
}

static void numbers(const model *m, FILE *out) {
    html(out, "<div class=\"scroll\"><table><thead><tr><th>Configuration</th><th>Our fastest layer</th><th "
              "class=\"n\">Layer [95 %%]</th><th class=\"n\">Dense FFN [95 %%]</th><th class=\"n\">Layer / dense "
              "[95 %%]</th><th class=\"n\">FLOPs alone</th><th class=\"n\">Floor</th><th class=\"n\">Beyond the "
              "FLOPs</th></tr></thead>\n");
    for (size_t i = 0; i < m->grain_count; i++) {
        const grain_curve *c = &m->grains[i];
        html(out, "<tbody><tr class=\"stage\"><th scope=\"rowgroup\" colspan=\"8\">");
        heading(c, out);
        html(out, "</th></tr>\n");
        for (size_t k = 0; k < c->count; k++) grain_line(&c->points[k], out);
        html(out, "</tbody>\n");
    }
    html(out, "</table></div>\n");
}

static bool any_apart(const model *m) {
    for (size_t i = 0; i < m->grain_count; i++)
        for (size_t k = 0; k < m->grains[i].count; k++)
            if (m->grains[i].points[k].pair.layer && !m->grains[i].points[k].pair.interleaved) return true;
    return false;
}

static void caption(const model *m, FILE *out) {
    html(
        out,
        "<p class=\"note\">FLOPs alone: those of route, mix, experts and redistribute over those of the dense FFN with "
        "F = E·H/T hidden units, by the formulas of the stages: %s. Floor: the same ratio of the least times that the "
        "ceilings measured in this run allow, the bytes of cold weights included.%s</p>\n",
        model_flops_formula,
        any_apart(m) ? " Apart: the two were not timed in the same rounds, so the interval is the widest that theirs "
                       "allow."
                     : "");
}

void html_grains(const model *m, FILE *out) {
    size_t drawn = 0;
    if (!m->grain_count) return;
    for (size_t i = 0; i < m->grain_count; i++) drawn += m->grains[i].measured > 0;
    html_section(out, "granularity", "Over the dense FFN",
                 "What mixing costs: our fastest MoT layer over our fastest dense FFN of as many FLOPs and tokens, the "
                 "two timed in the same rounds, as the experts get more and smaller. At 1× mixing would be free; the "
                 "dashed line is what the additional FLOPs alone must cost, the shade what neither they nor the bytes "
                 "explain.");
    html(out, drawn > 1 ? "<div class=\"grid\">\n" : "<div>\n");
    for (size_t i = 0; i < m->grain_count; i++) {
        if (!m->grains[i].measured) continue;
        html(out, "<figure><figcaption><h3>");
        heading(&m->grains[i], out);
        html(out, "</h3></figcaption>\n");
        draw(&m->grains[i], drawn == 1, out);
        html(out, "</figure>\n");
    }
    html(out, "</div>\n");
    numbers(m, out);
    caption(m, out);
    html_section_end(out);
}
