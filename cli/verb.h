/* verb.h: a verb of the command line; one file each, listed in main.c. */
#ifndef CLI_VERB_H
#define CLI_VERB_H

#include "exit.h"
#include "options.h"

typedef struct verb {
    const char *name, *summary; /* a line of `motbench --help` */
    const char *doc;            /* above the flags of `motbench VERB --help` */
    const char *args;           /* "" or what stands after the flags, for people */
    int least_args, most_args;
    uint32_t flags;        /* FLAG() bits */
    uint32_t dtypes;       /* default of --dtype, DTYPE() bits; 0: f32 */
    const char *formats;   /* blank-separated, the default first; "" without --format */
    const char *outputs;   /* what --out takes, for people */
    int (*run)(options *); /* an exit code */
} verb;

extern const verb verb_info, verb_doctor, verb_list, verb_check, verb_bench, verb_ceilings, verb_tune, verb_report,
    verb_export, verb_run;

/* "motbench VERB: …" on stderr, one line; returns `code`. */
int verb_fail(const options *, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Flushes stdout, so that a full disk is not taken for success: `code`, or EXIT_ENVIRONMENT after a line on stderr. */
int verb_finish(int code);

#endif
