#include "mot/mot.h"

#include <stdlib.h>

void *mot_alloc(size_t bytes) {
    if (bytes == 0 || bytes > SIZE_MAX - 63) return NULL;
    return aligned_alloc(64, (bytes + 63) / 64 * 64);
}
void mot_free(void *memory) { free(memory); }
