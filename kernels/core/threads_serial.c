#include "threads.h"

void mot_threads_builtin(mot_task task, void *data, int count) {
    for (int i = 0; i < count; i++) task(data, i);
}
