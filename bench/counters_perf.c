/* counters_perf.c: may this process count at all? One hardware event is opened to find out. */
#include "counters_internal.h"
#include "machine_files.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int real_probe(void) {
    struct perf_event_attr attr;
    memset(&attr, 0, sizeof attr);
    attr.size = sizeof attr;
    attr.type = PERF_TYPE_HARDWARE;
    attr.config = PERF_COUNT_HW_CPU_CYCLES;
    attr.exclude_kernel = attr.exclude_hv = 1;
    const long fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
    if (fd < 0) return errno;
    close((int)fd);
    return 0;
}

static int (*probe_event)(void) = real_probe;
void counters_set_probe(int (*probe)(void)) { probe_event = probe ? probe : real_probe; }

const char *perf_why_not(void) {
    static char text[COUNTER_REASON];
    double paranoid = 0;
    const int error = probe_event();
    switch (error) {
    case 0:
        return NULL;
    case ENOENT:
    case ENODEV:
    case EOPNOTSUPP:
        return machine_is_virtual() ? "no PMU in this VM" : "no PMU that this kernel can use";
    case ENOSYS:
        return "this kernel has no perf events";
    case EACCES:
    case EPERM:
        machine_number(&paranoid, "/proc/sys/kernel/perf_event_paranoid");
        if (paranoid < 3) return "seccomp forbids perf_event_open: docker run --cap-add PERFMON";
        snprintf(text, sizeof text, "perf_event_paranoid=%.0f: sudo sysctl kernel.perf_event_paranoid=1", paranoid);
        return text;
    default:
        snprintf(text, sizeof text, "perf_event_open: %s", strerror(error));
        return text;
    }
}
