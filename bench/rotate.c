#include "rotate.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

enum { LINE = 64, HUGE_PAGE = 2 << 20 };

static size_t round_up(size_t n, size_t unit) { return (n + unit - 1) / unit * unit; }

/* mmap gives 4 KiB alignment: map more and start at the first huge page. */
static char *map_aligned(size_t bytes) {
    char *all = mmap(NULL, bytes + HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED) return NULL;
    char *start = (char *)round_up((uintptr_t)all, HUGE_PAGE);
    size_t before = (size_t)(start - all), after = HUGE_PAGE - before;
    if (before) munmap(all, before);
    if (after) munmap(start + bytes, after);
    return start;
}

bool rotor_map(rotor *r, size_t bytes, size_t copies) {
    *r = (rotor){0};
    if (bytes == 0) return true;
    if (bytes > SIZE_MAX / 4) return false;
    size_t stride = round_up(bytes, LINE), total;
    if (__builtin_mul_overflow(stride, copies, &total) || total > SIZE_MAX / 2) return false;
    total = round_up(total, HUGE_PAGE);
    char *base = map_aligned(total);
    if (!base) return false;
    madvise(base, total, MADV_HUGEPAGE); /* refused where the kernel has none: the pages are small then */
    *r = (rotor){.base = base, .bytes = bytes, .stride = copies > 1 ? stride : 0, .mapped = total};
    for (size_t at = 0; at < total; at += 4096) ((volatile char *)base)[at] = 0; /* no page fault while timing */
    return true;
}

void rotor_spread(rotor *r) {
    if (!r->stride) return;
    for (size_t at = r->stride; at + r->bytes <= r->mapped; at += r->stride) memcpy(r->base + at, r->base, r->bytes);
}

void rotor_unmap(rotor *r) {
    if (r->base) munmap(r->base, r->mapped);
    *r = (rotor){0};
}

size_t rotation_copies(size_t set_bytes, size_t llc_bytes) {
    size_t wanted = set_bytes ? (3 * llc_bytes + set_bytes - 1) / set_bytes : 1;
    return wanted < 2 ? 2 : wanted;
}

/* The number after `key` in a file of "key: number unit" lines, or the file's first number where key is "". */
static bool read_number(const char *path, const char *key, size_t *out) {
    FILE *f = fopen(path, "r");
    if (!f) return false;
    char line[256];
    bool found = false;
    while (!found && fgets(line, sizeof line, f))
        found = strncmp(line, key, strlen(key)) == 0 && sscanf(line + strlen(key), "%zu", out) == 1;
    fclose(f);
    return found;
}

size_t memory_left(void) {
    static const char *const cgroup[][2] = {
        {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"},
        {"/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"}};
    size_t available = 0, limit, used;
    if (read_number("/proc/meminfo", "MemAvailable:", &available)) available *= 1024;
    for (int i = 0; i < 2; i++) {
        if (!read_number(cgroup[i][0], "", &limit) || !read_number(cgroup[i][1], "", &used)) continue; /* "max" */
        size_t left = limit > used ? limit - used : 0;
        if (left < available) available = left;
    }
    return available;
}
