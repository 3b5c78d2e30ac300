/* progress.h: how far long work is: one rewritten line on a terminal, a plain line now and then elsewhere. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>

typedef struct progress {
    const char *title;
    bool terminal;
    int done, total;
    double start_s, shown_s; /* monotonic clock */
    char best[96];           /* "" or the best result so far */
} progress;

double clock_s(void); /* seconds of the monotonic clock */

void progress_begin(progress *, const char *title, int total);
/* `done` items are finished; `part` (0..1) of the next one, called `item`, too. */
void progress_show(progress *, int done, double part, const char *item);
void progress_best(progress *, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Takes the line away (terminal) or says how long it took. */
void progress_end(progress *);

#endif
