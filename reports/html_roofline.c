#include "html.h"
#include "plot.h"

#include <math.h>
#include <string.h>

static bool is_rate(const ceiling_record *c) { return strcmp(c->unit, "GFLOP/s") == 0; }

/* Ceilings of the table's threads; those of the nearest smaller count if that was not measured. */
static int ceiling_threads(const records *r, int wanted) {
    int best = 0;
    for (size_t i = 0; i < r->ceiling_count; i++) {
        int t = r->ceilings[i].threads;
        if (t <= wanted && t > best) best = t;
    }
    return best;
}

typedef struct limits {
    double peak, bandwidth; /* highest FLOP rate, lowest read bandwidth */
} limits;

static limits find_limits(const records *r, int threads) {
    limits l = {0, INFINITY};
    for (size_t i = 0; i < r->ceiling_count; i++) {
        const ceiling_record *c = &r->ceilings[i];
        if (c->threads != threads || !(c->rate.value > 0)) continue;
        if (is_rate(c))
            l.peak = fmax(l.peak, c->rate.value);
        else if (strncmp(c->name, "read", 4) == 0)
            l.bandwidth = fmin(l.bandwidth, c->rate.value);
    }
    return l;
}

static double intensity(const bench_record *b) { return b->flops / b->bytes; }

static void set_axes(plot *p, const table *t, limits l) {
    double x0 = INFINITY, x1 = l.peak / l.bandwidth, y0 = INFINITY;
    for (size_t i = 0; i < t->count; i++)
        for (size_t k = 0; k < t->blocks[i].count; k++) {
            const bench_record *b = t->blocks[i].rows[k].bench;
            if (!b->usable || !(intensity(b) > 0) || !(b->gflops > 0)) continue;
            x0 = fmin(x0, intensity(b));
            x1 = fmax(x1, intensity(b));
            y0 = fmin(y0, b->gflops);
        }
    if (!isfinite(x0)) x0 = 1;
    p->x =
        (plot_axis){.low = x0 / 12, .high = x1 * 3, .log = true, .title = "FLOPs per byte (every tensor touched once)"};
    p->y = (plot_axis){.low = fmin(y0, l.peak / 100) / 1.6, .high = l.peak * 1.8, .log = true, .title = "GFLOP/s"};
}

/* One bandwidth: a diagonal from the left or lower edge up to the highest FLOP rate. */
static void bandwidth_line(const plot *p, const ceiling_record *c, double peak) {
    double x0 = fmax(p->x.low, p->y.low / c->rate.value), x1 = fmin(p->x.high, peak / c->rate.value);
    if (!(x1 > x0)) return;
    html(p->out,
         "<path class=\"roof memory\" d=\"M%f %fL%f %f\"><title>%s: %s GB/s [%s, %s], %d threads</title></path>\n",
         plot_x(p, x0), plot_y(p, x0 * c->rate.value), plot_x(p, x1), plot_y(p, x1 * c->rate.value), c->name,
         label_number(c->rate.value).s, label_number(c->rate.low).s, label_number(c->rate.high).s, c->threads);
}

static void rate_line(const plot *p, const ceiling_record *c, double bandwidth) {
    double x0 = fmax(p->x.low, c->rate.value / bandwidth);
    html(p->out,
         "<path class=\"roof rate\" d=\"M%f %fH%f\"><title>%s: %s GFLOP/s [%s, %s], %d threads</title></path>\n",
         plot_x(p, x0), plot_y(p, c->rate.value), p->right, c->name, label_number(c->rate.value).s,
         label_number(c->rate.low).s, label_number(c->rate.high).s, c->threads);
}

/* "fma_avx512_f32" -> "FMA avx512 f32"; "read_DRAM" -> "DRAM read". */
static label ceiling_name(const ceiling_record *c) {
    label l;
    bool read = strncmp(c->name, "read_", 5) == 0, fma = strncmp(c->name, "fma_", 4) == 0;
    snprintf(l.s, sizeof l.s, "%s%.30s %.12s", fma ? "FMA " : "",
             c->name + (read  ? 5
                        : fma ? 4
                              : 0),
             label_number(c->rate.value).s);
    for (char *s = l.s; *s; s++)
        if (*s == '_') *s = ' ';
    return l;
}

