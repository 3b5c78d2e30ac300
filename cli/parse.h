/* parse.h: values of flags as text. False: `error` says what was wrong and what would be right. */
#ifndef CLI_PARSE_H
#define CLI_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct problem {
    char text[512]; /* one line */
} problem;

/* Always false, so that it can be returned. */
bool problem_set(problem *, const char *format, ...) __attribute__((format(printf, 2, 3)));

bool parse_whole(uint64_t *out, const char *text, uint64_t least, uint64_t most, problem *);
/* "2", "0.5s", "2ms", "10us", "3min" in seconds. */
bool parse_seconds(double *out, const char *text, problem *);
/* "0.02" or "2%". */
bool parse_share(double *out, const char *text, problem *);
bool parse_switch(bool *out, const char *text, problem *);

/* Calls item() for each part of a comma list; empty parts are refused. */
bool parse_list(const char *text, bool (*item)(void *, const char *, problem *), void *data, problem *);

#endif
