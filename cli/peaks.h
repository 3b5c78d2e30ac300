/* peaks.h: this machine's ceilings for each thread count of a run. */
#ifndef CLI_PEAKS_H
#define CLI_PEAKS_H

#include "ceilings.h"
#include "options.h"
#include "samples.h"

typedef struct peaks {
    int count;
    ceilings of[MAX_THREAD_COUNTS];
    ceilings gpu; /* count 0: not measured */
} peaks;

/* Measures for each of o->threads, budget_s seconds together, and stores them. EXIT_OK or an exit code after a line on
 * stderr. */
int peaks_measure(peaks *, const options *, double budget_s, samples_writer *);
/* The same on the GPU; where there is none, a line that says why. */
int peaks_measure_gpu(peaks *, const options *, double budget_s, samples_writer *);
const ceilings *peaks_for(const peaks *, int threads); /* NULL if they were not measured */
const ceilings *peaks_of_gpu(const peaks *);

#endif
