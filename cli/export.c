/* export.c: `motbench export`: the tuned configuration, or samples, for another project. */
#include "export.h"
#include "outputs.h"
#include "tune.h"
#include "verb.h"

typedef struct source {
    const char *path;
    char error[512];
} source;

static bool write_export(const void *data, const char *format, FILE *file, bool colours) {
    source *s = (source *)data;
    (void)colours;
    return export_write(format, s->path, file, s->error, sizeof s->error);
}

/* A trial run, so that a bad input is told from trouble with the output. */
static bool is_exportable(source *s, const char *format) {
    FILE *nowhere = fopen("/dev/null", "we");
    bool ok = nowhere && write_export(s, format, nowhere, false);
    if (nowhere) fclose(nowhere);
    return ok;
}

static int check_source(const options *o, source *s, const outputs *out) {
    bool ok = out->quiet || is_exportable(s, o->format);
    for (int i = 0; ok && i < out->count; i++) ok = is_exportable(s, out->file[i].format);
    return ok ? EXIT_OK : verb_fail(o, EXIT_USAGE, "%s", s->error[0] ? s->error : "/dev/null cannot be opened");
}

static int run_export(options *o) {
    char standard[4096];
    source s = {.path = o->args ? o->arg[0] : standard};
    outputs out;
    if (!o->args && !tune_default_path(standard, sizeof standard))
        return verb_fail(o, EXIT_USAGE, "no home folder to find the profile in: name it");
    int code = outputs_open(&out, o, OUTPUT_DOCUMENT);
    if (code) return code;
    code = check_source(o, &s, &out);
    return outputs_finish(&out, code ? NULL : write_export, &s, true, code);
}

const verb verb_export = {
    .name = "export",
    .summary = "the tuned configuration for another project",
    .doc = "Turns a profile (default: this machine's) into a C header, JSON or CSV, or a sample file into Google "
           "Benchmark's "
           "JSON (--format gbench).",
    .args = "[PROFILE.json|SAMPLES.jsonl]",
    .most_args = 1,
    .flags = FLAGS_OUTPUT,
    .formats = "json c-header csv gbench",
    .outputs = "write FILE instead of stdout, in --format or that of its extension (.h .json .csv)",
    .run = run_export,
};
