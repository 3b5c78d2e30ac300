/* exit.h: the exit codes of motbench. Precedence: a signal, then 1 > 3 > 4. */
#ifndef CLI_EXIT_H
#define CLI_EXIT_H

enum exit_code {
    EXIT_OK = 0,
    EXIT_CHECK = 1,        /* a check failed or crashed */
    EXIT_USAGE = 2,        /* usage, unknown name, empty selection */
    EXIT_INCONCLUSIVE = 4, /* under --strict */
    EXIT_ENVIRONMENT = 5,  /* I/O, required counter missing */
    EXIT_SKIPPED = 77,     /* everything was skipped */
    EXIT_SIGNAL = 128      /* + the signal's number */
};

#endif
