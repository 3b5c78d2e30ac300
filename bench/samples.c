/* samples.c: the writer of sample files (SAMPLES.md): a line is flushed before the next one is made. */
#include "samples_internal.h"

#include "cuda_device.h"
#include "gbench.h"
#include "machine.h"
#include "samples_build.h"
#include "shape.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct samples_writer {
    FILE *file;
    bool failed;
    char error[256]; /* the first one */
    char path[];
};

/* ---- values ---- */

json_t *samples_text(const char *text) {
    json_t *value = json_string(text);
    if (value || !text) return value ? value : json_null();
    char *clean = strdup(text);
    for (char *c = clean; clean && *c; c++)
        if (*c & 0x80) *c = '?';
    value = json_string(clean);
    free(clean);
    return value;
}

json_t *samples_number(double v) { return isfinite(v) ? json_real(v) : json_null(); }

json_t *samples_shape(const mot_shape *s) {
    char text[SHAPE_TEXT];
    shape_print(text, s);
    return json_string(text);
}

json_t *samples_dims(const mot_shape *s) {
    return json_pack("{s:I,s:I,s:I,s:I,s:I}", "g", (json_int_t)s->groups, "t", (json_int_t)s->group_size, "e",
                     (json_int_t)s->experts, "d", (json_int_t)s->d_model, "h", (json_int_t)s->d_expert);
}

/* ---- lines ---- */

static bool fail(samples_writer *w, const char *what) {
    if (!w->failed) snprintf(w->error, sizeof w->error, "%.200s: %s", w->path, what);
    w->failed = true;
    return false;
}

bool samples_line(samples_writer *w, json_t *line) {
    char *text = line && !w->failed ? json_dumps(line, JSON_COMPACT | JSON_REAL_PRECISION(10)) : NULL;
    json_decref(line);
    if (w->failed) return false;
    if (!text) return fail(w, "out of memory");
    errno = 0;
    const bool ok = fputs(text, w->file) >= 0 && fputc('\n', w->file) != EOF && fflush(w->file) == 0;
    free(text);
    return ok || fail(w, strerror(errno));
}

const char *samples_error(const samples_writer *w) { return w && w->failed ? w->error : NULL; }

/* ---- run ---- */

static json_t *arguments(int argc, char **argv) {
    json_t *list = json_array();
    for (int i = 0; i < argc; i++) json_array_append_new(list, samples_text(argv[i]));
    return list;
}

static json_t *now_utc(void) {
    char text[32];
    const time_t now = time(NULL);
    struct tm utc;
    gmtime_r(&now, &utc);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
    return json_string(text);
}

static json_t *or_null(json_t *value) { return value ? value : json_null(); }

/* What machine.h knows, and those that only this library is linked with. */
static json_t *libraries(void) {
    json_t *all = machine_libraries();
    if (!all) return json_null();
    if (gbench_version()) json_object_set_new(all, "benchmark", samples_text(gbench_version()));
    for (size_t i = 0; i < peer_count(); i++)
        json_object_set_new(all, peer_at(i)->library, samples_text(peer_at(i)->version()));
    return all;
}

static json_t *run_line(int argc, char **argv, uint64_t seed) {
    json_t *line = json_pack("{s:s,s:i,s:o,s:o,s:s,s:s,s:b,s:s,s:s,s:I}", "type", "run", "schema", 1, "argv",
                             arguments(argc, argv), "time", now_utc(), "version", mot_version_string(), "revision",
                             SAMPLES_REVISION, "dirty", SAMPLES_DIRTY, "compiler", SAMPLES_COMPILER, "flags",
                             SAMPLES_FLAGS, "seed", (json_int_t)seed);
    json_object_set_new(line, "host", or_null(machine_host()));
    json_object_set_new(line, "gpu", or_null(machine_gpu()));
    json_object_set_new(line, "timer", or_null(machine_timer()));
    json_object_set_new(line, "counters", or_null(machine_counters()));
    json_object_set_new(line, "libraries", libraries());
    json_object_set_new(line, "doctor", or_null(machine_doctor()));
    return line;
}