enum { LINES = 24 };
typedef struct edge_label {
    double y;
    const ceiling_record *ceiling;
} edge_label;

/* Names of lines at one edge of the plot, moved apart, each with a thin leader to its line. */
static void edge_labels(plot *p, edge_label *labels, size_t n, double x, bool right) {
    double y[LINES];
    for (size_t i = 1; i < n; i++)
        for (size_t k = i; k > 0 && labels[k].y < labels[k - 1].y; k--) {
            edge_label swap = labels[k];
            labels[k] = labels[k - 1];
            labels[k - 1] = swap;
        }
    for (size_t i = 0; i < n; i++) y[i] = labels[i].y;
    plot_spread(y, n, 15, p->top + 4, p->bottom - 6);
    for (size_t i = 0; i < n; i++) {
        label name = ceiling_name(labels[i].ceiling);
        double end = right ? x + 16 : x - 16;
        html(p->out, "<path class=\"leader\" d=\"M%f %fL%f %f\"/>", x, labels[i].y, end, y[i]);
        html(p->out, "<text class=\"%s\" x=\"%f\" y=\"%f\">%s %s</text>\n", right ? "roofname" : "roofname end",
             right ? end + 3 : end - 3, y[i] + 4, name.s, is_rate(labels[i].ceiling) ? "GFLOP/s" : "GB/s");
    }
}

static void draw_ceilings(plot *p, const records *r, int threads, limits l) {
    edge_label rates[LINES], memory[LINES];
    size_t rate_count = 0, memory_count = 0;
    for (size_t i = 0; i < r->ceiling_count; i++) {
        const ceiling_record *c = &r->ceilings[i];
        if (c->threads != threads || !(c->rate.value > 0)) continue;
        if (is_rate(c) && rate_count < LINES) {
            rate_line(p, c, l.bandwidth);
            rates[rate_count++] = (edge_label){plot_y(p, c->rate.value), c};
        } else if (strncmp(c->name, "read", 4) == 0 && memory_count < LINES) {
            bandwidth_line(p, c, l.peak);
            double y = fmin(plot_y(p, p->x.low * c->rate.value), p->bottom);
            memory[memory_count++] = (edge_label){y, c};
        }
    }
    edge_labels(p, rates, rate_count, p->right, true);
    edge_labels(p, memory, memory_count, p->left, false);
}

static enum plot_mark mark_of(const bench_record *b) {
    return !model_is_ours(b)               ? PLOT_SQUARE
           : strcmp(b->isa, "scalar") == 0 ? PLOT_CROSS
           : strcmp(b->isa, "avx2") == 0   ? PLOT_TRIANGLE
                                           : PLOT_CIRCLE;
}

static void draw_dot(plot *p, const row *r) {
    const bench_record *b = r->bench;
    if (!b->usable || !(intensity(b) > 0) || !(b->gflops > 0)) return;
    char classes[64], tip[512];
    snprintf(classes, sizeof classes, "%s %s", html_stage_class(b->stage), r->best ? "best" : "");
    snprintf(tip, sizeof tip, "%.200s: %s, %s GFLOP/s, %s FLOP/byte, %s of its ceiling", b->choice,
             label_time(b->time.value).s, label_number(b->gflops).s, label_number(intensity(b)).s,
             label_percent(b->pct_of_ceiling).s);
    plot_mark(p, mark_of(b), plot_x(p, intensity(b)), plot_y(p, b->gflops), r->best ? 6 : 4, classes, tip);
}

/* Before and after tuning: an arrow from the default's rate to the winner's. */
static void draw_tuning(const plot *p, const model *m, const table *t) {
    for (size_t i = 0; i < m->records->tune_count; i++) {
        const tune_record *u = &m->records->tunes[i];
        const block *b = model_block(t, u->stage);
        if (!u->kept || !b || !b->best || strcmp(u->shape, t->shape) != 0 || u->threads != t->threads) continue;
        const bench_record *best = b->best->bench;
        double x = plot_x(p, intensity(best)) - 11;
        double from = plot_y(p, best->flops / u->usual_ns), to = plot_y(p, best->flops / u->winner_ns);
        if (!isfinite(x + from + to)) continue;
        html(p->out,
             "<g class=\"arrow %s\"><title>tuning: %s from %s to %s</title><path d=\"M%f %fV%fm-3.5 5l3.5 -5l3.5 "
             "5\"/><path d=\"M%f %fh8\"/></g>\n",
             html_stage_class(u->stage), u->stage, label_time(u->usual_ns).s, label_time(u->winner_ns).s, x, from, to,
             x - 4, from);
    }
}

