/* table.h: the one printer of tables: aligned text, CSV, Markdown, JSON, JSON lines. */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

typedef enum format { FORMAT_TEXT, FORMAT_JSON, FORMAT_JSONL, FORMAT_CSV, FORMAT_MD, FORMAT_COUNT } format;
const char *format_name(format);

typedef enum column_kind {
    COLUMN_PLAIN,
    COLUMN_HEADING, /* text, md: rows that agree in it stand under one heading line, and the column goes */
    COLUMN_NOTE,    /* the same, at the end of the line after a comma */
    COLUMN_DETAIL,  /* in JSON and CSV only */
    COLUMN_DISPLAY  /* in text and md only */
} column_kind;
typedef struct column {
    const char *key, *title; /* the name in JSON and CSV; above the column in text and md */
    column_kind kind;
} column;

typedef enum colour { COLOUR_NONE, COLOUR_GREEN, COLOUR_YELLOW, COLOUR_RED } colour;

typedef struct table table;
table *table_new(const column *columns, size_t count); /* exits when memory runs out, as do all of these */
void table_free(table *);
size_t table_rows(const table *);

/* Where rows stand, as columns do; of the rows that begin from now on. */
typedef enum row_kind { ROW_PLAIN, ROW_DETAIL, ROW_DISPLAY } row_kind;
void table_rows_are(table *, row_kind);

/* The next cell, left to right; the row is complete with its last cell. */
void table_text(table *, const char *text);
void table_coloured(table *, colour, const char *text);
/* `value` in JSON and CSV, `shown` (printf'd) in text and md. NaN and infinities are nothing. */
void table_number(table *, double value, const char *format, double shown) __attribute__((nonnull(3)));
void table_flag(table *, bool value);
void table_none(table *); /* null, "", "-" */

/* False: writing failed. */
bool table_write(const table *, format, FILE *, bool colours);
/* The same with a format by name, in the form of an output_writer. */
bool table_output(const void *table, const char *format, FILE *, bool colours);
/* NO_COLOR and whether `file` is a terminal. */
bool table_wants_colours(FILE *file);

#endif
