/* table_data.c: the machine-readable forms of a table. */
#include "table_internal.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

static bool is_data(const table *t, size_t row) { return table_row_kind(t, row) != ROW_DISPLAY; }

static json_t *json_cell(const cell *c) {
    if (c->kind == CELL_FLAG) return json_boolean(c->value != 0);
    if (c->kind == CELL_NONE) return json_null();
    if (c->kind == CELL_TEXT) {
        json_t *text = json_string(c->text);
        return text ? text : json_string("(not UTF-8)");
    }
    bool whole = c->value == floor(c->value) && fabs(c->value) < 9e15;
    return whole ? json_integer((json_int_t)c->value) : json_real(c->value);
}

static json_t *json_row(const table *t, size_t row) {
    json_t *object = json_object();
    for (size_t c = 0; c < t->width; c++)
        if (t->columns[c].kind != COLUMN_DISPLAY)
            json_object_set_new(object, t->columns[c].key, json_cell(table_cell(t, row, c)));
    return object;
}

static const size_t json_style = JSON_REAL_PRECISION(9);

static void print_jsonl(const table *t, FILE *file) {
    for (size_t r = 0; r < table_rows(t); r++) {
        if (!is_data(t, r)) continue;
        json_t *row = json_row(t, r);
        json_dumpf(row, file, json_style | JSON_COMPACT);
        fputc('\n', file);
        json_decref(row);
    }
}

static void print_json(const table *t, FILE *file) {
    json_t *rows = json_array();
    for (size_t r = 0; r < table_rows(t); r++)
        if (is_data(t, r)) json_array_append_new(rows, json_row(t, r));
    json_dumpf(rows, file, json_style | JSON_INDENT(2));
    fputc('\n', file);
    json_decref(rows);
}

static void print_csv_text(FILE *file, const char *text) {
    if (!text[strcspn(text, ",\"")]) {
        fputs(text, file);
        return;
    }
    fputc('"', file);
    for (; *text; text++) fprintf(file, *text == '"' ? "\"\"" : "%c", *text);
    fputc('"', file);
}

static void print_csv_cell(FILE *file, const cell *c) {
    if (c->kind == CELL_NUMBER)
        fprintf(file, "%.9g", c->value);
    else if (c->kind != CELL_NONE)
        print_csv_text(file, c->text);
}

static void print_csv(const table *t, FILE *file) {
    for (size_t r = 0; r <= table_rows(t); r++) { /* line 0: the keys */
        const char *separator = "";
        if (r && !is_data(t, r - 1)) continue;
        for (size_t c = 0; c < t->width; c++) {
            if (t->columns[c].kind == COLUMN_DISPLAY) continue;
            fputs(separator, file);
            separator = ",";
            if (r == 0)
                print_csv_text(file, t->columns[c].key);
            else
                print_csv_cell(file, table_cell(t, r - 1, c));
        }
        fputc('\n', file);
    }
}

bool table_write(const table *t, format f, FILE *file, bool colours) {
    switch (f) {
    case FORMAT_JSON:
        print_json(t, file);
        break;
    case FORMAT_JSONL:
        print_jsonl(t, file);
        break;
    case FORMAT_CSV:
        print_csv(t, file);
        break;
    case FORMAT_MD:
        table_print_md(t, file);
        break;
    default:
        table_print_text(t, file, colours);
    }
    return fflush(file) == 0 && !ferror(file);
}

bool table_output(const void *data, const char *name, FILE *file, bool colours) {
    for (int f = 0; f < FORMAT_COUNT; f++)
        if (!strcmp(name, format_name((format)f))) return table_write(data, (format)f, file, colours);
    return table_write(data, FORMAT_TEXT, file, colours);
}
