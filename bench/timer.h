/* timer.h: the clock of all measurements, and what is known about it. */
#ifndef BENCH_TIMER_H
#define BENCH_TIMER_H

#include <stdbool.h>
#include <stdint.h>

int64_t timer_now(void); /* ns of CLOCK_MONOTONIC_RAW */

/* What a few ms of looking at the clock show. */
typedef struct timer_facts {
    const char *name;     /* "CLOCK_MONOTONIC_RAW" */
    bool usable;          /* it moves, forwards only, and in steps of at most 10 us */
    char reason[96];      /* why it is not usable, or "" */
    double resolution_ns; /* smallest step seen */
    double overhead_ns;   /* of one timer_now(), median */
    int backward_steps;   /* reads that were earlier than the read before */
    double tsc_ghz;       /* ticks of the TSC per ns, 0 if it does not tick evenly */
    double tsc_drift;     /* largest relative difference of this rate between pieces of the look */
} timer_facts;
timer_facts timer_validate(void);

/* Seam for tests: another clock and another TSC; NULL restores the real one. */
void timer_set_clock(int64_t (*clock)(void), uint64_t (*tsc)(void));

#endif
