/* counters_software.c: what the kernel keeps about every process, with or without a PMU. */
#include "counters_internal.h"

#include <math.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static double task_clock_ns(void) {
    struct timespec t;
    return clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) ? NAN : (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}
static double page_faults(void) {
    struct rusage u;
    return getrusage(RUSAGE_SELF, &u) ? NAN : (double)(u.ru_minflt + u.ru_majflt);
}
static double context_switches(void) {
    struct rusage u;
    return getrusage(RUSAGE_SELF, &u) ? NAN : (double)(u.ru_nvcsw + u.ru_nivcsw);
}

static const struct {
    const char *name;
    double (*read)(void);
} software[] = {{"task_clock_ns", task_clock_ns}, {"page_faults", page_faults}, {"context_switches", context_switches}};

size_t software_count(void) { return sizeof software / sizeof *software; }
const char *software_name(size_t index) { return software[index].name; }
double software_read(int index) { return software[index].read(); }

int software_find(const char *name) {
    for (size_t i = 0; i < software_count(); i++)
        if (strcmp(name, software[i].name) == 0) return (int)i;
    return -1;
}
