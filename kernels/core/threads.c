#include "threads.h"

#include <stdatomic.h>

/* Two words that change together only while no layer runs (mot.h). */
static _Atomic(mot_threads_callback) host_callback;
static _Atomic(void *) host_context;

mot_status mot_set_threads_callback(mot_threads_callback callback, void *context) {
    atomic_store(&host_context, context);
    atomic_store(&host_callback, callback);
    return MOT_OK;
}

bool mot_threads_are_ours(void) { return !atomic_load(&host_callback); }

void mot_threads_run(mot_task task, void *data, int count) {
    if (count == 1) {
        task(data, 0);
        return;
    }
    const mot_threads_callback callback = atomic_load(&host_callback);
    if (callback)
        callback(atomic_load(&host_context), task, data, count);
    else
        mot_threads_builtin(task, data, count);
}
