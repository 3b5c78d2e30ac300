/* export.c: formats by name, and a profile taken apart for them. */
#include "export_internal.h"

#include "files.h"
#include "profile_write.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const format_names[] = {"c-header", "json", "csv", "gbench"};
enum { FORMATS = sizeof format_names / sizeof *format_names };
static const char *const cache_names[] = {"cold-weights", "hot", "cold-all"};

const char *export_format_name(size_t index) { return index < FORMATS ? format_names[index] : NULL; }
const char *export_cache_name(int cache) { return cache_names[cache]; }

/* ---- choices --------------------------------------------------------------------------------------------------- */

/* [a-z][a-z0-9_]*, so that it can be part of an identifier. Advances *text past it. */
static bool take_name(const char **text, char name[EXPORT_NAME]) {
    size_t n = 0;
    while (islower((unsigned char)(*text)[n]) || (n && (isdigit((unsigned char)(*text)[n]) || (*text)[n] == '_'))) n++;
    if (n == 0 || n >= EXPORT_NAME) return false;
    memcpy(name, *text, n);
    name[n] = '\0';
    *text += n;
    return true;
}

static bool take_value(const char **text, int *value) {
    char *end;
    errno = 0;
    long number = strtol(*text, &end, 10);
    if (end == *text || errno || number < -1000000000 || number > 1000000000 || isspace((unsigned char)**text))
        return false;
    *text = end;
    *value = (int)number;
    return true;
}

static bool take_step(const char *text, export_step *step) {
    *step = (export_step){.text = text};
    if (!text || !take_name(&text, step->variant)) return false;
    if (*text == '\0') return true;
    do {
        text++; /* '{' first, then ',' */
        export_knob *knob = &step->knob[step->knobs++];
        if (step->knobs > EXPORT_KNOBS || !take_name(&text, knob->name) || *text++ != '=' ||
            !take_value(&text, &knob->value))
            return false;
    } while (*text == ',');
    return strcmp(text, "}") == 0 && strchr(step->text, '{') == step->text + strlen(step->variant);
}

/* ---- entries --------------------------------------------------------------------------------------------------- */

static bool parse_stage(const char *name, mot_stage *out) {
    for (int i = 0; name && i < MOT_STAGE_COUNT; i++)
        if (strcmp(mot_stage_name((mot_stage)i), name) == 0) {
            *out = (mot_stage)i;
            return true;
        }
    return false;
}

static bool parse_cache(const char *name, int *out) {
    for (int i = 0; name && i < 3; i++)
        if (strcmp(cache_names[i], name) == 0) {
            *out = i;
            return true;
        }
    return false;
}

static bool parse_sizes(const json_t *json, export_entry *e) {
    json_int_t g, t, experts, d, h, threads;
    if (json_unpack((json_t *)json, "{s:I,s:{s:I,s:I,s:I,s:I,s:I}}", "threads", &threads, "dims", "g", &g, "t", &t, "e",
                    &experts, "d", &d, "h", &h) != 0)
        return false;
    if (g < 1 || t < 1 || experts < 1 || d < 1 || h < 1 || threads < 0 || threads > 1024) return false;
    e->shape = (mot_shape){(size_t)g, (size_t)t, (size_t)experts, (size_t)d, (size_t)h};
    e->threads = (int)threads;
    return true;
}

/* A GPU's entries are of isa "cuda" and 0 threads. */
static bool parse_isa(const char *name, int threads, mot_isa *out) {
    *out = MOT_ISA_SCALAR;
    return name && (threads ? mot_isa_parse(name, out) : strcmp(name, "cuda") == 0);
}
const char *export_isa_name(const export_entry *e) { return e->threads ? mot_isa_name(e->isa) : "cuda"; }

/* NULL, or the field that is wrong. */
static const char *parse_entry(const json_t *json, export_entry *e) {
    const char *stage = NULL, *dtype = NULL, *isa = NULL, *cache = NULL;
    json_t *choices = json_object_get(json, "choices");
    *e = (export_entry){.json = json};
    if (json_unpack((json_t *)json, "{s?s,s?s,s?s,s?s}", "stage", &stage, "dtype", &dtype, "isa", &isa, "cache",
                    &cache) != 0)
        return "stage, dtype, isa or cache";
    if (!parse_stage(stage, &e->stage)) return "stage";
    if (!dtype || !mot_dtype_parse(dtype, &e->dtype)) return "dtype";
    if (!parse_cache(cache, &e->cache)) return "cache";
    if (!parse_sizes(json, e)) return "threads or dims";
    if (!parse_isa(isa, e->threads, &e->isa)) return "isa";
    if (json_array_size(choices) < 1 || json_array_size(choices) > EXPORT_STEPS) return "choices";
    for (size_t i = 0; i < json_array_size(choices); i++)
        if (!take_step(json_string_value(json_array_get(choices, i)), &e->step[e->steps++])) return "choices";
    return NULL;
}

