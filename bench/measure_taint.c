#include "measure_taint.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

const char *taint_reason(const disturbance *d) {
    enum { SWITCH_NS = 50000, MINOR_NS = 1000, MAJOR_NS = 100000 }; /* what one of each can cost */
    const double bearable = d->wall_ns / 100;
    const double faults = (double)d->minor_faults * MINOR_NS + (double)d->major_faults * MAJOR_NS;
    const double delay = d->delay_ns >= 0 ? d->delay_ns : (double)d->switches * SWITCH_NS;
    if (!(d->wall_ns > 0)) return "clock";
    if (d->moved) return "migrated";
    if (d->steal_ns > bearable) return "steal";
    if (delay > bearable) return "preempted";
    if (d->off_cpu_ns > bearable) return "off-cpu";
    if (faults > bearable) return "page faults";
    return NULL;
}

enum { MAX_TASKS = 256, MAX_CPUS = 1024 };

typedef struct reading {
    double steal_ns, delay_ns, task_ns;
    struct rusage usage;
} reading;

struct taint_probe {
    int stat;                   /* /proc/stat */
    int task[MAX_TASKS], tasks; /* schedstat of each thread */
    int cpu_count, threads;
    bool watched[MAX_CPUS];
    reading before;
    char text[1 << 16];
};

/* Threads of the process at this moment; the OpenMP team exists once something ran on it. */
static void open_tasks(taint_probe *p) {
    DIR *folder = opendir("/proc/self/task");
    if (!folder) return;
    for (struct dirent *entry; p->tasks < MAX_TASKS && (entry = readdir(folder));) {
        char path[320];
        if (entry->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "/proc/self/task/%s/schedstat", entry->d_name);
        const int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd >= 0) p->task[p->tasks++] = fd;
    }
    closedir(folder);
}

taint_probe *taint_open(const int *cpus, int count, int threads) {
    taint_probe *p = calloc(1, sizeof *p);
    if (!p) return NULL;
    p->threads = threads;
    p->stat = open("/proc/stat", O_RDONLY | O_CLOEXEC);
    for (int i = 0; i < count; i++)
        if (cpus[i] >= 0 && cpus[i] < MAX_CPUS) p->watched[cpus[i]] = true;
    open_tasks(p);
    return p;
}

void taint_close(taint_probe *p) {
    if (!p) return;
    if (p->stat >= 0) close(p->stat);
    for (int i = 0; i < p->tasks; i++) close(p->task[i]);
    free(p);
}

static bool read_text(int fd, char *buf, size_t size) {
    const ssize_t n = fd < 0 ? -1 : pread(fd, buf, size - 1, 0);
    if (n < 0) return false;
    buf[n] = 0;
    return true;
}

/* Steal of the watched CPUs: the 8th number of their lines. */
static double read_steal_ns(taint_probe *p) {
    const double tick_ns = 1e9 / (double)sysconf(_SC_CLK_TCK);
    double ticks = 0;
    if (!read_text(p->stat, p->text, sizeof p->text)) return 0;
    for (char *line = strstr(p->text, "\ncpu"); line; line = strstr(line + 1, "\ncpu")) {
        unsigned cpu;
        double steal;
        if (sscanf(line, "\ncpu%u %*s %*s %*s %*s %*s %*s %*s %lf", &cpu, &steal) == 2 && cpu < MAX_CPUS &&
            p->watched[cpu])
            ticks += steal;
    }
    return ticks * tick_ns;
}

/* The scheduler's run delay: exact where a count of context switches only hints. */
static double read_delay_ns(const taint_probe *p) {
    double sum = 0, delay;
    char text[96];
    for (int i = 0; i < p->tasks; i++)
        if (read_text(p->task[i], text, sizeof text) && sscanf(text, "%*s %lf", &delay) == 1) sum += delay;
    return sum;
}

static double task_clock_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

void taint_begin(taint_probe *p) {
    p->before.steal_ns = read_steal_ns(p);
    p->before.delay_ns = read_delay_ns(p);
    getrusage(RUSAGE_SELF, &p->before.usage);
    p->before.task_ns = task_clock_ns();
}

static disturbance (*source_for_tests)(double wall_ns);
void taint_set_source(disturbance (*source)(double wall_ns)) { source_for_tests = source; }

disturbance taint_end(taint_probe *p, double wall_ns) {
    if (source_for_tests) return source_for_tests(wall_ns);
    const reading *b = &p->before;
    const double task_ns = task_clock_ns() - b->task_ns;
    struct rusage now;
    getrusage(RUSAGE_SELF, &now);
    return (disturbance){
        .wall_ns = wall_ns,
        .steal_ns = read_steal_ns(p) - b->steal_ns,
        .delay_ns = p->tasks ? read_delay_ns(p) - b->delay_ns : -1,
        /* with several threads the caller may sleep in the barrier: the run delay covers those */
        .off_cpu_ns = p->threads == 1 || !p->tasks ? wall_ns - task_ns : -1,
        .switches = now.ru_nivcsw - b->usage.ru_nivcsw,
        .minor_faults = now.ru_minflt - b->usage.ru_minflt,
        .major_faults = now.ru_majflt - b->usage.ru_majflt,
    };
}
