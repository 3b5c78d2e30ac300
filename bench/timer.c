/* timer.c: CLOCK_MONOTONIC_RAW (no slewing by NTP), validated before it is believed. */
#include "timer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <x86intrin.h>

enum { READS = 2000, FROZEN_READS = 1000000, PIECES = 5, PIECE_NS = 1000000, COARSE_NS = 10000 };

static int64_t real_clock(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_RAW, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}
static uint64_t real_tsc(void) { return __rdtsc(); }

static int64_t (*clock_now)(void) = real_clock;
static uint64_t (*tsc_now)(void) = real_tsc;

int64_t timer_now(void) { return clock_now(); }

void timer_set_clock(int64_t (*clock)(void), uint64_t (*tsc)(void)) {
    clock_now = clock ? clock : real_clock;
    tsc_now = tsc ? tsc : real_tsc;
}

static int by_value(const void *a, const void *b) {
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Reads until the clock has moved from *last; false if it never does. */
static bool next_step(int64_t *last, int64_t *step) {
    for (int i = 0; i < FROZEN_READS; i++) {
        const int64_t now = clock_now();
        *step = now - *last;
        *last = now;
        if (*step != 0) return true;
    }
    return false;
}

/* Median over batches of reads; a single read is below the clock's resolution on coarse clocks. */
static double overhead(void) {
    enum { BATCHES = 31, PER_BATCH = 64 };
    int64_t took[BATCHES];
    for (int b = 0; b < BATCHES; b++) {
        const int64_t start = clock_now();
        for (int i = 0; i < PER_BATCH; i++) clock_now();
        took[b] = clock_now() - start;
    }
    qsort(took, BATCHES, sizeof *took, by_value);
    return (double)took[BATCHES / 2] / (PER_BATCH + 1);
}

/* The TSC's rate over several pieces of time; a TSC that stops, jumps or changes speed gives uneven ones. */
static void compare_tsc(timer_facts *facts) {
    double least = INFINITY, most = 0, sum = 0;
    for (int piece = 0; piece < PIECES; piece++) {
        const int64_t start = clock_now();
        const uint64_t ticks = tsc_now();
        int64_t now = start;
        for (int i = 0; i < FROZEN_READS && now - start < PIECE_NS; i++) now = clock_now();
        const double rate = now > start ? (double)(int64_t)(tsc_now() - ticks) / (double)(now - start) : 0;
        least = fmin(least, rate), most = fmax(most, rate), sum += rate;
    }
    facts->tsc_drift = least > 0 ? most / least - 1 : INFINITY;
    facts->tsc_ghz = facts->tsc_drift < 0.01 ? sum / PIECES : 0;
}

timer_facts timer_validate(void) {
    timer_facts facts = {.name = "CLOCK_MONOTONIC_RAW"};
    int64_t least = INT64_MAX, last = clock_now(), step;
    for (int i = 0; i < READS; i++) {
        if (!next_step(&last, &step)) {
            snprintf(facts.reason, sizeof facts.reason, "the clock does not move (%d reads)", FROZEN_READS);
            return facts;
        }
        if (step < 0)
            facts.backward_steps++;
        else if (step < least)
            least = step;
        if (step > 1000000) i += READS / 10; /* a clock of ms steps is known soon enough */
    }
    facts.resolution_ns = least == INT64_MAX ? 0 : (double)least;
    facts.overhead_ns = overhead();
    compare_tsc(&facts);
    if (facts.backward_steps)
        snprintf(facts.reason, sizeof facts.reason, "the clock went backwards %d times", facts.backward_steps);
    else if (facts.resolution_ns > COARSE_NS)
        snprintf(facts.reason, sizeof facts.reason, "the clock moves in steps of %.0f ns", facts.resolution_ns);
    facts.usable = !facts.reason[0];
    return facts;
}
