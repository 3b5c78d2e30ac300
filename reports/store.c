#include "store.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 1 << 16, ALIGN = 16 };

struct store_block {
    struct store_block *next;
    size_t bytes;
    _Alignas(ALIGN) char data[];
};

static void new_block(store *s, size_t bytes) {
    size_t room = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;
    struct store_block *block = calloc(1, sizeof *block + room);
    if (!block) longjmp(s->out_of_memory, 1);
    block->next = s->blocks;
    block->bytes = room;
    s->blocks = block;
    s->left = room;
}

void *store_take(store *s, size_t bytes) {
    if (bytes > SIZE_MAX / 4) longjmp(s->out_of_memory, 1);
    bytes = (bytes + ALIGN - 1) / ALIGN * ALIGN;
    if (!s->blocks || bytes > s->left) new_block(s, bytes);
    void *memory = s->blocks->data + (s->blocks->bytes - s->left);
    s->left -= bytes;
    return memory;
}

char *store_copy(store *s, const char *text, size_t length) {
    char *copy = store_take(s, length + 1);
    memcpy(copy, text, length);
    return copy;
}

char *store_print(store *s, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    char *text = store_take(s, length < 0 ? 1 : (size_t)length + 1);
    if (length > 0) vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    va_end(args);
    return text;
}

void *store_push(store *s, void *items, size_t *count, size_t size) {
    char **array = items;
    size_t n = *count;
    /* Full at every power of two: take twice the room; the old copy stays in the store until the end. */
    if ((n & (n - 1)) == 0) {
        if (n > SIZE_MAX / 8 / size) longjmp(s->out_of_memory, 1);
        char *wider = store_take(s, (n ? 2 * n : 1) * size);
        if (n) memcpy(wider, *array, n * size);
        *array = wider;
    }
    (*count)++;
    return *array + n * size;
}

void store_free(store *s) {
    while (s->blocks) {
        struct store_block *next = s->blocks->next;
        free(s->blocks);
        s->blocks = next;
    }
}
