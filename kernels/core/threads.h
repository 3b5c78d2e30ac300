/* threads.h: one call runs a task on several threads: the host's pool if it gave one, else the built-in. */
#ifndef MOT_CORE_THREADS_H
#define MOT_CORE_THREADS_H

#include "mot/mot.h"

void mot_threads_run(mot_task task, void *data, int count);
/* threads_openmp.c or threads_serial.c */
void mot_threads_builtin(mot_task task, void *data, int count);

#endif