static void draw(const model *m, const table *t, FILE *out) {
    int threads = ceiling_threads(m->records, t->threads);
    limits l = find_limits(m->records, threads);
    if (!(l.peak > 0) || !isfinite(l.bandwidth)) return;
    plot p = {.out = out, .width = 960, .height = 500, .left = 146, .right = 800, .top = 34, .bottom = 444};
    set_axes(&p, t, l);
    plot_open(out, p.width, p.height, "Roofline: measured ceilings and one mark per choice");
    plot_grid(&p);
    draw_ceilings(&p, m->records, threads, l);
    draw_tuning(&p, m, t);
    for (int best = 0; best < 2; best++) /* the best on top */
        for (size_t i = 0; i < t->count; i++)
            for (size_t k = 0; k < t->blocks[i].count; k++)
                if (t->blocks[i].rows[k].best == best) draw_dot(&p, &t->blocks[i].rows[k]);
    for (size_t i = 0; i < t->count; i++) {
        const bench_record *b = t->blocks[i].best ? t->blocks[i].best->bench : NULL;
        if (!b || !(intensity(b) > 0)) continue;
        char name[128];
        snprintf(name, sizeof name, "%.40s %s", b->stage, label_number(b->gflops).s);
        plot_label(&p, plot_x(&p, intensity(b)), plot_y(&p, b->gflops), 10, name, "dotname");
    }
    plot_close(out);
}

static void legend(FILE *out) {
    static const char *const stages[] = {"layer", "route", "mix", "front", "experts", "redistribute"};
    static const struct {
        enum plot_mark mark;
        const char *name;
    } marks[] = {
        {PLOT_CIRCLE, "AVX-512"}, {PLOT_TRIANGLE, "AVX2"}, {PLOT_CROSS, "scalar"}, {PLOT_SQUARE, "peer library"}};
    html(out, "<ul class=\"legend\">");
    for (int i = 0; i < 6; i++)
        html(out, "<li><span class=\"dot %s\"></span>%s</li>", html_stage_class(stages[i]), stages[i]);
    for (int i = 0; i < 4; i++) {
        html(out, "<li><svg class=\"glyph\" viewBox=\"0 0 14 14\" aria-hidden=\"true\">");
        plot p = {.out = out};
        plot_mark(&p, marks[i].mark, 7, 7, 4.5, "s-ink", "");
        html(out, "</svg>%s</li>", marks[i].name);
    }
    html(out, "<li>large: best of its stage</li></ul>\n");
}

void html_roofline(const model *m, FILE *out) {
    if (!m->table_count || !m->records->ceiling_count) return;
    html_section(out, "roofline", "Roofline",
                 "Ceilings are measured in the same run on the same cores: FLOP rate per instruction set (right), read "
                 "bandwidth per memory "
                 "level (left). Marks of one stage share a column, since their FLOPs and bytes are the same; higher is "
                 "faster. Hover for "
                 "the numbers; arrows go from the default to the tuned choice.");
    legend(out);
    for (size_t i = 0, shown = 0; i < m->table_count && shown < 12; i++) {
        const table *t = &m->tables[i];
        bool first = t == m->headline;
        if (!first) continue;
        html(out, "<h3><code>%s</code> <small>", t->shape);
        html_conditions(out, t);
        html(out, "</small></h3>\n");
        draw(m, t, out);
    }
    size_t others = 0;
    for (size_t i = 0; i < m->table_count && others < 12; i++) {
        const table *t = &m->tables[i];
        if (t == m->headline) continue;
        others++;
        html(out, "<details><summary><code>%s</code> <small>", t->shape);
        html_conditions(out, t);
        html(out, "</small></summary>\n");
        draw(m, t, out);
        html(out, "</details>\n");
    }
    html_section_end(out);
}
