/* shape_internal.h: what the files behind shape.h share. */
#ifndef BENCH_SHAPE_INTERNAL_H
#define BENCH_SHAPE_INTERNAL_H

#include "shape.h"

enum { SHAPE_LIST_MAX = 4096, SHAPE_FILE_MAX = 1 << 20, SHAPE_NESTING_MAX = 8 };

/* Writes one printable line into `error` and returns false. */
bool shape_fail(char *error, size_t error_size, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Appends unless it is there already. False: the list is full or memory is. */
bool shape_append(shape_list *, const mot_shape *, char *error, size_t error_size);
/* Forgets everything after `count`, so that a failed call leaves the list as it was. */
void shape_truncate(shape_list *, size_t count);

/* "drawn:7": a dozen shapes from a seed. */
bool shape_is_drawn(const char *name);
bool shape_draw(shape_list *, const char *name, char *error, size_t error_size);

/* A regular text file of at most `limit` bytes, terminated; free() it. NULL: `error` says why. */
char *shape_read_file(const char *path, size_t limit, size_t *size, char *error, size_t error_size);

#endif
