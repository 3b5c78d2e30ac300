/* shape_preset.c: presets and shape files; a preset is the text of a shape file. */
#include "shape_internal.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Sizes of the published configurations (design: layer.md) with G cut down from the full batch, so that one layer is
 * about 10 GFLOP. "paper" starts with the headline configuration Medium/32E/1. */
static const struct preset {
    const char *name, *text;
} presets[] = {
    {"smoke", "g4t4e4d32h64\n"
              "g3t5e7d33h65\n"
              "g8t8e8d64h256\n"
              "g1t32e8d64h128\n"},
    {"ci", "g16t8e8d256h1024\n"
           "g8t32e32d256h256\n"
           "g16t32e64d128h64\n"
           "g1,4t32e32d256h1024\n"
           "g5t7e13d255h129\n"},
    {"paper", "g64t32e32d512h2048   # Medium/32E/1\n"
              "g256t8e8d512h2048    # Medium/8E\n"
              "g64t32e256d512h256   # Medium/32E/8 and the public checkpoint\n"
              "g64t32e512d512h128   # Medium/32E/16\n"
              "g64t32e1024d512h64   # Medium/32E/32\n"
              "g16t128e128d512h2048 # Medium/128E\n"
              "g32t32e32d768h3072   # Base/32E/1\n"
              "g32t32e512d768h192   # Base/32E/16\n"
              "g16t64e1024d768h192  # Base/64E/16\n"
              "g128t32e512d256h64   # v1 mini\n"},
    {"decode", "g1,4t32e32d512h2048\n"
               "g1,4t32e256d512h256\n"
               "g1,4t8e8d512h2048\n"
               "g1,4t32e32d768h3072\n"
               "g1,4t32e512d768h192\n"},
    /* 2048 tokens each, E = T: the same FLOPs whatever the group size; T = 1 is the dense FFN. */
    {"sweep-group", "g2048t1e1d512h2048\n"
                    "g1024t2e2d512h2048\n"
                    "g512t4e4d512h2048\n"
                    "g256t8e8d512h2048\n"
                    "g128t16e16d512h2048\n"
                    "g64t32e32d512h2048\n"
                    "g32t64e64d512h2048\n"
                    "g16t128e128d512h2048\n"},
    {"sweep-experts", "g64t32e4:128:*2d512h2048\n"},
    /* E*H constant: the same expert FLOPs and weights in ever smaller experts. */
    {"sweep-granularity", "g64t32e32d512h2048\n"
                          "g64t32e64d512h1024\n"
                          "g64t32e128d512h512\n"
                          "g64t32e256d512h256\n"
                          "g64t32e512d512h128\n"
                          "g64t32e1024d512h64\n"},
    /* Powers of two, the odd sizes beside them, and what lies between: where a kernel may fall off a cliff. */
    {"sweep-groups", "g1,2,4,8,16,32,64t32e32d512h1024\n"},
    {"sweep-width", "g32t32e32d256,320,384,448,496,512,528,576,640,768,1000,1024,1048h1024\n"},
    {"sweep-hidden", "g32t32e32d512h256,384,496,512,528,768,1000,1024,1048,1536,2000,2048,2096\n"},
    {"cpu9", "g64t32e32d512h2048\n"
             "g64t32e128d512h512\n"
             "g32t32e32d768h3072\n"
             "g1,4t32e32d768h3072\n"
             "g256t8e8d256h1024\n"
             "g1024t2e2d512h2048\n"
             "g256t8e8d512h2048\n"
             "g16t128e128d512h2048\n"},
    {"full", "ci\npaper\ndecode\nsweep-group\nsweep-experts\nsweep-granularity\nsweep-groups\n"
             "sweep-width\nsweep-hidden\ncpu9\n"},
};
enum { PRESETS = sizeof presets / sizeof *presets };

const char *shape_preset_name(size_t index) { return index < PRESETS ? presets[index].name : NULL; }

typedef struct reader {
    shape_list *list;
    int nesting, lines; /* lines: those that name something */
    size_t bytes_left;  /* of all nested files together */
    char *error;
    size_t error_size;
} reader;

static bool read_source(reader *, const char *name, const char *folder_of);

static const char *find_preset(const char *name) {
    for (size_t i = 0; i < PRESETS; i++)
        if (!strcmp(presets[i].name, name)) return presets[i].text;
    return NULL;
}

