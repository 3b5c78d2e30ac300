#include "html.h"
#include "plot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LINES = 32, TICKS = 64 };

/* What a picture of lines shows of one measurement. */
typedef struct value {
    double middle, low, high;
} value;
typedef value (*value_of)(const series *, const bench_record *);

static value per_token(const series *line, const bench_record *b) {
    (void)line;
    double tokens = b->dims.g * b->dims.t * 1e3; /* µs */
    return (value){b->time.value / tokens, b->time.low / tokens, b->time.high / tokens};
}

static value rate(const series *line, const bench_record *b) {
    (void)line;
    return (value){b->flops / b->time.value, b->flops / b->time.high, b->flops / b->time.low};
}

static value speed(const series *line, const bench_record *b) {
    const point *p = &line->points[0];
    double base = p->bench->time.value * p->x;
    return (value){base / b->time.value, base / b->time.high, base / b->time.low};
}

static enum plot_mark mark_of(const bench_record *b) {
    const char *class = html_class(b);
    return strcmp(class, "k-peer") == 0     ? PLOT_SQUARE
           : strcmp(class, "k-avx2") == 0   ? PLOT_TRIANGLE
           : strcmp(class, "k-dense") == 0  ? PLOT_DIAMOND
           : strcmp(class, "k-scalar") == 0 ? PLOT_CROSS
                                            : PLOT_CIRCLE;
}

static int rising(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Axes that hold all points; a tick at each x that was measured. */
static void set_axes(plot *p, const series *lines, size_t n, value_of of, double *ticks) {
    double y0 = INFINITY, y1 = 0;
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < lines[i].count; k++) {
            value v = of(&lines[i], lines[i].points[k].bench);
            y0 = fmin(y0, v.middle);
            y1 = fmax(y1, v.middle);
            if (count < TICKS) ticks[count++] = lines[i].points[k].x;
        }
    qsort(ticks, count, sizeof *ticks, rising);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (!kept || ticks[i] != ticks[kept - 1]) ticks[kept++] = ticks[i];
    double x1 = kept ? ticks[kept - 1] : 1, x0 = kept ? ticks[0] : 1;
    double pad = pow(x1 > x0 ? x1 / x0 : 2, 0.04);
    p->x.low = x0 / pad;
    p->x.high = x1 * pad;
    p->x.log = true;
    p->x.ticks = ticks;
    p->x.tick_count = kept;
    p->y.low = p->y.log ? y0 / 1.25 : 0;
    p->y.high = p->y.log ? y1 * 1.25 : y1 * 1.1;
}

static void draw_line(plot *p, const series *line, value_of of) {
    const char *class = html_class(line->first);
    html(p->out, "<path class=\"line %s\" d=\"", class);
    for (size_t i = 0; i < line->count; i++)
        html(p->out, i ? "L%f %f" : "M%f %f", plot_x(p, line->points[i].x),
             plot_y(p, of(line, line->points[i].bench).middle));
    html(p->out, "\"/>\n");
    for (size_t i = 0; i < line->count; i++) {
        const bench_record *b = line->points[i].bench;
        value v = of(line, b);
        double x = plot_x(p, line->points[i].x);
        if (v.low > 0 && v.high > v.low) plot_whisker(p, x, v.low, v.high, class);
        char tip[512];
        snprintf(tip, sizeof tip, "%.200s on %.100s, %d threads: %s", b->choice, b->shape, b->threads,
                 label_time(b->time.value).s);
        plot_mark(p, mark_of(b), x, plot_y(p, v.middle), 3.6, class, tip);
        if (line->points[i].cliff)
            html(p->out, "<circle class=\"cliff\" cx=\"%f\" cy=\"%f\" r=\"9\"><title>%s</title></circle>\n", x,
                 plot_y(p, v.middle), line->points[i].cliff);
    }
}

