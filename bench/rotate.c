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

/* Mapped memory that nobody uses. In a virtual machine first touch is what maps cost: 2 s a GiB were seen. */
enum { MAX_SPARE = 64 };
static struct {
    char *base;
    size_t bytes;
} spare[MAX_SPARE];

/* The smallest spare piece that is large enough, though not wastefully so. */
static char *take_spare(size_t *bytes) {
    int best = -1;
    for (int i = 0; i < MAX_SPARE; i++) {
        const bool fits = spare[i].bytes >= *bytes && spare[i].bytes / 2 <= *bytes;
        if (fits && (best < 0 || spare[i].bytes < spare[best].bytes)) best = i;
    }
    if (best < 0) return NULL;
    *bytes = spare[best].bytes;
    spare[best].bytes = 0;
    return spare[best].base;
}

static void keep_spare(char *base, size_t bytes) {
    for (int i = 0; i < MAX_SPARE; i++) {
        if (spare[i].bytes) continue;
        spare[i].base = base;
        spare[i].bytes = bytes;
        return;
    }
    munmap(base, bytes);
}

void rotor_release(void) {
    for (int i = 0; i < MAX_SPARE; i++) {
        if (spare[i].bytes) munmap(spare[i].base, spare[i].bytes);
        spare[i].bytes = 0;
    }
}

/* No page fault while timing: every page is touched. */
static char *map_touched(size_t bytes) {
    char *base = map_aligned(bytes);
    if (!base) return NULL;
    madvise(base, bytes, MADV_HUGEPAGE); /* refused where the kernel has none: the pages are small then */
    for (size_t at = 0; at < bytes; at += 4096) ((volatile char *)base)[at] = 0;
    return base;
}

bool rotor_map(rotor *r, size_t bytes, size_t copies) {
    *r = (rotor){0};
    if (bytes == 0) return true;
    if (bytes > SIZE_MAX / 4) return false;
    size_t stride = round_up(bytes, LINE), total;
    if (__builtin_mul_overflow(stride, copies, &total) || total > SIZE_MAX / 2) return false;
    total = round_up(total, HUGE_PAGE);
    char *base = take_spare(&total);
    if (!base) base = map_touched(total);
    if (!base) return false;
    *r = (rotor){.base = base, .bytes = bytes, .stride = copies > 1 ? stride : 0, .copies = copies, .mapped = total};
    return true;
}

void rotor_spread(rotor *r) {
    for (size_t i = 1; i < r->copies; i++) memcpy(rotor_at(r, i), r->base, r->bytes);
}

void rotor_unmap(rotor *r) {
    if (r->base) keep_spare(r->base, r->mapped);
    *r = (rotor){0};
}

size_t rotation_copies(size_t set_bytes, size_t llc_bytes) { return (3 * llc_bytes + set_bytes - 1) / set_bytes; }

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
