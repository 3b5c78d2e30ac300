/* topology_pin.c: puts libmot's own threads on cores, and looks whether they are still there. */
#include "topology_internal.h"

#include "cpu.h"
#include "threads.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MAX_THREADS = 1024 };

static cpu_set_t original; /* before the first pin */
static int pinned;         /* threads that are pinned, 0: none */

bool topology_allowed(cpu_set_t *set) {
    if (pinned)
        *set = original;
    else if (sched_getaffinity(0, sizeof *set, set))
        return false;
    return true;
}

void topology_finish(topology *t, double quota) {
    t->threads = t->cores;
    if (quota > 0 && quota < t->threads) t->threads = (int)ceil(quota);
    if (t->threads < 1) t->threads = 1;
}

typedef struct placement {
    const topology *topology; /* NULL: back to the original mask */
    int error[MAX_THREADS];   /* errno, or 0 */
    bool stays[MAX_THREADS];
    pid_t thread[MAX_THREADS];
} placement;

static void mask_of(const topology *t, int i, cpu_set_t *set) {
    CPU_ZERO(set);
    CPU_SET(t->cpu[i], set);
}

static void put(void *data, int i) {
    placement *p = data;
    cpu_set_t set = original;
    if (p->topology) mask_of(p->topology, i, &set);
    p->error[i] = sched_setaffinity(0, sizeof set, &set) ? errno : 0;
    p->thread[i] = gettid();
}

static void look(void *data, int i) {
    placement *p = data;
    cpu_set_t wanted, now;
    mask_of(p->topology, i, &wanted);
    p->stays[i] = sched_getaffinity(0, sizeof now, &now) == 0 && CPU_EQUAL(&wanted, &now) &&
                  sched_getcpu() == p->topology->cpu[i];
}

/* Index i must run on a thread of its own, else "pinned" would mean nothing (no OpenMP, a thread limit). */
static bool distinct(const placement *p, int threads) {
    for (int i = 0; i < threads; i++)
        for (int j = 0; j < i; j++)
            if (p->thread[i] == p->thread[j]) return false;
    return true;
}

static bool refuse(const topology *t, int threads, char *error, size_t size) {
    if (threads < 1) return snprintf(error, size, "%d threads: at least 1 is needed", threads), true;
    if (threads <= t->cpu_count && threads <= MAX_THREADS) return false;
    snprintf(error, size, "%d threads: this process may use %d CPUs%s", threads, t->cpu_count,
             t->core_kinds > 1 ? " of one core kind" : "");
    return true;
}

bool topology_verify(const topology *t, int threads) {
    placement p = {.topology = t};
    if (threads < 1 || threads > t->cpu_count || threads > MAX_THREADS) return false;
    mot_threads_run(look, &p, threads);
    for (int i = 0; i < threads; i++)
        if (!p.stays[i]) return false;
    return true;
}

bool topology_pin(const topology *t, int threads, char *error, size_t error_size) {
    placement p = {.topology = t};
    if (refuse(t, threads, error, error_size)) return false;
    topology_unpin();
    if (sched_getaffinity(0, sizeof original, &original)) {
        snprintf(error, error_size, "the affinity of this process cannot be read: %s", strerror(errno));
        return false;
    }
    pinned = threads;
    mot_threads_run(put, &p, threads);
    int failed = 0;
    while (failed < threads && p.error[failed] == 0) failed++;
    if (failed < threads)
        snprintf(error, error_size, "thread %d cannot be pinned to CPU %d: %s", failed, t->cpu[failed],
                 strerror(p.error[failed]));
    else if (!distinct(&p, threads))
        snprintf(error, error_size, "%d threads were asked for, but fewer run (OpenMP missing, or limited)", threads);
    else if (!topology_verify(t, threads))
        snprintf(error, error_size, "%d threads were pinned, but not all run where they were put", threads);
    else
        return true;
    topology_unpin();
    return false;
}

void topology_unpin(void) {
    placement p = {.topology = NULL};
    if (!pinned) return;
    mot_threads_run(put, &p, pinned);
    pinned = 0;
}
