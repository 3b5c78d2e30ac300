/* store.h: memory of one report, freed as a whole. Running out jumps to `out_of_memory`, so nobody else checks. */
#ifndef REPORTS_STORE_H
#define REPORTS_STORE_H

#include <setjmp.h>
#include <stddef.h>

typedef struct store {
    struct store_block *blocks;
    size_t left;
    jmp_buf out_of_memory;
} store;

void *store_take(store *, size_t bytes); /* zeroed, aligned for anything */
char *store_copy(store *, const char *text, size_t length);
char *store_print(store *, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Makes room for one more item of `size` bytes in *items, which holds *count; returns the new item, zeroed. */
void *store_push(store *, void *items, size_t *count, size_t size);
void store_free(store *);

#endif
