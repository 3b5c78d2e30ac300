/* peaks.h: this machine's ceilings for each thread count of a run. */
#ifndef CLI_PEAKS_H
#define CLI_PEAKS_H

#include "ceilings.h"
#include "options.h"
#include "samples.h"

typedef struct peaks {
    int count;
    ceilings of[MAX_THREAD_COUNTS];
} peaks;

/* Measures for each of o->threads, budget_s seconds together, and stores them. EXIT_OK or an exit code after a line on
 * stderr. */
int peaks_measure(peaks *, const options *, double budget_s, samples_writer *);
const ceilings *peaks_for(const peaks *, int threads); /* NULL if they were not measured */

#endif
