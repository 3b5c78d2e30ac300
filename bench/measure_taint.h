/* measure_taint.h: did something else than the measured code take part of a sample? */
#ifndef BENCH_MEASURE_TAINT_H
#define BENCH_MEASURE_TAINT_H

#include <stdbool.h>

/* What happened during one sample. */
typedef struct disturbance {
    double wall_ns;
    double steal_ns;   /* taken by the hypervisor from the CPUs in use; counted in ticks of 10 ms */
    double delay_ns;   /* runnable, but another task had the CPU: summed over our threads; < 0: unknown */
    double off_cpu_ns; /* wall - task clock of the calling thread; < 0: says nothing (it may wait for others) */
    long switches;     /* involuntary, all threads */
    long minor_faults, major_faults;
    bool moved; /* a thread left its core */
} disturbance;

/* Why the sample is tainted ("steal", "preempted", "off-cpu", "page faults", "migrated", "clock"), or NULL. An event
 * taints where it can have cost more than 1 % of the sample: in 50 ms one 20 us interruption says nothing. */
const char *taint_reason(const disturbance *);

typedef struct taint_probe taint_probe;
/* Watches the CPUs listed and all threads that the process has now. Never fails for want of a source: what the system
 * does not tell is marked unknown. NULL: out of memory. */
taint_probe *taint_open(const int *cpus, int count, int threads);
void taint_begin(taint_probe *);
disturbance taint_end(taint_probe *, double wall_ns);
void taint_close(taint_probe *);

/* Seam for tests: disturbances as they say, whatever happens on the machine; NULL restores the real ones. */
void taint_set_source(disturbance (*source)(double wall_ns));

#endif
