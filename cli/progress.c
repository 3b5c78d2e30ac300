/* progress.c: see progress.h. Everything goes to stderr. */
#include "progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const double terminal_period_s = 0.1, plain_period_s = 5;

double clock_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static bool is_terminal(void) {
    const char *term = getenv("TERM");
    return isatty(STDERR_FILENO) && !(term && !strcmp(term, "dumb"));
}

void progress_begin(progress *p, const char *title, int total) {
    *p = (progress){.title = title, .terminal = is_terminal(), .total = total, .start_s = clock_s()};
}

static void print_line(const progress *p, double part, const char *item) {
    double elapsed = p->shown_s - p->start_s, share = p->total ? (p->done + part) / p->total : 1;
    fprintf(stderr, "%s%s %d/%d  %.0f s", p->terminal ? "\r\033[K" : "", p->title, p->done, p->total, elapsed);
    if (share > 0 && share < 1) fprintf(stderr, ", %.0f s left", elapsed * (1 - share) / share);
    if (p->best[0]) fprintf(stderr, "  best %s", p->best);
    fprintf(stderr, "  %.60s%s", item, p->terminal ? "" : "\n");
    fflush(stderr);
}

void progress_show(progress *p, int done, double part, const char *item) {
    double now = clock_s(), since = p->shown_s > 0 ? p->shown_s : p->start_s;
    p->done = done;
    if (now - since < (p->terminal ? terminal_period_s : plain_period_s)) return;
    p->shown_s = now;
    print_line(p, part, item);
}

void progress_best(progress *p, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(p->best, sizeof p->best, format, args);
    va_end(args);
}

void progress_end(progress *p) {
    if (p->terminal) fputs("\r\033[K", stderr);
    fprintf(stderr, "%s: %d of %d in %.1f s\n", p->title, p->done, p->total, clock_s() - p->start_s);
    fflush(stderr);
}
