/* table.c: cells of a table, and its text and Markdown forms. */
#include "table_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *format_name(format f) {
    static const char *const names[FORMAT_COUNT] = {"text", "json", "jsonl", "csv", "md"};
    return (unsigned)f < FORMAT_COUNT ? names[f] : NULL;
}

static void *checked(void *memory) {
    if (memory) return memory;
    fputs("motbench: out of memory\n", stderr);
    exit(EXIT_ENVIRONMENT);
}

table *table_new(const column *columns, size_t count) {
    table *t = checked(calloc(1, sizeof *t));
    *t = (table){.columns = columns, .width = count};
    return t;
}

void table_free(table *t) {
    if (!t) return;
    for (size_t i = 0; i < t->count; i++) free(t->cell[i].text);
    free(t->cell);
    free(t);
}

void table_rows_are(table *t, row_kind kind) { t->rows_are = kind; }
size_t table_rows(const table *t) { return t->count / t->width; }

static void add(table *t, cell c) {
    if (t->count == t->capacity) {
        t->capacity = t->capacity ? 2 * t->capacity : 64;
        t->cell = checked(realloc(t->cell, t->capacity * sizeof *t->cell));
    }
    c.row = t->rows_are;
    t->cell[t->count++] = c;
}

/* Names come from files and the machine: nothing in them may steer the terminal or break a line. */
static char *printable(const char *text) {
    char *copy = checked(strdup(text));
    for (char *c = copy; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f) *c = ' ';
    return copy;
}

