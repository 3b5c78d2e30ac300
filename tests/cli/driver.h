/* driver.h: runs the motbench that was built, in a folder of its own, with a home of its own. */
#ifndef TESTS_CLI_DRIVER_H
#define TESTS_CLI_DRIVER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

typedef struct outcome {
    int code;        /* exit code; 128 + n for a signal, as a shell says it */
    char *out, *err; /* both streams, terminated; hold until the next run */
} outcome;

/* cmocka group fixtures: the folder becomes the working directory. */
int driver_set_up(void **);
int driver_tear_down(void **);

/* `command` is what stands after "motbench", quoted for sh; `environment` before it ("A=1 B=2", or ""). */
outcome run_with(const char *environment, const char *command);
outcome run(const char *command);
/* Runs it and sends `number` to it as soon as `file` is larger than `bytes`. */
outcome run_and_signal(const char *command, int number, const char *file, long bytes);

/* Exit code, and the text in stdout / stderr. */
void expect_code(const outcome *, int code);
void expect_out(const outcome *, const char *text);
const char *after(const char *text, const char *what); /* what must be in it */
void expect_err(const outcome *, const char *text);
/* One line on stderr that begins with "motbench" and holds each of the texts, nothing on stdout, this exit code. */
void expect_refusal(const char *environment, const char *command, int code, const char *names, const char *says);

void write_text(const char *path, const char *text);
char *read_text(const char *path); /* holds until the next call; "" if there is none */
int count_lines(const char *text);

#endif
