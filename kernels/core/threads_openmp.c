#include "threads.h"

/* A loop, not thread numbers: every index runs even if OpenMP grants fewer threads (nested regions, limits). */
void mot_threads_builtin(mot_task task, void *data, int count) {
#pragma omp parallel for num_threads(count) schedule(static, 1)
    for (int i = 0; i < count; i++) task(data, i);
}
