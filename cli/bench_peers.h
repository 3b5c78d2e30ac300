/* bench_peers.h: ours against the best peer library: a line a comparison, and the geometric mean of a stage's. */
#ifndef CLI_BENCH_PEERS_H
#define CLI_BENCH_PEERS_H

#include "bench_jobs.h"
#include "samples.h"
#include "table.h"

/* The fastest contestant of a peer library in this stage (layers and dense FFNs are timed together), -1 if none was
 * timed. */
int bench_best_peer(const bench_job *, const measurement *, const char *stage);
/* How many times faster b is than a: paired where there are enough rounds, else of the medians without an interval. */
ratio bench_times_faster(const measurement *a, const measurement *b);

typedef struct bench_peers bench_peers;
bench_peers *bench_peers_new(void); /* exits when memory runs out, as the table does */
void bench_peers_free(bench_peers *);
/* The fastest of ours and of theirs, of layers and dense FFNs apart; nothing where one of them was not timed. */
void bench_peers_add(bench_peers *, const bench_job *, const measure_options *, const measurement *,
                     const ceilings *or_null);
/* Stage by stage, with the geometric means below each. The caller frees it. */
table *bench_peers_table(const bench_peers *);

#endif