static int order(unsigned long long a, unsigned long long b) { return (a > b) - (a < b); }

static int compare_entries(const void *left, const void *right) {
    const export_entry *a = left, *b = right;
    int by[] = {order(a->stage, b->stage),
                order(a->dtype, b->dtype),
                order(a->shape.group_size, b->shape.group_size),
                order(a->shape.experts, b->shape.experts),
                order(a->shape.d_model, b->shape.d_model),
                order(a->shape.d_expert, b->shape.d_expert),
                order((unsigned)a->threads, (unsigned)b->threads),
                order(b->isa, a->isa),
                order((unsigned)a->cache, (unsigned)b->cache),
                order(a->shape.groups, b->shape.groups)};
    for (size_t i = 0; i < sizeof by / sizeof *by; i++)
        if (by[i]) return by[i];
    return 0;
}

double export_evidence(const export_entry *e, const char *name) {
    const json_t *value = json_object_get(json_object_get(e->json, "evidence"), name);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

const char *export_evidence_text(const export_entry *e, const char *name) {
    const char *text = json_string_value(json_object_get(json_object_get(e->json, "evidence"), name));
    return text ? text : "";
}

/* ---- profiles -------------------------------------------------------------------------------------------------- */

static bool take_entries(export_profile *p, char *error, size_t size) {
    const json_t *list = json_object_get(p->json, "entries"), *json;
    size_t i;
    p->entries = calloc(json_array_size(list) + 1, sizeof *p->entries);
    if (!p->entries) return files_error(error, size, "out of memory");
    json_array_foreach(list, i, json) {
        const char *wrong = parse_entry(json, &p->entries[p->count]);
        if (wrong)
            return files_error(error, size, "entry %zu of the profile: \"%s\" is missing or malformed", i + 1, wrong);
        p->count++;
    }
    qsort(p->entries, p->count, sizeof *p->entries, compare_entries);
    for (i = 1; i < p->count; i++)
        if (compare_entries(&p->entries[i - 1], &p->entries[i]) == 0)
            return files_error(error, size, "the profile has two entries of one key: %s",
                               mot_stage_name(p->entries[i].stage));
    return true;
}

bool export_load(export_profile *p, const char *path, char *error, size_t size) {
    bool missing;
    *p = (export_profile){.json = profile_read(path, &missing, error, size)};
    if (missing) return files_error(error, size, "there is no profile %s: `motbench tune` makes one", path);
    if (!p->json) return false;
    if (json_unpack(p->json, "{s:s,s:s,s:s}", "machine", &p->machine, "library", &p->library, "kernels", &p->kernels) !=
        0)
        return files_error(error, size, "%s is not a profile: \"machine\", \"library\" and \"kernels\" should be texts",
                           path);
    return take_entries(p, error, size);
}

void export_free(export_profile *p) {
    free(p->entries);
    json_decref(p->json);
}

/* ---- by name --------------------------------------------------------------------------------------------------- */

static bool write_profile(const char *format, const export_profile *p, FILE *out) {
    if (strcmp(format, "c-header") == 0) return export_c_header(p, out);
    if (strcmp(format, "json") == 0) return export_json(p, out);
    return export_csv(p, out);
}

static bool finish(bool ok, FILE *out, char *error, size_t size) {
    if (ok && fflush(out) == 0 && !ferror(out)) return true;
    return error[0] ? false : files_error(error, size, "cannot write the export: %s", strerror(errno));
}

bool export_write(const char *format, const char *input_path, FILE *out, char *error, size_t error_size) {
    export_profile p = {0};
    size_t known = 0;
    error[0] = '\0';
    while (known < FORMATS && strcmp(format, format_names[known]) != 0) known++;
    if (known == FORMATS)
        return files_error(error, error_size, "unknown export format \"%.40s\": c-header, json, csv or gbench", format);
    if (strcmp(format, "gbench") == 0)
        return finish(export_gbench(input_path, out, error, error_size), out, error, error_size);
    bool ok = export_load(&p, input_path, error, error_size) && write_profile(format, &p, out);
    ok = finish(ok, out, error, error_size);
    export_free(&p);
    return ok;
}