/* Cuts the comment and the blanks around; returns the first character that is left. */
static char *trim(char *line) {
    line[strcspn(line, "#")] = '\0';
    while (isspace((unsigned char)*line)) line++;
    for (size_t n = strlen(line); n > 0 && isspace((unsigned char)line[n - 1]); n--) line[n - 1] = '\0';
    return line;
}

/* Puts "FILE line N: " before an error of a nested text. */
static bool locate(reader *r, const char *source, int number) {
    char inner[512];
    snprintf(inner, sizeof inner, "%s", r->error);
    return shape_fail(r->error, r->error_size, "%.120s line %d: %s", source, number, inner);
}

static bool read_line(reader *r, const char *source, char *line, int number) {
    char *text = trim(line);
    if (!*text) return true;
    r->lines++;
    bool is_shape = text[0] == 'g' && isdigit((unsigned char)text[1]);
    bool ok = is_shape ? shape_parse(r->list, text, r->error, r->error_size) : read_source(r, text, source);
    return ok || locate(r, source, number);
}

static bool read_text(reader *r, const char *source, char *text) {
    int number = 1;
    for (char *line = text, *next; line; line = next, number++) {
        if ((next = strchr(line, '\n'))) *next++ = '\0';
        if (!read_line(r, source, line, number)) return false;
    }
    return true;
}

/* A name inside a file is relative to that file's folder. NULL: out of memory. */
static char *resolve(const char *name, const char *folder_of) {
    const char *slash = folder_of ? strrchr(folder_of, '/') : NULL;
    int folder = slash && name[0] != '/' ? (int)(slash - folder_of) + 1 : 0;
    char *path = NULL;
    return asprintf(&path, "%.*s%s", folder, folder ? folder_of : "", name) < 0 ? NULL : path;
}

static bool read_file(reader *r, const char *name, const char *folder_of) {
    size_t size = 0;
    char *path = resolve(name, folder_of);
    char *text = path ? shape_read_file(path, r->bytes_left, &size, r->error, r->error_size) : NULL;
    if (!path) shape_fail(r->error, r->error_size, "out of memory");
    bool ok = text != NULL;
    if (ok) {
        r->bytes_left -= size < r->bytes_left ? size + 1 : size; /* an empty file costs too, so that nesting ends */
        ok = read_text(r, path, text);
    }
    free(text);
    free(path);
    return ok;
}

static bool unknown(reader *r, const char *name) {
    char names[256] = "";
    for (size_t i = 0, n = 0; i < PRESETS; i++)
        n += (size_t)snprintf(names + n, sizeof names - n, " %s", presets[i].name);
    return shape_fail(r->error, r->error_size, "'%.100s' is neither a preset nor a file; presets:%s drawn:SEED", name,
                      names);
}

static bool read_preset(reader *r, const char *name, const char *text) {
    char *copy = strdup(text);
    if (!copy) return shape_fail(r->error, r->error_size, "out of memory");
    bool ok = read_text(r, name, copy);
    free(copy);
    return ok;
}

static bool exists(const char *name, const char *folder_of) {
    char *path = resolve(name, folder_of);
    bool found = path && access(path, F_OK) == 0;
    free(path);
    return found;
}

static bool read_drawn(reader *r, const char *name) {
    r->lines++;
    return shape_draw(r->list, name, r->error, r->error_size);
}

static bool read_source(reader *r, const char *name, const char *folder_of) {
    if (shape_is_drawn(name)) return read_drawn(r, name);
    const char *preset = find_preset(name);
    if (r->nesting == SHAPE_NESTING_MAX)
        return shape_fail(r->error, r->error_size, "'%.100s' is nested more than %d deep", name, SHAPE_NESTING_MAX);
    if (!preset && !exists(name, folder_of)) return unknown(r, name);
    r->nesting++;
    bool ok = preset ? read_preset(r, name, preset) : read_file(r, name, folder_of);
    r->nesting--;
    return ok;
}

bool shape_preset(shape_list *list, const char *name_or_file, char *error, size_t error_size) {
    reader r = {list, 0, 0, SHAPE_FILE_MAX, error, error_size};
    size_t before = list->count;
    if (read_source(&r, name_or_file, NULL)) {
        if (r.lines) return true;
        shape_fail(error, error_size, "'%.100s' names no shape: one a line, like g64t32e32d512h2048", name_or_file);
    }
    shape_truncate(list, before);
    return false;
}
