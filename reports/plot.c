#include "plot.h"
#include "html.h"

#include <math.h>

void plot_open(FILE *out, double width, double height, const char *description) {
    html(out, "<div class=\"scroll\"><svg class=\"plot\" viewBox=\"0 0 %f %f\" role=\"img\" aria-label=\"%s\">\n",
         width, height, description);
}

void plot_close(FILE *out) { fputs("</svg></div>\n", out); }

static double along(const plot_axis *a, double value, double from, double to) {
    double t = a->log ? log(value / a->low) / log(a->high / a->low) : (value - a->low) / (a->high - a->low);
    return from + t * (to - from);
}

double plot_x(const plot *p, double value) { return along(&p->x, value, p->left, p->right); }
double plot_y(const plot *p, double value) { return along(&p->y, value, p->bottom, p->top); }

/* 1-2-5 steps on a linear axis; on a logarithmic one 1-2-5 in each decade, or decades only if there are many. */
static size_t choose_ticks(const plot_axis *a, double *ticks, size_t room) {
    static const double coarse[] = {1, 2, 5}, fine[] = {1, 1.5, 2, 3, 5, 7};
    size_t n = 0;
    if (a->log) {
        double decades = log10(a->high / a->low);
        for (int e = (int)floor(log10(a->low)); e <= (int)ceil(log10(a->high)); e++)
            for (int k = 0; k < (decades < 1 ? 6 : decades < 3.3 ? 3 : 1); k++) {
                double t = (decades < 1 ? fine : coarse)[k] * pow(10, e);
                if (t >= a->low * 0.999 && t <= a->high * 1.001 && n < room) ticks[n++] = t;
            }
        return n;
    }
    double raw = (a->high - a->low) / 5, base = pow(10, floor(log10(raw)));
    double step = raw / base > 5 ? 10 * base : raw / base > 2 ? 5 * base : raw / base > 1 ? 2 * base : base;
    for (double t = ceil(a->low / step) * step; t <= a->high + step / 1e6 && n < room; t += step) ticks[n++] = t;
    return n;
}

static label tick_label(double v) {
    label l;
    snprintf(l.s, sizeof l.s, "%.6g", fabs(v) < 1e-12 ? 0 : v);
    return l;
}

static void x_tick(const plot *p, double v, double *last_end) {
    double x = plot_x(p, v), half = plot_text_width(tick_label(v).s) / 2;
    html(p->out, "<path class=\"grid\" d=\"M%f %fV%f\"/>", x, p->top, p->bottom);
    if (x - half < *last_end + 4) return; /* its number would run into the one before */
    *last_end = x + half;
    html(p->out, "<text class=\"mid\" x=\"%f\" y=\"%f\">%s</text>", x, p->bottom + 18, tick_label(v).s);
}

void plot_grid(plot *p) {
    double chosen[40], last_end = -1e9;
    const plot_axis *axes[] = {&p->x, &p->y};
    for (int k = 0; k < 2; k++) {
        const plot_axis *a = axes[k];
        size_t n = a->ticks ? a->tick_count : choose_ticks(a, chosen, 40);
        const double *ticks = a->ticks ? a->ticks : chosen;
        for (size_t i = 0; i < n; i++) {
            if (k == 0) {
                x_tick(p, ticks[i], &last_end);
            } else {
                double y = plot_y(p, ticks[i]);
                html(p->out, "<path class=\"grid\" d=\"M%f %fH%f\"/><text class=\"end\" x=\"%f\" y=\"%f\">%s</text>",
                     p->left, y, p->right, p->left - 8, y + 4, tick_label(ticks[i]).s);
            }
        }
    }
    html(p->out, "<path class=\"frame\" d=\"M%f %fV%fH%f\"/>\n", p->left, p->top, p->bottom, p->right);
    html(p->out, "<text class=\"mid title\" x=\"%f\" y=\"%f\">%s</text>", (p->left + p->right) / 2, p->bottom + 38,
         p->x.title);
    html(p->out, "<text class=\"title\" x=\"%f\" y=\"%f\">%s</text>\n", 4.0, p->top - 12, p->y.title);
}

void plot_take(plot *p, plot_box b) {
    if (p->taken_count < PLOT_BOXES) p->taken[p->taken_count++] = b;
}