bool samples_open(samples_writer **out, const char *path, int argc, char **argv, uint64_t seed, char *error,
                  size_t size) {
    const size_t length = strlen(path) + 1;
    samples_writer *w = calloc(1, sizeof *w + length);
    *out = NULL;
    if (!w) {
        snprintf(error, size, "out of memory");
        return false;
    }
    memcpy(w->path, path, length);
    errno = 0;
    w->file = strcmp(path, "-") == 0 ? stdout : fopen(path, "we");
    if (!w->file)
        fail(w, strerror(errno));
    else
        samples_line(w, run_line(argc, argv, seed));
    if (!w->failed) {
        *out = w;
        return true;
    }
    snprintf(error, size, "%s", w->error);
    if (w->file && w->file != stdout) fclose(w->file);
    free(w);
    return false;
}

/* ---- the short lines ---- */

/* What a record of a pass rests on: which source the kernel was made from. */
static void add_source(json_t *line, const char *choice) {
    mot_choice c;
    const mot_cuda_variant *v = mot_choice_parse(&c, choice, candidate_find) ? candidate_cuda(c.variant) : NULL;
    if (v) json_object_set_new(line, "source", json_string(v->source));
}

bool samples_check(samples_writer *w, const char *choice, const mot_shape *s, mot_stage stage, const check_result *r) {
    if (!w) return true;
    json_t *line = json_pack(
        "{s:s,s:o,s:s,s:o,s:I,s:s,s:o,s:o,s:o,s:o,s:I}", "type", "check", "choice", samples_text(choice), "stage",
        mot_stage_name(stage), "shape", samples_shape(s), "seed", (json_int_t)r->seed, "verdict",
        verdict_name(r->verdict), "reason", samples_text(r->reason), "fraction", samples_number(r->fraction), "z_rms",
        samples_number(r->z_rms), "z_max", samples_number(r->z_max), "compared", (json_int_t)r->compared);
    add_source(line, choice);
    return samples_line(w, line);
}

bool samples_ceiling(samples_writer *w, const ceiling *c) {
    if (!w) return true;
    json_t *rates = json_array();
    for (int i = 0; i < CEILING_ROUNDS; i++) json_array_append_new(rates, samples_number(c->rate[i]));
    return samples_line(w, json_pack("{s:s,s:s,s:s,s:i,s:o,s:o,s:o,s:I,s:o}", "type", "ceiling", "name", c->name,
                                     "unit", c->unit, "threads", c->threads, "median", samples_number(c->median), "low",
                                     samples_number(c->low), "high", samples_number(c->high), "bytes",
                                     (json_int_t)c->bytes, "rates", rates));
}

bool samples_tune(samples_writer *w, mot_stage stage, const mot_shape *s, mot_dtype dtype, int threads,
                  const char *default_choice, const char *winner, double default_ns, double winner_ns, const ratio *r,
                  int evaluations, bool kept) {
    if (!w) return true;
    return samples_line(w, json_pack("{s:s,s:s,s:s,s:o,s:o,s:i,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:i,s:b}", "type", "tune",
                                     "stage", mot_stage_name(stage), "dtype", mot_dtype_name(dtype), "shape",
                                     samples_shape(s), "dims", samples_dims(s), "threads", threads, "default",
                                     samples_text(default_choice), "winner", samples_text(winner), "default_ns",
                                     samples_number(default_ns), "winner_ns", samples_number(winner_ns), "speedup",
                                     samples_number(r->median), "speedup_low", samples_number(r->low), "speedup_high",
                                     samples_number(r->high), "evaluations", evaluations, "kept", kept));
}

/* A pipe or a terminal cannot be synced and need not be. */
static bool sync_file(FILE *f) {
    struct stat st;
    const int fd = fileno(f);
    return fstat(fd, &st) == 0 && (!S_ISREG(st.st_mode) || fsync(fd) == 0);
}

bool samples_close(samples_writer *w, bool complete, int exit_code) {
    if (!w) return true;
    samples_line(w, json_pack("{s:s,s:b,s:i}", "type", "end", "complete", complete, "exit", exit_code));
    bool ok = sync_file(w->file);
    if (w->file != stdout) ok = fclose(w->file) == 0 && ok;
    ok = ok && !w->failed;
    free(w);
    return ok;
}