/* Names at the ends of the lines, moved apart. */
static void name_lines(plot *p, const series *lines, size_t n, value_of of) {
    double ends[LINES], order[LINES];
    size_t who[LINES];
    for (size_t i = 0; i < n; i++) {
        const point *last = &lines[i].points[lines[i].count - 1];
        ends[i] = plot_y(p, of(&lines[i], last->bench).middle);
        who[i] = i;
    }
    for (size_t i = 1; i < n; i++)
        for (size_t k = i; k > 0 && ends[who[k]] < ends[who[k - 1]]; k--) {
            size_t swap = who[k];
            who[k] = who[k - 1];
            who[k - 1] = swap;
        }
    for (size_t i = 0; i < n; i++) order[i] = ends[who[i]];
    plot_spread(order, n, 18, p->top + 4, p->bottom - 4);
    for (size_t i = 0; i < n; i++) {
        const series *line = &lines[who[i]];
        double x = plot_x(p, line->points[line->count - 1].x) + 7;
        html(p->out,
             "<path class=\"leader\" d=\"M%f %fL%f %f\"/><text class=\"linename %s\" x=\"%f\" y=\"%f\">%s</text>\n", x,
             ends[who[i]], p->right + 10, order[i], html_class(line->first), p->right + 13, order[i] + 4,
             html_short_name(line->first));
    }
}

static void draw_lines(plot *p, const series *lines, size_t n, value_of of, bool ideal, const char *description) {
    double ticks[TICKS];
    if (n > LINES) n = LINES;
    set_axes(p, lines, n, of, ticks);
    if (ideal) p->y.low = fmin(p->y.low, p->x.low), p->y.high = fmax(p->y.high, p->x.high);
    plot_open(p->out, p->width, p->height, description);
    plot_grid(p);
    if (ideal)
        html(p->out, "<path class=\"ideal\" d=\"M%f %fL%f %f\"><title>ideal</title></path>", plot_x(p, p->x.low),
             plot_y(p, p->x.low), plot_x(p, p->x.high), plot_y(p, p->x.high));
    for (size_t i = 0; i < n; i++) draw_line(p, &lines[i], of);
    name_lines(p, lines, n, of);
    plot_close(p->out);
}

static plot frame(FILE *out, const char *x, const char *y, bool log) {
    plot p = {.out = out, .width = 568, .height = 380, .left = 56, .right = 448, .top = 34, .bottom = 328};
    p.x.title = x;
    p.y = (plot_axis){.title = y, .log = log};
    return p;
}

static void numbers(const series *lines, size_t n, const char *axis, FILE *out) {
    html(out,
         "<details><summary>Numbers</summary><div class=\"scroll\"><table "
         "class=\"sortable\"><thead><tr><th>Layer</th><th class=\"n\">%s</th>"
         "<th>Shape</th><th class=\"n\">Median [95 %%]</th><th class=\"n\">GFLOP/s</th><th class=\"n\">%% of "
         "ceiling</th></tr></thead><tbody>\n",
         axis);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < lines[i].count; k++) {
            const bench_record *b = lines[i].points[k].bench;
            unit u = label_time_unit(b->time);
            html(out,
                 "<tr><th scope=\"row\"><span class=\"key %s\"></span><code>%s</code></th><td "
                 "class=\"n\">%s</td><td><code>%s</code></td>"
                 "<td class=\"n\" data-v=\"%f\"><b>%s</b> %s <small>%s</small></td><td class=\"n\">%s</td>",
                 html_class(b), lines[i].label, label_count(lines[i].points[k].x).s, b->shape, b->time.value,
                 label_in(b->time.value, u).s, u.name, label_range(b->time, u).s, label_number(b->gflops).s);
            html_percent_cell(out, b->pct_of_ceiling);
            html(out, "</tr>\n");
        }
    html(out, "</tbody></table></div></details>\n");
}

static double time_at(const series *line, double x) {
    for (size_t i = 0; i < line->count; i++)
        if (line->points[i].x == x) return line->points[i].bench->time.value;
    return NAN;
}

/* Whether a line is many times slower than another wherever both were measured: it would hide all differences. */
static bool far_off(const sweep *w, const series *line) {
    for (size_t i = 0; i < w->count; i++) {
        double least = INFINITY;
        for (size_t k = 0; k < line->count; k++)
            least = fmin(least, line->points[k].bench->time.value / time_at(&w->series[i], line->points[k].x));
        if (isfinite(least) && least > 5) return true;
    }
    return false;
}

