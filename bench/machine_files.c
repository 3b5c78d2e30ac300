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

bool machine_is_virtual(void) {
    char text[8192];
    if (!machine_read(text, sizeof text, "/proc/cpuinfo")) return false;
    const char *flags = strstr(text, "\nflags");
    const char *end = flags ? strchr(flags + 1, '\n') : NULL;
    const char *found = flags ? strstr(flags, " hypervisor") : NULL;
    return found && (!end || found < end);
}
