/* child.h: a question asked in a child process, because asking changes the process or may end it. */
#ifndef BENCH_CHILD_H
#define BENCH_CHILD_H

#include <stdbool.h>
#include <stddef.h>

/* Runs ask(answer) in a forked child and copies the answer's `size` bytes (at most 4096) back. False: no answer came.
 */
bool child_ask(void (*ask)(void *answer), void *answer, size_t size);

/* All of `size` bytes, through interruptions. False: the other end is gone. */
bool child_read(int fd, void *data, size_t size);
bool child_write(int fd, const void *data, size_t size);

#endif
