#include "threads.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <unistd.h>

/* A forked child inherits libgomp's idea of its pool but not the threads, and would wait for them for ever: the process
 * that ran the first parallel region owns the pool, and a child of it computes alone. */
static bool pool_is_ours(void) {
    static _Atomic pid_t owner;
    pid_t none = 0;
    const pid_t self = getpid();
    return atomic_compare_exchange_strong(&owner, &none, self) || none == self;
}

/* A loop, not thread numbers: every index runs even if OpenMP grants fewer threads (nested regions, limits). */
void mot_threads_builtin(mot_task task, void *data, int count) {
    const bool parallel = pool_is_ours();
#pragma omp parallel for num_threads(count) schedule(static, 1) if (parallel)
    for (int i = 0; i < count; i++) task(data, i);
}
