#include "report.h"
#include "model.h"
#include "writers.h"

#include <stdlib.h>
#include <string.h>

struct report {
    store store;
    records records;
    model model;
};

static const struct {
    const char *name;
    void (*write)(const model *, FILE *);
} formats[] = {
    {"html", write_html}, {"md", write_markdown}, {"csv", write_csv}, {"json", write_json}, {"text", write_text},
};
enum { FORMATS = sizeof formats / sizeof *formats };

static bool load(report *r, const char *const *paths, size_t count, const char *profile, char *error, size_t size) {
    if (setjmp(r->store.out_of_memory)) {
        snprintf(error, size, "out of memory");
        return false;
    }
    for (size_t i = 0; i < count; i++)
        if (!records_read(&r->records, &r->store, paths[i], error, size)) return false;
    if (profile && !records_read_profile(&r->records, &r->store, profile, error, size)) return false;
    model_build(&r->model, &r->records, &r->store);
    return true;
}

bool report_load(report **out, const char *const *sample_paths, size_t count, const char *profile_path, char *error,
                 size_t error_size) {
    *out = NULL;
    report *r = count ? calloc(1, sizeof *r) : NULL;
    if (!r) {
        snprintf(error, error_size, count ? "out of memory" : "no sample file was given");
        return false;
    }
    if (load(r, sample_paths, count, profile_path, error, error_size)) {
        *out = r;
        return true;
    }
    report_free(r);
    return false;
}

bool report_write(const report *r, const char *format, FILE *out) {
    for (int i = 0; i < FORMATS; i++) {
        if (strcmp(formats[i].name, format) != 0) continue;
        formats[i].write(&r->model, out);
        return fflush(out) == 0 && !ferror(out);
    }
    return false;
}

const char *report_format_name(size_t index) { return index < FORMATS ? formats[index].name : NULL; }

void report_free(report *r) {
    if (!r) return;
    store_free(&r->store);
    free(r);
}
