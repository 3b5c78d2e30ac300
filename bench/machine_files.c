#include "machine_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_SIZE = 1024 };
static char root_path[PATH_SIZE / 2];

void machine_set_root(const char *root) { snprintf(root_path, sizeof root_path, "%s", root ? root : ""); }
const char *machine_root(void) { return root_path; }

static const char *full_path(char buf[PATH_SIZE], const char *path) {
    snprintf(buf, PATH_SIZE, "%s%s", root_path, path);
    return buf;
}

bool machine_read(char *buf, size_t size, const char *path) {
    char full[PATH_SIZE];
    FILE *f = fopen(full_path(full, path), "re");
    buf[0] = 0;
    if (!f) return false;
    size_t n = fread(buf, 1, size - 1, f);
    fclose(f);
    while (n > 0 && strchr(" \t\r\n", buf[n - 1])) n--;
    buf[n] = 0;
    return n > 0;
}

bool machine_exists(const char *path) {
    char full[PATH_SIZE];
    return access(full_path(full, path), F_OK) == 0;
}

static bool parse(double *out, const char *text) {
    char *end;
    const double value = strtod(text, &end);
    if (end == text || !(value > -1e300 && value < 1e300)) return false;
    *out = value;
    return true;
}

bool machine_number(double *out, const char *path) {
    char text[256];
    return machine_read(text, sizeof text, path) && parse(out, text);
}

bool machine_keyed(double *out, const char *path, const char *key) {
    char full[PATH_SIZE], line[512];
    FILE *f = fopen(full_path(full, path), "re");
    if (!f) return false;
    bool found = false;
    while (!found && fgets(line, sizeof line, f))
        found = strncmp(line, key, strlen(key)) == 0 && parse(out, line + strlen(key));
    fclose(f);
    return found;
}

/* user nice system idle iowait irq softirq steal; guest time is within user already */
double machine_steal_percent(void) {
    char text[512];
    double part[8] = {0}, sum = 0;
    if (!machine_read(text, sizeof text, "/proc/stat") || strncmp(text, "cpu ", 4) != 0) return -1;
    char *p = text + 4, *end;
    for (int i = 0; i < 8; i++, p = end) {
        part[i] = strtod(p, &end);
        if (end == p || !(part[i] >= 0)) return -1;
        sum += part[i];
    }
    return sum > 0 ? 100 * part[7] / sum : -1;
}

double machine_memory_available(void) {
    static const char *const groups[][2] = {
        {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"},
        {"/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"}};
    double free_kib = 0, limit, used;
    machine_keyed(&free_kib, "/proc/meminfo", "MemAvailable:");
    double bytes = free_kib * 1024;
    for (int i = 0; i < 2; i++) {
        if (!machine_number(&limit, groups[i][0]) || !machine_number(&used, groups[i][1])) continue;
        if (limit - used < bytes) bytes = limit > used ? limit - used : 0;
    }
    return bytes;
}

bool machine_is_virtual(void) {
    char text[8192];
    if (!machine_read(text, sizeof text, "/proc/cpuinfo")) return false;
    const char *flags = strstr(text, "\nflags");
    const char *end = flags ? strchr(flags + 1, '\n') : NULL;
    const char *found = flags ? strstr(flags, " hypervisor") : NULL;
    return found && (!end || found < end);
}
