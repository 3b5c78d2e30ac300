/* plot.h: small inline SVG pictures: axes, marks, labels that keep out of each other's way. Colours are CSS classes. */
#ifndef REPORTS_PLOT_H
#define REPORTS_PLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

typedef struct plot_axis {
    double low, high;
    bool log;
    const char *title;
    const double *ticks; /* NULL: chosen */
    size_t tick_count;
} plot_axis;

typedef struct plot_box {
    double x0, y0, x1, y1;
} plot_box;

enum { PLOT_BOXES = 512 };
typedef struct plot {
    FILE *out;
    double width, height, left, right, top, bottom; /* of the plotting area, from the upper left corner */
    plot_axis x, y;
    plot_box taken[PLOT_BOXES]; /* where nothing more may be written */
    size_t taken_count;
} plot;

enum plot_mark { PLOT_CIRCLE, PLOT_SQUARE, PLOT_TRIANGLE, PLOT_DIAMOND, PLOT_CROSS };

void plot_open(FILE *, double width, double height, const char *description);
void plot_close(FILE *);
double plot_x(const plot *, double value);
double plot_y(const plot *, double value);
void plot_grid(plot *); /* grid, tick labels, axis titles */
/* A mark with a tooltip; classes are CSS classes. Its place counts as taken. */
void plot_mark(plot *, enum plot_mark, double px, double py, double size, const char *classes, const char *tooltip);
/* Text beside a point, on the first free side; false if there is no room. */
bool plot_label(plot *, double px, double py, double gap, const char *text, const char *classes);
/* From one value to another at x, as far as the picture goes. */
void plot_whisker(plot *, double x, double low, double high, const char *class);
double plot_text_width(const char *text); /* at 12 px, estimated */
void plot_take(plot *, plot_box);
/* Moves values apart until neighbours (in sorted order) differ by gap, within low … high. */
void plot_spread(double *sorted, size_t count, double gap, double low, double high);

#endif
