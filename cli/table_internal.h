/* table_internal.h: what table.c (text, Markdown) and table_data.c (JSON, CSV) share. */
#ifndef CLI_TABLE_INTERNAL_H
#define CLI_TABLE_INTERNAL_H

#include "exit.h"
#include "table.h"

#include <stdint.h>

typedef struct cell {
    enum { CELL_TEXT, CELL_NUMBER, CELL_FLAG, CELL_NONE } kind;
    colour colour;
    double value;
    char *text; /* as shown */
} cell;

struct table {
    const column *columns;
    size_t width, count, capacity; /* count: cells, row by row */
    cell *cell;
};

static inline const cell *table_cell(const table *t, size_t row, size_t column) {
    return &t->cell[row * t->width + column];
}

void table_print_text(const table *, FILE *, bool colours);
void table_print_md(const table *, FILE *);

#endif
