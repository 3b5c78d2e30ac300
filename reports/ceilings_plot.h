/* ceilings_plot.h: the roofs of a roofline. */
#ifndef REPORTS_CEILINGS_PLOT_H
#define REPORTS_CEILINGS_PLOT_H

#include "plot.h"
#include "records.h"

typedef struct limits {
    int threads;             /* of these ceilings: as many as asked for, else the most below */
    double peak;             /* highest FLOP rate, GFLOP/s */
    double slowest, fastest; /* read bandwidth, GB/s */
} limits;

/* FLOP rates are those of f32, which every type may be computed in, and of the data type itself. */
limits html_limits(const records *, int threads, const char *dtype); /* peak or fastest 0: nothing to draw */
void html_ceilings(plot *, const records *, limits, const char *dtype);

#endif
