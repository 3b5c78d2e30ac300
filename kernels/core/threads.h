/* threads.h: one call runs a task on several threads: the host's pool if it gave one, else the built-in. */
#ifndef MOT_CORE_THREADS_H
#define MOT_CORE_THREADS_H

#include "mot/mot.h"

#include <stdbool.h>

bool mot_threads_are_ours(void); /* no pool of the host's: we decide what is worth waking */
void mot_threads_run(mot_task task, void *data, int count);
/* threads_openmp.c or threads_serial.c */
void mot_threads_builtin(mot_task task, void *data, int count);

#endif
