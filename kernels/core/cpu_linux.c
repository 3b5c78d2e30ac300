/* cpu_linux.c: what Linux adds to CPUID: the affinity mask, the cgroup's quota, cache sizes from sysfs. */
#define _GNU_SOURCE
#include "cpu.h"
#include "registry.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PATH_SIZE = 4096 };

/* At most size-1 bytes of a small file, terminated. */
static bool read_file(char *buf, size_t size, const char *path) {
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    size_t used = 0;
    ssize_t n;
    while (used < size - 1 && (n = read(fd, buf + used, size - 1 - used)) > 0) used += (size_t)n;
    close(fd);
    buf[used] = 0;
    return used > 0;
}

/* Kernels with more CPUs than the mask holds say EINVAL, so it grows. */
int mot_cpu_allowed(void) {
    for (int cpus = 1024; cpus <= 1 << 20; cpus *= 2) {
        cpu_set_t *set = CPU_ALLOC(cpus);
        if (!set) return 1;
        const size_t size = CPU_ALLOC_SIZE(cpus);
        const bool ok = sched_getaffinity(0, size, set) == 0;
        const int allowed = ok ? CPU_COUNT_S(size, set) : 0;
        const bool grow = !ok && errno == EINVAL;
        CPU_FREE(set);
        if (ok && allowed > 0) return allowed;
        if (!grow) break;
    }
    const long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (int)online : 1;
}

bool mot_cpu_allow_tiles(void) {
    enum { ARCH_REQ_XCOMP_PERM = 0x1023, XFEATURE_XTILEDATA = 18 };
    return syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0;
}

/* ---- quota ---- */

static double tighter(double a, double b) { return a == 0 || (b > 0 && b < a) ? b : a; }

/* "50000 100000" or v2's "max 100000"; anything else is no quota. */
static double parse_quota(const char *text) {
    char *end;
    const long long quota = strtoll(text, &end, 10);
    if (end == text || quota <= 0) return 0;
    const char *rest = end;
    const long long period = strtoll(rest, &end, 10);
    return end == rest || period <= 0 ? 0 : (double)quota / (double)period;
}

static double quota_v2(const char *folder) {
    char path[PATH_SIZE + 32], text[64];
    snprintf(path, sizeof path, "%s/cpu.max", folder);
    return read_file(text, sizeof text, path) ? parse_quota(text) : 0;
}

static double quota_v1(const char *folder) {
    char path[PATH_SIZE + 32], text[64], period[32];
    snprintf(path, sizeof path, "%s/cpu.cfs_quota_us", folder);
    if (!read_file(text, sizeof text / 2, path)) return 0;
    snprintf(path, sizeof path, "%s/cpu.cfs_period_us", folder);
    if (!read_file(period, sizeof period, path)) return 0;
    strcat(strcat(text, " "), period);
    return parse_quota(text);
}

/* From the group up to the mount, since a parent's quota binds too. In a container the path may be the host's: the
 * folders that are not there are passed over. */
static double quota_upwards(const char *mount, const char *group, double (*quota)(const char *folder)) {
    char folder[PATH_SIZE];
    if (snprintf(folder, sizeof folder, "%s%s", mount, group) >= (int)sizeof folder) return quota(mount);
    double least = 0;
    const size_t top = strlen(mount);
    while (strlen(folder) >= top) {
        least = tighter(least, quota(folder));
        char *slash = strrchr(folder + top, '/');
        if (!slash) break;
        *slash = 0;
    }
    return least;
}

static bool has_controller(const char *list, const char *name) {
    const size_t n = strlen(name);
    for (const char *p = list; *p; p += strcspn(p, ","), p += *p == ',')
        if (strcspn(p, ",") == n && memcmp(p, name, n) == 0) return true;
    return false;
}

/* One line of /proc/self/cgroup: "4:cpu,cpuacct:/a/b", or v2's "0::/a/b". */
static double quota_of_line(const char *root, char *line) {
    char mount[PATH_SIZE / 2];
    char *controllers = strchr(line, ':');
    char *group = controllers ? strchr(controllers + 1, ':') : NULL;
    if (!group || group[1] != '/') return 0;
    *group++ = 0;
    const bool v2 = *++controllers == 0;
    if (!v2 && !has_controller(controllers, "cpu")) return 0;
    const char *mounts[][2] = {{"/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu,cpuacct"},
                               {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}};
    double least = 0;
    for (int i = 0; i < 2; i++) {
        snprintf(mount, sizeof mount, "%s%s", root, mounts[v2][i]);
        least = tighter(least, quota_upwards(mount, group, v2 ? quota_v2 : quota_v1));
    }
    return least;
}

double mot_cpu_quota(const char *root) {
    char path[PATH_SIZE], text[8192];
    snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
    if (!read_file(text, sizeof text, path)) return 0;
    double least = 0;
    char *state;
    for (char *line = strtok_r(text, "\n", &state); line; line = strtok_r(NULL, "\n", &state))
        least = tighter(least, quota_of_line(root, line));
    return least;
}

int mot_cpu_threads(void) {
    const int allowed = mot_cpu_allowed();
    const double quota = mot_cpu_quota("");
    if (quota == 0 || quota >= allowed) return allowed;
    return (int)quota + (quota > (int)quota);
}

/* ---- facts ---- */

static bool cache_word(char *buf, size_t size, int index, const char *word) {
    char path[128];
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu0/cache/index%d/%s", index, word);
    return read_file(buf, size, path);
}

/* Where the kernel knows, its word wins over CPUID's, which hypervisors often leave half filled in. */
static void sysfs_caches(mot_cpu_facts *facts) {
    char level[16], type[16], size[16], *unit;
    for (int i = 0; i < 16 && cache_word(level, sizeof level, i, "level"); i++) {
        if (!cache_word(type, sizeof type, i, "type") || type[0] == 'I') continue;
        if (!cache_word(size, sizeof size, i, "size")) continue;
        size_t bytes = strtoul(size, &unit, 10);
        bytes <<= *unit == 'K' ? 10 : *unit == 'M' ? 20 : 0;
        if (bytes == 0) continue;
        if (level[0] == '1') facts->l1d = bytes;
        if (level[0] == '2') facts->l2 = bytes;
        if (level[0] == '3') facts->l3 = bytes;
    }
}

void mot_cpu_describe(mot_cpu_facts *facts) {
    mot_cpu_identify(facts);
    sysfs_caches(facts);
    facts->cores = mot_cpu_threads();
}

/* Profiles are files of this name, so a hypervisor's odd vendor text must not bring a slash into it. */
void mot_cpu_fingerprint(char *buf, size_t size) {
    mot_cpu_facts f;
    mot_cpu_describe(&f);
    for (char *c = f.vendor; *c; c++)
        if (!((*c >= '0' && *c <= '9') || ((*c | 32) >= 'a' && (*c | 32) <= 'z'))) *c = '_';
    snprintf(buf, size, "%s-%u-%u-%u-%s-c%d-l1d%zu-l2_%zu-l3_%zu", f.vendor[0] ? f.vendor : "unknown", f.family,
             f.model, f.stepping, mot_isa_name(mot_cpu_isa()), f.cores, f.l1d >> 10, f.l2 >> 10, f.l3 >> 10);
}
