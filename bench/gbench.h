/* gbench.h: Google Benchmark for C. gbench.cc is the only C++ of the tree; gbench_none.c stands in where it is absent.
 *
 * The library times one batch at a time, so the caller decides in which order alternatives take turns: register each
 * once with gbench_add, then call gbench_run as often as there are samples. Nothing is printed. One thread only. */
#ifndef BENCH_GBENCH_H
#define BENCH_GBENCH_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { GBENCH_COUNTERS = 12, GBENCH_NAME = 32 };

typedef struct gbench_batch {
    long iterations;   /* to the body: calls to make */
    double seconds;    /* from the body: what all of them took */
    int counter_count; /* from the body: user counters, passed through */
    char counter_name[GBENCH_COUNTERS][GBENCH_NAME];
    double counter[GBENCH_COUNTERS];
} gbench_batch;

/* Called once per batch, never per iteration; times itself (manual time). */
typedef void (*gbench_body)(void *data, gbench_batch *);

const char *gbench_version(void); /* "Google Benchmark 1.7.1"; NULL: built without it, and the rest fails */
/* Registers a body with its fixed number of iterations. Returns its index, or -1. */
int gbench_add(const char *name, gbench_body, void *data, long iterations);
/* Runs one batch. False: unknown index, or the library reported something else than one finished run. */
bool gbench_run(int index, gbench_batch *result);
void gbench_clear(void); /* forgets all that was added; indexes start at 0 again */

#ifdef __cplusplus
}
#endif
#endif
