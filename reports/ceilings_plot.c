#include "ceilings_plot.h"
#include "html.h"

#include <math.h>
#include <string.h>

enum { LINES = 24 };

static bool is_rate(const ceiling_record *c) { return strcmp(c->unit, "GFLOP/s") == 0; }
/* Names end in the data type. */
static bool is_rate_of(const ceiling_record *c, const char *dtype) {
    const char *own = strrchr(c->name, '_');
    return is_rate(c) && own && (strcmp(own + 1, "f32") == 0 || strcmp(own + 1, dtype) == 0);
}
/* Of a GPU, whose threads are 0, copies stand for the memory. */
static bool is_read(const ceiling_record *c) {
    return strncmp(c->name, "read", 4) == 0 || (c->threads == 0 && strncmp(c->name, "copy", 4) == 0);
}

limits html_limits(const records *r, int threads, const char *dtype) {
    limits l = {threads > 0 ? -1 : 0, 0, INFINITY, 0};
    for (size_t i = 0; i < r->ceiling_count; i++) {
        int t = r->ceilings[i].threads;
        if (t <= threads && t > l.threads && (t > 0) == (threads > 0)) l.threads = t;
    }
    for (size_t i = 0; i < r->ceiling_count; i++) {
        const ceiling_record *c = &r->ceilings[i];
        if (c->threads != l.threads || !(c->rate.value > 0)) continue;
        if (is_rate_of(c, dtype)) {
            l.peak = fmax(l.peak, c->rate.value);
        } else if (is_read(c)) {
            l.slowest = fmin(l.slowest, c->rate.value);
            l.fastest = fmax(l.fastest, c->rate.value);
        }
    }
    return l;
}

/* "fma_avx512_f32" -> "FMA avx512 f32 206"; "read_DRAM" -> "DRAM 44 GB/s". */
static label ceiling_name(const ceiling_record *c) {
    label l;
    const char *prefix = strncmp(c->name, "fma_", 4) == 0 ? "fma_" : strncmp(c->name, "read", 4) == 0 ? "read_" : "";
    snprintf(l.s, sizeof l.s, "%s%.26s %.12s%s", *prefix == 'f' ? "FMA " : "", c->name + strlen(prefix),
             label_number(c->rate.value).s, is_rate(c) ? "" : " GB/s");
    for (char *s = l.s; *s; s++)
        if (*s == '_') *s = ' ';
    return l;
}

static void tooltip(const plot *p, const ceiling_record *c) {
    html(p->out, "<title>%s: %s %s [%s, %s], %s</title>", c->name, label_number(c->rate.value).s, c->unit,
         label_number(c->rate.low).s, label_number(c->rate.high).s, label_threads(c->threads).s);
}

/* A bandwidth is a diagonal up to the highest FLOP rate; its name runs along it, by turns above and below. */
static void bandwidth_line(const plot *p, const ceiling_record *c, double peak, size_t turn) {
    static const double places[] = {0.5, 0.66, 0.3, 0.5};
    double bandwidth = c->rate.value;
    double x0 = fmax(p->x.low, p->y.low / bandwidth), x1 = fmin(p->x.high, peak / bandwidth);
    if (!(x1 > x0)) return;
    double ax = plot_x(p, x0), ay = plot_y(p, x0 * bandwidth), bx = plot_x(p, x1), by = plot_y(p, x1 * bandwidth);
    html(p->out, "<path class=\"roof memory\" d=\"M%f %fL%f %f\">", ax, ay, bx, by);
    tooltip(p, c);
    double t = places[turn % 4];
    html(p->out, "</path><text class=\"mid roofname\" transform=\"translate(%f %f) rotate(%f)\" y=\"%d\">%s</text>\n",
         ax + t * (bx - ax), ay + t * (by - ay), atan2(by - ay, bx - ax) * 57.29578, turn % 4 == 2 ? 15 : -6,
         ceiling_name(c).s);
}

typedef struct rate {
    double y;
    const ceiling_record *ceiling;
} rate;

static void sort_rates(rate *r, size_t n) {
    for (size_t i = 1; i < n; i++)
        for (size_t k = i; k > 0 && r[k].y < r[k - 1].y; k--) {
            rate swap = r[k];
            r[k] = r[k - 1];
            r[k - 1] = swap;
        }
}

/* FLOP rates are level lines; their names stand to the right, moved apart, each with a thin leader. */
static void rate_lines(const plot *p, rate *r, size_t n, double fastest) {
    double y[LINES];
    sort_rates(r, n);
    for (size_t i = 0; i < n; i++) y[i] = r[i].y;
    plot_spread(y, n, 15, p->top + 4, p->bottom - 6);
    for (size_t i = 0; i < n; i++) {
        double x0 = fmax(p->x.low, r[i].ceiling->rate.value / fastest);
        html(p->out, "<path class=\"roof rate\" d=\"M%f %fH%f\">", plot_x(p, x0), r[i].y, p->right);
        tooltip(p, r[i].ceiling);
        html(p->out, "</path><path class=\"leader\" d=\"M%f %fL%f %f\"/><text x=\"%f\" y=\"%f\">%s</text>\n", p->right,
             r[i].y, p->right + 14, y[i], p->right + 17, y[i] + 4, ceiling_name(r[i].ceiling).s);
    }
}

void html_ceilings(plot *p, const records *r, limits l, const char *dtype) {
    rate rates[LINES];
    size_t rate_count = 0, memory_count = 0;
    for (size_t i = 0; i < r->ceiling_count; i++) {
        const ceiling_record *c = &r->ceilings[i];
        if (c->threads != l.threads || !(c->rate.value > 0)) continue;
        if (is_rate_of(c, dtype) && rate_count < LINES && c->rate.value > p->y.low)
            rates[rate_count++] = (rate){plot_y(p, c->rate.value), c};
        else if (is_read(c))
            bandwidth_line(p, c, l.peak, memory_count++);
    }
    rate_lines(p, rates, rate_count, l.fastest);
}
