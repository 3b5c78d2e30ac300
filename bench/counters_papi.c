/* counters_papi.c: the only file that includes PAPI's header. One event set per thread of the process, attached to it
 * from here, so that the threads need not take part. */
#include "counters_internal.h"

#include <dirent.h>
#include <math.h>
#include <papi.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_THREADS = 1024, MAX_PRESETS = 256, CORE_COMPONENT = 0 };

static char preset[MAX_PRESETS][COUNTER_NAME];
static size_t preset_count;
static int init_error = 1; /* 1: not tried yet */

static void list_presets(void) {
    int code = (int)PAPI_PRESET_MASK;
    for (int r = PAPI_enum_event(&code, PAPI_ENUM_FIRST); r == PAPI_OK; r = PAPI_enum_event(&code, PAPI_ENUM_ALL)) {
        char name[PAPI_MAX_STR_LEN];
        if (preset_count == MAX_PRESETS || PAPI_event_code_to_name(code, name) != PAPI_OK) return;
        if (strlen(name) < COUNTER_NAME) strcpy(preset[preset_count++], name);
    }
}

static bool init(void) {
    if (init_error != 1) return init_error == 0;
    const int version = PAPI_library_init(PAPI_VER_CURRENT);
    init_error = version == PAPI_VER_CURRENT ? 0 : -1;
    if (init_error == 0) init_error = PAPI_thread_init(pthread_self) == PAPI_OK ? 0 : -1;
    if (init_error == 0) list_presets();
    return init_error == 0;
}

const char *hardware_provider(void) {
    static char name[32];
    const int v = PAPI_VERSION; /* init refuses a library of another one */
    snprintf(name, sizeof name, "PAPI %d.%d.%d", PAPI_VERSION_MAJOR(v), PAPI_VERSION_MINOR(v),
             PAPI_VERSION_REVISION(v));
    return name;
}

size_t hardware_count(void) { return init() ? preset_count : 0; }
const char *hardware_name(size_t index) { return preset[index]; }

/* PAPI's own names, and native ones where it has a PMU to ask. */
bool hardware_accepts(const char *name) {
    int code;
    return init() && PAPI_event_name_to_code(name, &code) == PAPI_OK;
}

/* ---- one thread's events ---- */

static bool add_event(int set, const char *name, int *error) {
    int code;
    *error = PAPI_event_name_to_code(name, &code);
    if (*error == PAPI_OK) *error = PAPI_add_event(set, code);
    return *error == PAPI_OK;
}

static void say(char *reason, int error) {
    if (error == PAPI_ENOEVNT)
        strcpy(reason, "this processor has no such event");
    else if (error == PAPI_ECMP_DISABLED)
        strcpy(reason, "this PAPI does not know this processor, a newer one may");
    else if (error == PAPI_ECNFLCT || error == PAPI_ECOUNT)
        strcpy(reason, "does not fit beside the other counters");
    else
        snprintf(reason, COUNTER_REASON, "PAPI: %s", PAPI_strerror(error));
}

static void discard(int set) {
    if (set == PAPI_NULL) return;
    PAPI_cleanup_eventset(set);
    PAPI_destroy_eventset(&set);
}

/* tid 0: this thread. Its events are left to add. */
static int new_set(int *set, unsigned long tid) {
    *set = PAPI_NULL;
    int error = PAPI_create_eventset(set);
    if (error == PAPI_OK) error = PAPI_assign_eventset_component(*set, CORE_COMPONENT);
    if (error == PAPI_OK && tid) error = PAPI_attach(*set, tid);
    return error;
}

const char *hardware_why_not(const char *name) {
    static char reason[COUNTER_REASON];
    long long value;
    int set = PAPI_NULL, error;
    if (!init()) return "PAPI does not start: another version is installed";
    const char *kernel = perf_why_not();
    if (kernel) return kernel;
    reason[0] = 0;
    error = new_set(&set, 0);
    if (error == PAPI_OK && add_event(set, name, &error) && (error = PAPI_start(set)) == PAPI_OK)
        error = PAPI_stop(set, &value);
    if (error != PAPI_OK) say(reason, error);
    discard(set);
    return error == PAPI_OK ? NULL : reason;
}

/* ---- counting ---- */

static struct {
    int count, sets;
    int column[COUNTER_MAX]; /* place in PAPI's values, or -1 */
    int events;              /* columns */
    int set[MAX_THREADS];
} running;

/* Threads may end while this lists them; those give an error later and are passed over. */
static int list_threads(unsigned long tid[MAX_THREADS]) {
    int count = 0;
    DIR *tasks = opendir("/proc/self/task");
    if (!tasks) return 0;
    for (struct dirent *d; (d = readdir(tasks)) && count < MAX_THREADS;)
        if (d->d_name[0] != '.') tid[count++] = strtoul(d->d_name, NULL, 10);
    closedir(tasks);
    return count;
}

/* Which events fit together, found out on this thread. */
static void choose_events(const char *const *names, int count, char (*reason)[COUNTER_REASON]) {
    int set, error = new_set(&set, 0);
    for (int i = 0; i < count; i++) {
        running.column[i] = -1;
        const char *no = hardware_why_not(names[i]);
        if (no)
            strcpy(reason[i], no);
        else if (error == PAPI_OK && add_event(set, names[i], &error))
            running.column[i] = running.events++;
        else
            say(reason[i], error), error = PAPI_OK;
    }
    discard(set);
}

static void start_thread(unsigned long tid, const char *const *names) {
    int set, error = new_set(&set, tid);
    for (int i = 0; i < running.count && error == PAPI_OK; i++)
        if (running.column[i] >= 0) add_event(set, names[i], &error);
    if (error == PAPI_OK) error = PAPI_start(set);
    if (error == PAPI_OK)
        running.set[running.sets++] = set;
    else
        discard(set);
}

void hardware_start(const char *const *names, int count, char (*reason)[COUNTER_REASON]) {
    unsigned long tid[MAX_THREADS];
    running.count = count, running.sets = running.events = 0;
    choose_events(names, count, reason);
    const int threads = running.events ? list_threads(tid) : 0;
    for (int i = 0; i < threads; i++) start_thread(tid[i], names);
    if (running.sets > 0) return;
    for (int i = 0; i < count; i++) {
        if (running.column[i] >= 0) strcpy(reason[i], "PAPI could not attach to the threads");
        running.column[i] = -1;
    }
}

void hardware_stop(double *values) {
    long long value[COUNTER_MAX], sum[COUNTER_MAX] = {0};
    for (int s = 0; s < running.sets; s++) {
        if (PAPI_stop(running.set[s], value) == PAPI_OK)
            for (int e = 0; e < running.events; e++) sum[e] += value[e];
        discard(running.set[s]);
    }
    for (int i = 0; i < running.count; i++) values[i] = running.column[i] < 0 ? NAN : (double)sum[running.column[i]];
    running.sets = 0;
}