static void say_fastest(const sweep *w, FILE *out) {
    html(out, "<p class=\"note\">Fastest: ");
    for (size_t k = 0; k < w->winner_count; k++) html(out, "%s%s", k ? "; " : "", w->winners[k]);
    html(out, ".");
    for (size_t i = 0; i < w->count; i++) {
        const series *line = &w->series[i];
        if (!far_off(w, line)) continue;
        value first = per_token(line, line->points[0].bench);
        value last = per_token(line, line->points[line->count - 1].bench);
        html(out, " Too slow to draw: %s, %s to %s µs per token.", line->label, label_number(first.middle).s,
             label_number(last.middle).s);
    }
    html(out, "</p>\n");
}

/* Each cliff in words, or that there is none. */
static void say_cliffs(const sweep *w, FILE *out) {
    if (!w->judged)
        html(out, "<p class=\"note\">Cliffs were not looked for: no three points in a row have intervals.</p>\n");
    else if (!w->cliffs)
        html(out,
             "<p class=\"note\">No cliffs: none of the %zu points between two others is more than 10 %% further from "
             "its floor than both, with intervals apart.</p>\n",
             w->judged);
    if (!w->cliffs) return;
    html(out, "<ul class=\"cliffs\">\n");
    for (size_t i = 0; i < w->count; i++)
        for (size_t k = 0; k < w->series[i].count; k++)
            if (w->series[i].points[k].cliff) html(out, "<li>Cliff: %s.</li>\n", w->series[i].points[k].cliff);
    html(out, "</ul>\n");
}

static void one_sweep(const sweep *w, FILE *out) {
    series near[LINES];
    size_t n = 0;
    for (size_t i = 0; i < w->count && n < LINES; i++)
        if (!far_off(w, &w->series[i])) near[n++] = w->series[i];
    html(out, "<div class=\"grid\">\n");
    plot time = frame(out, w->axis, "µs per token, lower is better", true);
    draw_lines(&time, near, n, per_token, false, "Time per token");
    plot flops = frame(out, w->axis, "GFLOP/s, higher is better", false);
    draw_lines(&flops, near, n, rate, false, "FLOP rate");
    html(out, "</div>\n");
    say_fastest(w, out);
    say_cliffs(w, out);
    numbers(w->series, w->count, w->letter, out);
}

/* Whole layers are shown at once, single stages on demand. */
void html_sweeps(const model *m, FILE *out) {
    if (!m->sweep_count) return;
    html_section(out, "sweeps", "Sweeps",
                 "Time per token (logarithmic) and FLOP rate as one dimension of the layer grows. Whiskers are "
                 "95\u00a0% intervals; a ring marks a cliff.");
    for (int layers = 1; layers >= 0; layers--)
        for (size_t i = 0; i < m->sweep_count; i++) {
            const sweep *w = &m->sweeps[i];
            if ((strcmp(w->stage, "layer") == 0) != layers) continue;
            html(out, layers ? "<details open=\"open\">" : "<details>");
            html(out, "<summary><h3>%s</h3> <small>%s · %s · %d thread%s · %s%s · <code>%s</code></small></summary>\n",
                 w->axis, w->stage, w->name, w->threads, w->threads == 1 ? "" : "s", w->cache, label_dtype(w->dtype).s,
                 w->shapes);
            one_sweep(w, out);
            html(out, "</details>\n");
        }
    html_section_end(out);
}

void html_scaling(const model *m, FILE *out) {
    if (!m->scaling_count) return;
    html_section(out, "scaling", "Threads",
                 "Speed against each line's own time on the fewest threads measured; dashed: ideal. The times are in "
                 "the table.");
    html(out, "<div class=\"grid\">\n");
    for (size_t i = 0; i < m->scaling_count; i++) {
        const scaling *c = &m->scalings[i];
        html(out, "<figure><figcaption><h3><code>%s</code> <small>%s%s</small></h3></figcaption>\n", c->shape, c->cache,
             label_dtype(c->dtype).s);
        plot p = frame(out, "threads", "speed, ideal = threads", true);
        draw_lines(&p, c->series, c->count, speed, true, "Speed over threads");
        numbers(c->series, c->count, "Threads", out);
        html(out, "</figure>\n");
    }
    html(out, "</div>\n");
    html_section_end(out);
}
