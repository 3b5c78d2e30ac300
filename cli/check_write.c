/* check_write.c: verdicts as a table, as text with REPRO lines, as JUnit XML. */
#include "check_run.h"
#include "exit.h"

#include <string.h>

bool check_is_failure(verdict v) { return v != VERDICT_PASS && v != VERDICT_SKIP; }

int check_exit_code(const check_rows *rows, bool stopped) {
    if (rows->failed) return EXIT_CHECK;
    return rows->passed == 0 && !stopped ? EXIT_SKIPPED : EXIT_OK;
}

void check_repro(const check_row *row, char *buf, size_t size) {
    char shape[SHAPE_TEXT];
    shape_print(shape, &row->shape);
    snprintf(buf, size, "motbench check --choice '%s' --shape %s --threads %d --seed %llu", row->choice, shape,
             row->threads, (unsigned long long)row->worst.seed);
}

static colour colour_of(verdict v) {
    return v == VERDICT_PASS       ? COLOUR_GREEN
           : v == VERDICT_SKIP     ? COLOUR_NONE
           : v == VERDICT_MARGINAL ? COLOUR_YELLOW
                                   : COLOUR_RED;
}

/* Properties need no bound; what was skipped has no error. */
static void add_error(table *t, const check_row *row, double value, const char *format) {
    if (row->worst.compared == 0 || row->subject->kind == SUBJECT_PROPERTIES)
        table_none(t);
    else
        table_number(t, value, format, value);
}

static void add_row(table *t, const check_row *row, const char *name) {
    char repro[400] = "", seed[24];
    const subject *s = row->subject;
    if (check_is_failure(row->worst.verdict)) check_repro(row, repro, sizeof repro);
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)row->worst.seed);
    table_text(t, name);
    table_text(t, mot_stage_name(s->stage));
    table_text(t, s->peer ? s->peer->library : s->cuda ? "cuda" : mot_isa_name(s->isa));
    table_text(t, mot_dtype_name(s->dtype));
    table_coloured(t, colour_of(row->worst.verdict), verdict_name(row->worst.verdict));
    add_error(t, row, row->worst.fraction, "%.3f");
    add_error(t, row, row->worst.z_rms, "%.2f");
    add_error(t, row, row->worst.z_max, "%.1f");
    table_number(t, row->shapes, "%.0f", row->shapes);
    table_number(t, row->settings, "%.0f", row->settings);
    table_number(t, (double)row->worst.compared, "%.0f", (double)row->worst.compared);
    table_text(t, seed);
    table_number(t, row->seconds, "%.1f", row->seconds);
    table_text(t, row->worst.verdict == VERDICT_PASS ? "" : row->worst.reason);
    table_text(t, repro);
}

static bool alike(const check_row *a, const check_row *b) {
    return a->worst.verdict == VERDICT_SKIP && b->worst.verdict == VERDICT_SKIP &&
           a->subject->stage == b->subject->stage && !strcmp(a->worst.reason, b->worst.reason);
}

/* Those like the i-th, itself left out, among the first `count`. */
static size_t count_alike(const check_rows *rows, size_t i, size_t count) {
    size_t n = 0;
    for (size_t k = 0; k < count; k++) n += k != i && alike(&rows->row[i], &rows->row[k]);
    return n;
}

/* Who reads sees one line for all of a stage that are skipped alike; who computes gets them all. */
static void add_rows(table *t, const check_rows *rows) {
    for (size_t i = 0; i < rows->count; i++) {
        const check_row *row = &rows->row[i];
        const size_t others = count_alike(rows, i, rows->count);
        char name[SUBJECT_NAME + 32];
        snprintf(name, sizeof name, "%s and %zu more", row->subject->name, others);
        table_rows_are(t, ROW_DISPLAY);
        if (others && !count_alike(rows, i, i)) add_row(t, row, name);
        table_rows_are(t, others ? ROW_DETAIL : ROW_PLAIN);
        add_row(t, row, row->subject->name);
    }
}

static table *make_table(const check_rows *rows) {
    static const column columns[] = {{"choice", "variant", 0},
                                     {"stage", "stage", COLUMN_DETAIL},
                                     {"isa", "isa", COLUMN_DETAIL},
                                     {"dtype", "dtype", COLUMN_DETAIL},
                                     {"verdict", "verdict", 0},
                                     {"fraction", "of bound", 0},
                                     {"z_rms", "z rms", 0},
                                     {"z_max", "z max", 0},
                                     {"shapes", "shapes", 0},
                                     {"settings", "settings", 0},
                                     {"compared", "compared", COLUMN_DETAIL},
                                     {"seed", "seed", COLUMN_DETAIL},
                                     {"seconds", "s", 0},
                                     {"reason", "reason", 0},
                                     {"repro", "repro", COLUMN_DETAIL}};
    table *t = table_new(columns, sizeof columns / sizeof *columns);
    add_rows(t, rows);
    return t;
}

static void print_repros(const check_rows *rows, FILE *file) {
    for (size_t i = 0; i < rows->count; i++) {
        char repro[400];
        if (!check_is_failure(rows->row[i].worst.verdict)) continue;
        check_repro(&rows->row[i], repro, sizeof repro);
        fprintf(file, "REPRO: %s\n", repro);
    }
}

/* ---- JUnit */

static void print_xml(FILE *file, const char *text) {
    for (; *text; text++) switch (*text) {
        case '<':
            fputs("&lt;", file);
            break;
        case '>':
            fputs("&gt;", file);
            break;
        case '&':
            fputs("&amp;", file);
            break;
        case '"':
            fputs("&quot;", file);
            break;
        default:
            fputc((unsigned char)*text < 0x20 ? ' ' : *text, file);
        }
}

static void print_case(const check_row *row, FILE *file) {
    char repro[400];
    fprintf(file, "  <testcase classname=\"motbench.%s\" name=\"", mot_stage_name(row->subject->stage));
    print_xml(file, row->subject->name);
    fprintf(file, "\" time=\"%.3f\">", row->seconds);
    if (row->worst.verdict == VERDICT_SKIP) {
        fputs("<skipped message=\"", file);
        print_xml(file, row->worst.reason);
        fputs("\"/>", file);
    } else if (check_is_failure(row->worst.verdict)) {
        fprintf(file, "<failure type=\"%s\" message=\"", verdict_name(row->worst.verdict));
        print_xml(file, row->worst.reason);
        fputs("\">", file);
        check_repro(row, repro, sizeof repro);
        print_xml(file, repro);
        fputs("</failure>", file);
    }
    fputs("</testcase>\n", file);
}

static bool write_junit(const check_rows *rows, FILE *file) {
    fprintf(file,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"motbench check\" tests=\"%zu\" "
            "failures=\"%d\" skipped=\"%d\">\n",
            rows->count, rows->failed, rows->skipped);
    for (size_t i = 0; i < rows->count; i++) print_case(&rows->row[i], file);
    fputs("</testsuite>\n", file);
    return fflush(file) == 0 && !ferror(file);
}

bool check_write(const void *data, const char *format, FILE *file, bool colours) {
    const check_rows *rows = data;
    if (!strcmp(format, "junit")) return write_junit(rows, file);
    table *t = make_table(rows);
    bool ok = table_output(t, format, file, colours);
    table_free(t);
    if (strcmp(format, "text")) return ok;
    print_repros(rows, file);
    return ok && fflush(file) == 0 && !ferror(file);
}
