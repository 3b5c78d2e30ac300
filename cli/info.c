/* info.c: the machine as JSON or as a list of facts; and doctor's grades. */
#include "machine.h"
#include "outputs.h"
#include "verb.h"

#include <stdlib.h>
#include <string.h>

/* ---- facts as rows */

static bool is_bytes(const char *key) {
    static const char *const keys[] = {"l1d", "l2", "l3", "memory"};
    for (size_t i = 0; i < 4; i++)
        if (!strcmp(key, keys[i])) return true;
    return false;
}

static void print_bytes(char *buf, size_t size, double bytes) {
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    int unit = 0;
    for (; bytes >= 1024 && unit < 4; unit++) bytes /= 1024;
    snprintf(buf, size, "%.4g %s", bytes, units[unit]);
}

static char *text_of(const char *key, const json_t *value) {
    char *text = NULL, number[48];
    if (json_is_number(value) && is_bytes(key)) {
        print_bytes(number, sizeof number, json_number_value(value));
        return strdup(number);
    }
    if (json_is_string(value)) return strdup(json_string_value(value));
    if (json_is_null(value)) return strdup("-");
    text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(6));
    return text;
}

/* Items of an array of plain values, separated by blanks. */
static char *join(const json_t *array) {
    char *all = strdup("");
    for (size_t i = 0; all && i < json_array_size(array); i++) {
        char *item = text_of("", json_array_get(array, i)), *longer = NULL;
        if (asprintf(&longer, "%s%s%s", all, i ? " " : "", item ? item : "?") < 0) longer = NULL;
        free(item);
        free(all);
        all = longer;
    }
    return all;
}

static void add_facts(table *t, const char *section, const char *prefix, const json_t *object) {
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value) {
        char name[96];
        snprintf(name, sizeof name, "%s%s%s", prefix, *prefix ? "." : "", key);
        if (json_is_object(value)) {
            add_facts(t, section, name, value);
            continue;
        }
        char *text = json_is_array(value) ? join(value) : text_of(key, value);
        table_text(t, section);
        table_text(t, name);
        table_text(t, text ? text : "");
        free(text);
    }
}

/* ---- info */

typedef struct facts {
    json_t *json;
    table *table;
} facts;

static bool write_facts(const void *data, const char *format, FILE *file, bool colours) {
    const facts *f = data;
    bool lines = !strcmp(format, "jsonl");
    if (strcmp(format, "json") && !lines) return table_output(f->table, format, file, colours);
    int style = lines ? JSON_COMPACT : JSON_INDENT(2);
    return json_dumpf(f->json, file, (size_t)style | JSON_REAL_PRECISION(9)) == 0 && fputc('\n', file) != EOF &&
           fflush(file) == 0;
}

static int run_info(options *o) {
    static const column columns[] = {{"section", "", COLUMN_HEADING}, {"key", "", 0}, {"value", "", 0}};
    outputs out;
    int code = outputs_open(&out, o, OUTPUT_TABLE);
    if (code) return code;
    facts f = {json_object(), table_new(columns, 3)};
    json_object_set_new(f.json, "version", json_string(mot_version_string()));
    json_object_set_new(f.json, "host", machine_host());
    json_object_set_new(f.json, "gpu", machine_gpu());
    json_object_set_new(f.json, "timer", machine_timer());
    json_object_set_new(f.json, "counters", machine_counters());
    json_object_set_new(f.json, "libraries", machine_libraries());
    const char *section;
    json_t *value;
    json_object_foreach(f.json, section, value) if (json_is_object(value)) add_facts(f.table, section, "", value);
    code = outputs_finish(&out, write_facts, &f, true, EXIT_OK);
    json_decref(f.json);
    table_free(f.table);
    return code;
}

/* ---- doctor */

static colour colour_of(const char *grade) {
    return !strcmp(grade, "ok")     ? COLOUR_GREEN
           : !strcmp(grade, "bad")  ? COLOUR_RED
           : !strcmp(grade, "warn") ? COLOUR_YELLOW
                                    : COLOUR_NONE;
}

static const char *string_of(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static int run_doctor(options *o) {
    static const column columns[] = {
        {"name", "what", 0}, {"grade", "grade", 0}, {"found", "found", 0}, {"advice", "advice", 0}};
    outputs out;
    int code = outputs_open(&out, o, OUTPUT_TABLE);
    if (code) return code;
    table *t = table_new(columns, 4);
    json_t *grades = machine_doctor();
    for (size_t i = 0; i < json_array_size(grades); i++) {
        const json_t *row = json_array_get(grades, i);
        table_text(t, string_of(row, "name"));
        table_coloured(t, colour_of(string_of(row, "grade")), string_of(row, "grade"));
        table_text(t, string_of(row, "found"));
        table_text(t, string_of(row, "advice"));
    }
    code = outputs_finish(&out, table_output, t, true, EXIT_OK);
    json_decref(grades);
    table_free(t);
    return code;
}

const verb verb_info = {.name = "info",
                        .summary = "the machine, its caches, libraries and counters",
                        .doc = "Prints the facts of this machine that matter for timing.",
                        .args = "",
                        .flags = FLAGS_OUTPUT,
                        .formats = "text json jsonl csv md",
                        .outputs = "also write FILE, in the format of its extension (.json .csv .md .txt)",
                        .run = run_info};
const verb verb_doctor = {.name = "doctor",
                          .summary = "grades the machine for benchmarking; changes nothing",
                          .doc =
                              "Grades what disturbs timings on this machine and says what would help. Changes nothing.",
                          .args = "",
                          .flags = FLAGS_OUTPUT,
                          .formats = "text json jsonl csv md",
                          .outputs = "also write FILE, in the format of its extension (.json .csv .md .txt)",
                          .run = run_doctor};
