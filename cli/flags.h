/* flags.h: the table of flags: its name, its text for --help, and what reads its value. */
#ifndef CLI_FLAGS_H
#define CLI_FLAGS_H

#include "options.h"

typedef struct flag_row {
    const char *name, *value; /* value NULL: a switch */
    int group;                /* of --help: 1 what, 2 how, 3 where to */
    const char *doc;
    bool (*set)(options *, const char *value, problem *);
    bool repeatable;
} flag_row;

extern const flag_row flag_table[FLAG_COUNT];

/* MOTBENCH_MIN_TIME for min-time. */
void flag_environment_name(char *buf, size_t size, const flag_row *);

#endif