void plot_mark(plot *p, enum plot_mark mark, double x, double y, double r, const char *classes, const char *tooltip) {
    FILE *out = p->out;
    html(out, "<g class=\"mark %s\">", classes);
    if (*tooltip) html(out, "<title>%s</title>", tooltip);
    if (mark == PLOT_CIRCLE) html(out, "<circle cx=\"%f\" cy=\"%f\" r=\"%f\"/>", x, y, r);
    if (mark == PLOT_SQUARE)
        html(out, "<rect x=\"%f\" y=\"%f\" width=\"%f\" height=\"%f\"/>", x - r * 0.9, y - r * 0.9, r * 1.8, r * 1.8);
    if (mark == PLOT_TRIANGLE)
        html(out, "<path d=\"M%f %fL%f %fL%f %fZ\"/>", x, y - r * 1.2, x + r * 1.1, y + r * 0.8, x - r * 1.1,
             y + r * 0.8);
    if (mark == PLOT_DIAMOND)
        html(out, "<path d=\"M%f %fL%f %fL%f %fL%f %fZ\"/>", x, y - r * 1.3, x + r * 1.3, y, x, y + r * 1.3,
             x - r * 1.3, y);
    if (mark == PLOT_CROSS)
        html(out, "<path d=\"M%f %fL%f %fM%f %fL%f %f\"/>", x - r, y - r, x + r, y + r, x - r, y + r, x + r, y - r);
    html(out, "</g>\n");
    plot_take(p, (plot_box){x - r, y - r, x + r, y + r});
}

void plot_whisker(plot *p, double x, double low, double high, const char *class) {
    html(p->out, "<path class=\"whisker %s\" d=\"M%f %fV%f\"/>", class, x, fmin(plot_y(p, low), p->bottom),
         fmax(plot_y(p, high), p->top));
}

double plot_text_width(const char *text) {
    double width = 0;
    for (; *text; text++)
        if ((*text & 0xC0) != 0x80) width += *text == '.' || *text == ' ' || *text == 'i' || *text == 'l' ? 4.2 : 7.4;
    return width;
}

static bool free_box(const plot *p, plot_box b) {
    if (b.x0 < p->left + 1 || b.x1 > p->right - 1 || b.y0 < p->top - 4 || b.y1 > p->bottom - 1) return false;
    for (size_t i = 0; i < p->taken_count; i++) {
        const plot_box *t = &p->taken[i];
        if (b.x0 < t->x1 && t->x0 < b.x1 && b.y0 < t->y1 && t->y0 < b.y1) return false;
    }
    return true;
}

bool plot_label(plot *p, double x, double y, double gap, const char *text, const char *classes) {
    static const struct {
        double side, up; /* side -1 left, 1 right, 0 centred */
    } places[] = {{1, 0},  {-1, 0},  {0, 1.3}, {0, -1.3}, {1, 1},  {1, -1},
                  {-1, 1}, {-1, -1}, {1, 2},   {1, -2},   {-1, 2}, {-1, -2}};
    double width = plot_text_width(text);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        double x0 = x + places[i].side * gap - (places[i].side < 0 ? width : places[i].side > 0 ? 0 : width / 2);
        double middle = y - places[i].up * (gap + 3);
        plot_box b = {x0, middle - 7, x0 + width, middle + 7};
        if (!free_box(p, b)) continue;
        /* Anchored at the mark, whatever the true width of the text is. */
        double side = places[i].side;
        html(p->out, "<text class=\"%s%s\" x=\"%f\" y=\"%f\">%s</text>\n", classes,
             side < 0   ? " end"
             : side > 0 ? ""
                        : " mid",
             x + side * gap, middle + 4, text);
        plot_take(p, (plot_box){b.x0 - 6, b.y0, b.x1 + 6, b.y1}); /* two side by side would read as one */
        return true;
    }
    return false;
}

void plot_spread(double *v, size_t n, double gap, double low, double high) {
    for (int round = 0; round < 200; round++)
        for (size_t i = 0; i + 1 < n; i++) {
            double lack = gap - (v[i + 1] - v[i]);
            if (lack <= 0) continue;
            v[i] -= lack / 2;
            v[i + 1] += lack / 2;
        }
    for (size_t i = 0; i < n && n * gap <= high - low + gap; i++) {
        double least = low + (double)i * gap, most = high - (double)(n - 1 - i) * gap;
        v[i] = v[i] < least ? least : v[i] > most ? most : v[i];
    }
}
