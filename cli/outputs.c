/* outputs.c: see outputs.h. */
#include "outputs.h"
#include "verb.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const extensions = ".json, .jsonl, .csv, .md, .txt, .html, .xml or .h";

const char *output_format_of(const char *path) {
    static const char *const known[][2] = {{".json", "json"}, {".jsonl", "jsonl"}, {".csv", "csv"},
                                           {".md", "md"},     {".txt", "text"},    {".html", "html"},
                                           {".xml", "junit"}, {".h", "c-header"}};
    const char *dot = strrchr(path, '.');
    for (size_t i = 0; dot && i < sizeof known / sizeof *known; i++)
        if (!strcmp(dot, known[i][0])) return known[i][1];
    return NULL;
}

static bool offers(const verb *v, const char *format) {
    size_t n = strlen(format);
    for (const char *at = v->formats; (at = strstr(at, format)); at += n)
        if ((at == v->formats || at[-1] == ' ') && (at[n] == ' ' || !at[n])) return true;
    return false;
}

static int cannot_write(const outputs *o, const char *path) {
    return verb_fail(o->options, EXIT_ENVIRONMENT, "cannot write '%.200s': %s", path, strerror(errno));
}

/* Devices are written in place, everything else beside its name until it is whole. */
static int open_file(outputs *o, const char *path, const char *format) {
    struct stat st;
    output_file *f = &o->file[o->count];
    bool there = stat(path, &st) == 0;
    *f = (output_file){.path = path, .format = format};
    if (there && S_ISDIR(st.st_mode)) {
        errno = EISDIR;
        return cannot_write(o, path);
    }
    if (there && access(path, W_OK) != 0) return cannot_write(o, path);
    if ((!there || S_ISREG(st.st_mode)) && asprintf(&f->temporary, "%s.%ld.partial", path, (long)getpid()) < 0)
        f->temporary = NULL;
    f->file = fopen(f->temporary ? f->temporary : path, "we");
    if (f->file) {
        o->count++;
        return EXIT_OK;
    }
    int code = cannot_write(o, path);
    free(f->temporary);
    *f = (output_file){0};
    return code;
}

static int open_samples(outputs *o, const char *path) {
    char error[256];
    if (o->samples)
        return verb_fail(o->options, EXIT_USAGE, "--out '%.200s': there is a sample file already; tables end in %s",
                         path, extensions);
    o->quiet = !strcmp(path, "-");
    if (samples_open(&o->samples, path, o->options->argc, o->options->argv, o->options->seed, error, sizeof error))
        return EXIT_OK;
    return verb_fail(o->options, EXIT_ENVIRONMENT, "--out '%.200s': %s", path, error);
}

static int open_one(outputs *o, const char *path, output_kind kind) {
    const options *options = o->options;
    const char *format = output_format_of(path);
    if (kind == OUTPUT_SAMPLES && (!format || !strcmp(format, "jsonl"))) return open_samples(o, path);
    if (!format || (kind == OUTPUT_DOCUMENT && options_seen(options, FLAG_FORMAT))) format = options->format;
    if (!offers(options->verb, format))
        return verb_fail(options, EXIT_USAGE, "--out '%.200s': %s writes %s", path, options->verb->name,
                         options->verb->formats);
    return open_file(o, path, format);
}

static void drop(output_file *f) {
    if (f->file) fclose(f->file);
    if (f->temporary) unlink(f->temporary);
    free(f->temporary);
    *f = (output_file){0};
}

static void drop_all(outputs *o) {
    for (int i = 0; i < o->count; i++) drop(&o->file[i]);
    o->count = 0;
}

int outputs_open(outputs *o, const options *options, output_kind kind) {
    *o = (outputs){.options = options};
    o->quiet = kind == OUTPUT_DOCUMENT && options->outs > 0;
    for (int i = 0; i < options->outs; i++) {
        int code = open_one(o, options->out[i], kind);
        if (code == EXIT_OK) continue;
        drop_all(o);
        (void)samples_close(o->samples, false, code); /* the trouble is reported already */
        return code;
    }
    return EXIT_OK;
}

/* Every step that can lose data is checked; the old file stays unless all went well. */
static bool finish_file(output_file *f, output_writer write, const void *data) {
    bool ok = write(data, f->format, f->file, false) && fflush(f->file) == 0;
    ok = ok && (fsync(fileno(f->file)) == 0 || errno == EINVAL || errno == EROFS);
    int keep = errno;
    bool closed = fclose(f->file) == 0;
    f->file = NULL;
    if (!ok) errno = keep;
    ok = ok && closed && (!f->temporary || rename(f->temporary, f->path) == 0);
    if (ok) free(f->temporary);
    if (ok) f->temporary = NULL;
    return ok;
}

int outputs_finish(outputs *o, output_writer write, const void *data, bool complete, int code) {
    if (write && !o->quiet && !write(data, o->options->format, stdout, table_wants_colours(stdout)))
        code = cannot_write(o, "(standard output)");
    for (int i = 0; write && i < o->count; i++)
        if (!finish_file(&o->file[i], write, data)) code = cannot_write(o, o->file[i].path);
    drop_all(o);
    if (!samples_close(o->samples, complete, code)) code = cannot_write(o, "(the sample file)");
    o->samples = NULL;
    return code;
}
