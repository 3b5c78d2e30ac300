/* gbench_none.c: a build without Google Benchmark can check, and says so where it is asked to time. */
#include "gbench.h"

#include <stddef.h>

const char *gbench_version(void) { return NULL; }

int gbench_add(const char *name, gbench_body body, void *data, long iterations) {
    (void)name, (void)body, (void)data, (void)iterations;
    return -1;
}

bool gbench_run(int index, gbench_batch *result) {
    (void)index, (void)result;
    return false;
}

void gbench_clear(void) {}