void table_coloured(table *t, colour colour, const char *text) {
    add(t, (cell){.kind = CELL_TEXT, .text = printable(text), .colour = colour});
}
void table_text(table *t, const char *text) { table_coloured(t, COLOUR_NONE, text); }
void table_none(table *t) { add(t, (cell){.kind = CELL_NONE, .text = checked(strdup("-"))}); }
void table_flag(table *t, bool value) {
    add(t, (cell){.kind = CELL_FLAG, .value = value, .text = checked(strdup(value ? "yes" : "no"))});
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
void table_number(table *t, double value, const char *format, double shown) {
    char text[64];
    if (!isfinite(value)) {
        table_none(t);
        return;
    }
    snprintf(text, sizeof text, format, shown);
    add(t, (cell){.kind = CELL_NUMBER, .value = value, .text = checked(strdup(text))});
}
#pragma GCC diagnostic pop

bool table_wants_colours(FILE *file) {
    const char *no = getenv("NO_COLOR");
    return isatty(fileno(file)) && !(no && *no);
}

/* Columns on a terminal: bytes less the continuation bytes of UTF-8. */
static int width_of(const char *text) {
    int n = 0;
    for (; *text; text++) n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

static bool is_shown(const table *t, size_t row) { return table_row_kind(t, row) != ROW_DETAIL; }

static bool in_body(const table *t, size_t c) {
    return t->columns[c].kind == COLUMN_PLAIN || t->columns[c].kind == COLUMN_DISPLAY;
}

/* The widest text of a column, and whether it holds numbers (and is set flush right). */
static int measure_column(const table *t, size_t c, bool *right) {
    int widest = width_of(t->columns[c].title);
    *right = false;
    for (size_t r = 0; r < table_rows(t); r++) {
        const cell *x = table_cell(t, r, c);
        if (!is_shown(t, r)) continue;
        int w = width_of(x->text);
        widest = w > widest ? w : widest;
        *right = *right || x->kind == CELL_NUMBER;
    }
    return widest;
}

static void pad(FILE *file, int n) { fprintf(file, "%*s", n > 0 ? n : 0, ""); }

static void print_padded(FILE *file, const char *text, int width, bool right, bool last, const char *escape) {
    if (right) pad(file, width - width_of(text));
    fprintf(file, "%s%s%s", escape, text, *escape ? "\033[0m" : "");
    if (!last && !right) pad(file, width - width_of(text));
    fputs(last ? "\n" : "  ", file);
}

static bool in_heading(const table *t, size_t c) {
    return t->columns[c].kind == COLUMN_HEADING || t->columns[c].kind == COLUMN_NOTE;
}

static const size_t FIRST = SIZE_MAX;

/* before: the row that was shown last, FIRST if there is none. */
static bool new_heading(const table *t, size_t row, size_t before) {
    for (size_t c = 0; c < t->width; c++)
        if (in_heading(t, c) &&
            (before == FIRST || strcmp(table_cell(t, row, c)->text, table_cell(t, before, c)->text)))
            return true;
    return false;
}

static void print_heading(const table *t, size_t row, FILE *file, const char *before) {
    bool first = true;
    for (size_t c = 0; c < t->width; c++) {
        const column *column = &t->columns[c];
        if (!in_heading(t, c) || table_cell(t, row, c)->kind == CELL_NONE) continue;
        fprintf(file, "%s%s%s%s",
                first                         ? before
                : column->kind == COLUMN_NOTE ? ", "
                                              : "  ",
                table_cell(t, row, c)->text, *column->title ? " " : "", column->title);
        first = false;
    }
    fputc('\n', file);
}

static const char *shown(const table *t, size_t row, size_t c) {
    return row == SIZE_MAX ? t->columns[c].title : table_cell(t, row, c)->text;
}

/* The last column with something to show: no blanks at the end of a line. */
static size_t last_shown(const table *t, size_t row) {
    size_t last = SIZE_MAX;
    for (size_t c = 0; c < t->width; c++)
        if (in_body(t, c) && *shown(t, row, c)) last = c;
    return last;
}

/* row SIZE_MAX is the line of titles. */
static void print_row(const table *t, size_t row, FILE *file, bool colours) {
    static const char *const escapes[] = {"", "\033[32m", "\033[33m", "\033[31m"};
    for (size_t c = 0, last = last_shown(t, row); last != SIZE_MAX && c <= last; c++) {
        bool right;
        if (!in_body(t, c)) continue;
        int width = measure_column(t, c, &right);
        const char *escape = row != SIZE_MAX && colours ? escapes[table_cell(t, row, c)->colour] : "";
        print_padded(file, shown(t, row, c), width, right, c == last, escape);
    }
}

void table_print_text(const table *t, FILE *file, bool colours) {
    for (size_t r = 0, before = FIRST; r < table_rows(t); r++) {
        if (!is_shown(t, r)) continue;
        bool heading = new_heading(t, r, before);
        if (heading) print_heading(t, r, file, before == FIRST ? "" : "\n");
        if (heading || before == FIRST) print_row(t, SIZE_MAX, file, false);
        print_row(t, r, file, colours);
        before = r;
    }
}

static void print_md_cell(FILE *file, const char *text) {
    for (fputs(" ", file); *text; text++) fprintf(file, *text == '|' ? "\\|" : "%c", *text);
    fputs(" |", file);
}

static void print_md_titles(const table *t, FILE *file) {
    fputs("|", file);
    for (size_t c = 0; c < t->width; c++)
        if (in_body(t, c)) print_md_cell(file, t->columns[c].title);
    fputs("\n|", file);
    for (size_t c = 0; c < t->width; c++) {
        bool right;
        if (!in_body(t, c)) continue;
        measure_column(t, c, &right);
        fputs(right ? "---:|" : "---|", file);
    }
    fputs("\n", file);
}

void table_print_md(const table *t, FILE *file) {
    for (size_t r = 0, before = FIRST; r < table_rows(t); r++) {
        if (!is_shown(t, r)) continue;
        bool heading = new_heading(t, r, before);
        if (heading) print_heading(t, r, file, before == FIRST ? "### " : "\n### ");
        if (heading) fputc('\n', file);
        if (heading || before == FIRST) print_md_titles(t, file);
        before = r;
        fputs("|", file);
        for (size_t c = 0; c < t->width; c++)
            if (in_body(t, c)) print_md_cell(file, table_cell(t, r, c)->text);
        fputs("\n", file);
    }
}
