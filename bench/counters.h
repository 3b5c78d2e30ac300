/* counters.h: one interface; hardware counters by PAPI (counters_papi.c) or none (counters_none.c), and the kernel's
 * software counters everywhere. What is counted: the whole process; by PAPI every thread that exists at the start, user
 * mode only, summed. Nothing is ever multiplexed. */
#ifndef BENCH_COUNTERS_H
#define BENCH_COUNTERS_H

#include <stdbool.h>
#include <stddef.h>

enum { COUNTER_MAX = 12, COUNTER_NAME = 32 };
typedef struct counter_set {
    int count;
    char name[COUNTER_MAX]
             [COUNTER_NAME]; /* PAPI_TOT_CYC, …, or software: task_clock_ns, page_faults, context_switches */
} counter_set;
typedef struct counter_values {
    int count;
    char name[COUNTER_MAX][COUNTER_NAME];
    double value[COUNTER_MAX];    /* per call; NaN where there is none */
    char reason[COUNTER_MAX][64]; /* why not: "no PMU in this VM", "perf_event_paranoid=3" */
} counter_values;

/* "auto", "none" or a comma list. False and `error` names the unknown counter. */
bool counters_parse(counter_set *, const char *text, char *error, size_t error_size);
/* NULL if it can be counted here, else the reason; found out by adding the event, since a query lies. The text holds
 * until the next call. */
const char *counters_why_not(const char *name);
const char *counters_provider(void); /* "PAPI 7.0.0" or "none (built without PAPI)" */
size_t counters_known(void);
const char *counters_known_name(size_t index);

/* False if counting is on already. What cannot be counted gets NaN and its reason from counters_stop. */
bool counters_start(const counter_set *);
void counters_stop(counter_values *, double calls);

/* Seam for tests: stands in for opening a hardware event on this thread; returns 0 or an errno. NULL: the real one. */
void counters_set_probe(int (*probe)(void));

#endif
