/* fixture.h: synthetic sample files: numbers from formulas and a fixed sequence, of a machine that does not exist. */
#ifndef TESTS_REPORTS_FIXTURE_H
#define TESTS_REPORTS_FIXTURE_H

#include <stdbool.h>
#include <stdio.h>

typedef struct fixture {
    int shapes;  /* tables, 1 … 8 */
    int samples; /* per row */
    bool sweeps, grains, tune, checks, threads1, bf16;
    const char *text; /* NULL, or put into every text that a machine or a user gives: host, CPU, names, reasons */
    const char *fingerprint;
} fixture;

fixture fixture_full(void); /* everything on, 12 samples */
void fixture_write(FILE *, const fixture *);
void fixture_profile(FILE *, const char *fingerprint);
/* A whole file as text; the caller frees it. */
char *fixture_text(const fixture *, size_t *length);

#endif
