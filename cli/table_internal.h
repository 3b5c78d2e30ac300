/* table_internal.h: what table.c (text, Markdown) and table_data.c (JSON, CSV) share. */
#ifndef CLI_TABLE_INTERNAL_H
#define CLI_TABLE_INTERNAL_H

#include "exit.h"
#include "table.h"

#include <stdint.h>

typedef struct cell {
    row_kind row; /* of the first in a row */
    enum { CELL_TEXT, CELL_NUMBER, CELL_FLAG, CELL_NONE } kind;
    colour colour;
    double value;
    char *text; /* as shown */
} cell;

struct table {
    const column *columns;
    size_t width, count, capacity; /* count: cells, row by row */
    cell *cell;
    row_kind rows_are;
};

static inline const cell *table_cell(const table *t, size_t row, size_t column) {
    return &t->cell[row * t->width + column];
}

static inline row_kind table_row_kind(const table *t, size_t row) { return table_cell(t, row, 0)->row; }

void table_print_text(const table *, FILE *, bool colours);
void table_print_md(const table *, FILE *);

#endif
