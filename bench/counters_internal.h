/* counters_internal.h: what counters.c asks of the providers. */
#ifndef BENCH_COUNTERS_INTERNAL_H
#define BENCH_COUNTERS_INTERNAL_H

#include "counters.h"

enum { COUNTER_REASON = 64 };

/* Software counters: the kernel's accounts of this process. */
size_t software_count(void);
const char *software_name(size_t index);
int software_find(const char *name); /* -1: none of this name */
double software_read(int index);

/* Hardware counters (counters_papi.c or counters_none.c). */
const char *hardware_provider(void);
size_t hardware_count(void);
const char *hardware_name(size_t index);
bool hardware_accepts(const char *name);        /* a name it understands, countable here or not */
const char *hardware_why_not(const char *name); /* NULL, or the reason */
/* Starts the events together. reason[i] stays "" for those that are counted. */
void hardware_start(const char *const *names, int count, char (*reason)[COUNTER_REASON]);
void hardware_stop(double *values); /* in the order of start; NaN for those that were not counted */

/* NULL if the kernel lets this process count cycles, else why not and the remedy. */
const char *perf_why_not(void);

#endif
