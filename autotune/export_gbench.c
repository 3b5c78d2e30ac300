/* export_gbench.c: a sample file as Google Benchmark's JSON: every untainted sample is a repetition. */
#include "export_internal.h"

#include "files.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MAX_LINE = 64 << 20 };

typedef struct conversion {
    json_t *context, *rows;
    int families;
} conversion;

static json_t *text_or_empty(const json_t *object, const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    return json_string(text ? text : "");
}

static json_t *number_or(const json_t *object, const char *name, json_int_t otherwise) {
    const json_t *value = json_object_get(object, name);
    return json_is_number(value) ? json_incref((json_t *)value) : json_integer(otherwise);
}

/* What benchmark::JSONReporter puts there; of the clock rate nothing is known. */
static json_t *context_of(const json_t *run) {
    const json_t *host = json_object_get(run, "host");
    const char *governor = json_string_value(json_object_get(host, "governor"));
    return json_pack("{s:o,s:o,s:s,s:o,s:i,s:b,s:[],s:[o],s:s,s:o,s:o,s:s}", "date", text_or_empty(run, "time"),
                     "host_name", text_or_empty(host, "name"), "executable", "motbench", "num_cpus",
                     number_or(host, "cores", 0), "mhz_per_cpu", 0, "cpu_scaling_enabled",
                     governor && strcmp(governor, "performance") != 0, "caches", "load_avg",
                     number_or(host, "load1", 0), "library_build_type", "release", "motbench_revision",
                     text_or_empty(run, "revision"), "motbench_fingerprint", text_or_empty(host, "fingerprint"),
                     "motbench_note", "cpu_time repeats real_time: samples are wall time of all threads");
}

static bool is_tainted(const json_t *bench, size_t index) {
    const json_t *tainted = json_object_get(bench, "tainted"), *one;
    size_t i;
    json_array_foreach(tainted, i, one) {
        if (json_integer_value(one) == (json_int_t)index) return true;
    }
    return false;
}

static bool usable(const json_t *bench, size_t index) {
    const json_t *sample = json_array_get(json_object_get(bench, "samples_ns"), index);
    return json_is_number(sample) && json_number_value(sample) > 0 && !is_tainted(bench, index);
}

static void add_row(conversion *c, const json_t *bench, const char *name, size_t sample, int repetition,
                    int repetitions) {
    double ns = json_number_value(json_array_get(json_object_get(bench, "samples_ns"), sample));
    json_t *row =
        json_pack("{s:s,s:i,s:i,s:s,s:s,s:i,s:i,s:o,s:o,s:f,s:f,s:s}", "name", name, "family_index", c->families,
                  "per_family_instance_index", 0, "run_name", name, "run_type", "iteration", "repetitions", repetitions,
                  "repetition_index", repetition, "threads", number_or(bench, "threads", 1), "iterations",
                  number_or(bench, "iterations", 1), "real_time", ns, "cpu_time", ns, "time_unit", "ns");
    const struct {
        const char *from, *to;
        double scale;
    } rates[] = {{"bytes", "bytes_per_second", 1e9}, {"flops", "FLOPS", 1e9}};
    for (int i = 0; row && i < 2; i++) {
        const json_t *amount = json_object_get(bench, rates[i].from);
        if (json_is_number(amount))
            json_object_set_new(row, rates[i].to, json_real(json_number_value(amount) * rates[i].scale / ns));
    }
    if (row) json_object_set_new(row, "label", text_or_empty(bench, "dtype"));
    json_array_append_new(c->rows, row);
}

static void add_bench(conversion *c, const json_t *bench) {
    const char *name = json_string_value(json_object_get(bench, "name"));
    size_t samples = json_array_size(json_object_get(bench, "samples_ns"));
    int repetitions = 0, repetition = 0;
    for (size_t i = 0; i < samples; i++) repetitions += usable(bench, i);
    for (size_t i = 0; name && i < samples; i++)
        if (usable(bench, i)) add_row(c, bench, name, i, repetition++, repetitions);
    c->families += repetition > 0;
}

static void take_line(conversion *c, const json_t *line) {
    const char *type = json_string_value(json_object_get(line, "type"));
    if (type && strcmp(type, "run") == 0 && !c->context)
        c->context = context_of(line);
    else if (type && strcmp(type, "bench") == 0)
        add_bench(c, line);
}

/* Whole lines; a torn last one is passed over, as SAMPLES.md says. */
static bool read_samples(conversion *c, FILE *in) {
    char *text = NULL;
    size_t capacity = 0, lines = 0, bad = 0;
    for (ssize_t n; (n = getline(&text, &capacity, in)) > 0;) {
        if (text[n - 1] != '\n' || n > MAX_LINE) continue;
        json_t *line = json_loadb(text, (size_t)n, JSON_REJECT_DUPLICATES, NULL);
        lines++;
        bad += !line;
        take_line(c, line);
        json_decref(line);
    }
    free(text);
    return c->context && bad < lines && !ferror(in);
}

static FILE *open_samples(const char *path, char *error, size_t size) {
    struct stat st;
    if (stat(path, &st) != 0)
        files_error(error, size, "cannot read %s: %s", path, strerror(errno));
    else if (!S_ISREG(st.st_mode))
        files_error(error, size, "%s is not a regular file", path);
    else {
        FILE *in = fopen(path, "re");
        if (!in) files_error(error, size, "cannot read %s: %s", path, strerror(errno));
        return in;
    }
    return NULL;
}

bool export_gbench(const char *samples_path, FILE *out, char *error, size_t size) {
    FILE *in = open_samples(samples_path, error, size);
    if (!in) return false;
    conversion c = {.rows = json_array()};
    bool ok = c.rows != NULL;
    if (ok && !read_samples(&c, in))
        ok = files_error(error, size, "%s is not a sample file: it has no \"run\" line", samples_path);
    else if (ok && json_array_size(c.rows) == 0)
        ok = files_error(error, size, "%s holds no bench samples", samples_path);
    json_t *root = ok ? json_pack("{s:O,s:O}", "context", c.context, "benchmarks", c.rows) : NULL;
    ok = root && json_dumpf(root, out, JSON_INDENT(2)) == 0 && fputc('\n', out) != EOF;
    json_decref(root);
    json_decref(c.context);
    json_decref(c.rows);
    fclose(in);
    return ok;
}
