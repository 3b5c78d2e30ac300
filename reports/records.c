#include "records.h"
#include "lines.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { SAMPLES_MAX = 1 << 28, PROFILE_MAX = 1 << 24 };

static bool refuse(char *error, size_t size, const char *path, const char *what) {
    snprintf(error, size, "%s: %s", path, what);
    return false;
}

/* The whole file; NULL and `error` if it cannot be read. */
static char *slurp(const char *path, size_t most, size_t *length, char *error, size_t size) {
    struct stat st;
    if (stat(path, &st) != 0) return refuse(error, size, path, strerror(errno)), NULL;
    if (!S_ISREG(st.st_mode)) return refuse(error, size, path, "no regular file"), NULL;
    if ((size_t)st.st_size > most) return refuse(error, size, path, "too large for a file of this kind"), NULL;
    FILE *f = fopen(path, "rb");
    if (!f) return refuse(error, size, path, strerror(errno)), NULL;
    char *text = malloc((size_t)st.st_size + 1);
    if (text) *length = fread(text, 1, (size_t)st.st_size, f);
    if (!text || ferror(f)) {
        refuse(error, size, path, text ? strerror(errno) : "out of memory");
        free(text);
        text = NULL;
    }
    fclose(f);
    return text;
}

/* One line of a sample file; `first_run` is the number of runs before this file. */
static bool read_line(records *out, store *s, const char *path, size_t first_run, const char *line, size_t length,
                      bool last, char *error, size_t size) {
    while (length && strchr(" \t\r", line[length - 1])) length--;
    if (!length) return true;
    json_t *object = field_object(line, length);
    bool in_run = out->run_count > first_run;
    bool good = true;
    if (!object) {
        if (in_run && !last) out->runs[out->run_count - 1].unreadable++; /* a torn last line is normal after a crash */
    } else if (strcmp(field_text(s, object, "type"), "run") == 0) {
        char why[400] = "";
        good = line_run(out, s, path, object, why, sizeof why) || refuse(error, size, path, why);
    } else if (in_run) {
        line_other(out, s, object);
    }
    json_decref(object);
    return good;
}

bool records_read(records *out, store *s, const char *path, char *error, size_t size) {
    size_t length = 0, first_run = out->run_count;
    char *text = slurp(path, SAMPLES_MAX, &length, error, size);
    if (!text) return false;
    bool good = true;
    for (char *line = text, *end = text + length; good && line < end;) {
        char *stop = memchr(line, '\n', (size_t)(end - line));
        size_t n = (size_t)((stop ? stop : end) - line);
        good = read_line(out, s, path, first_run, line, n, !stop, error, size);
        line += n + 1;
    }
    free(text);
    if (good && out->run_count == first_run)
        return refuse(error, size, path, "no run line, so it is no sample file; motbench bench and check write them");
    return good;
}

static void read_entry(records *out, store *s, const json_t *entry) {
    const json_t *dims = json_object_get(entry, "dims"), *evidence = json_object_get(entry, "evidence");
    tune_record *t = store_push(s, &out->profile, &out->profile_count, sizeof *t);
    t->stage = field_text(s, entry, "stage");
    t->shape = store_print(s, "g%.0ft%.0fe%.0fd%.0fh%.0f", field_number(dims, "g"), field_number(dims, "t"),
                           field_number(dims, "e"), field_number(dims, "d"), field_number(dims, "h"));
    t->dtype = field_dtype(s, entry);
    t->threads = (int)fmax(1, fmin(1024, field_number(entry, "threads")));
    t->winner = field_join(s, entry, "choices", " + ");
    t->usual = field_join(s, evidence, "default", " + ");
    t->usual_ns = field_positive(evidence, "default_ns");
    t->winner_ns = field_positive(evidence, "median_ns");
    t->evaluations = field_number(evidence, "evaluations");
    t->speedup = (interval){field_positive(evidence, "speedup"), field_positive(evidence, "speedup_low"),
                            field_positive(evidence, "speedup_high")};
    t->kept = true;
}

bool records_read_profile(records *out, store *s, const char *path, char *error, size_t size) {
    size_t length = 0;
    char *text = slurp(path, PROFILE_MAX, &length, error, size);
    if (!text) return false;
    json_t *profile = field_object(text, length);
    free(text);
    const json_t *entries = json_object_get(profile, "entries");
    const char *machine = field_text(s, profile, "machine");
    bool good = true;
    if (!json_is_array(entries))
        good = refuse(error, size, path, "no machine profile; motbench tune writes them");
    else if (*machine && *out->machine.fingerprint && strcmp(machine, out->machine.fingerprint) != 0)
        good = refuse(error, size, path, "the profile of another machine than the samples are from");
    for (size_t i = 0; good && i < json_array_size(entries); i++) read_entry(out, s, json_array_get(entries, i));
    out->profile_path = field_clean(s, path);
    json_decref(profile);
    return good;
}
