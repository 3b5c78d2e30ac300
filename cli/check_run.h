/* check_run.h: checks of a selection over shapes; one row per subject. */
#ifndef CLI_CHECK_RUN_H
#define CLI_CHECK_RUN_H

#include "outputs.h"
#include "selection.h"

typedef struct check_row {
    const subject *subject;
    check_result worst;   /* its reason, fraction and z are the worst of all shapes */
    int shapes, settings; /* compared; knob settings tried */
    int trials;
    int threads;               /* of the worst */
    mot_shape shape;           /* of the worst */
    char choice[SUBJECT_NAME]; /* of the worst */
    double seconds;
} check_row;

typedef struct check_job {
    const options *options;
    const selection *selection;
    const mot_shape *shapes;
    size_t shape_count;
    bool settings;     /* other knob settings too */
    double deadline_s; /* on clock_s; 0: none */
    samples_writer *samples;
} check_job;

typedef struct check_rows {
    check_row *row;
    size_t count; /* rows begun: fewer than selected if it was stopped */
    int passed, failed, skipped;
    bool write_failed;
} check_rows;

/* False: out of memory. Stops after the current check when a signal came or the time is up. */
bool check_rows_run(const check_job *, check_rows *);
void check_rows_free(check_rows *);
bool check_is_failure(verdict);
/* EXIT_CHECK if anything failed, EXIT_SKIPPED if all was skipped. */
int check_exit_code(const check_rows *, bool stopped);

/* The document of these rows (an output_writer): text with REPRO lines, junit, or a table. */
bool check_write(const void *check_rows, const char *format, FILE *, bool colours);
/* "motbench check --choice …" for a row. */
void check_repro(const check_row *, char *buf, size_t size);

#endif
