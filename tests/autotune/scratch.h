/* scratch.h: a folder of its own for each test, removed afterwards; *state is the folder. */
#ifndef TESTS_AUTOTUNE_SCRATCH_H
#define TESTS_AUTOTUNE_SCRATCH_H

#include <stddef.h>

#define scratch_test(f) cmocka_unit_test_setup_teardown(f, scratch_make, scratch_remove)

int scratch_make(void **state);
int scratch_remove(void **state);
/* A path in it; one of eight buffers by turns. */
const char *scratch_path(const char *folder, const char *name);
void scratch_write(const char *path, const char *text);
char *scratch_read(const char *path);  /* free it */
int scratch_count(const char *folder); /* files in it */

#endif
