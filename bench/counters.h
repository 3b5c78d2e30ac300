/* counters.h: one interface, one file per provider (counters_papi.c, counters_perf.c, counters_none.c). */
#ifndef BENCH_COUNTERS_H
#define BENCH_COUNTERS_H

#include <stdbool.h>
#include <stddef.h>

enum { COUNTER_MAX = 12, COUNTER_NAME = 32 };
typedef struct counter_set {
    int count;
    char name[COUNTER_MAX][COUNTER_NAME]; /* PAPI_TOT_CYC, …, or software: task_clock_ns, page_faults, context_switches */
} counter_set;
typedef struct counter_values {
    int count;
    char name[COUNTER_MAX][COUNTER_NAME];
    double value[COUNTER_MAX];     /* per call; NaN where there is none */
    char reason[COUNTER_MAX][64];  /* why not: "no PMU in this VM", "perf_event_paranoid=3" */
} counter_values;

/* "auto", "none" or a comma list. False and `error` names the unknown counter. */
bool counters_parse(counter_set *, const char *text, char *error, size_t error_size);
/* NULL if it can be counted here, else the reason; found out by adding the event, since a query lies. */
const char *counters_why_not(const char *name);
const char *counters_provider(void); /* "PAPI 7.0.0" or "none (built without PAPI)" */
size_t counters_known(void);
const char *counters_known_name(size_t index);

bool counters_start(const counter_set *);
void counters_stop(counter_values *, double calls);

#endif
