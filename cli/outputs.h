/* outputs.h: where results go: stdout in --format, each --out file by its extension, and the sample file. Everything is
 * opened before the work starts; a file appears under its name only when it is whole. */
#ifndef CLI_OUTPUTS_H
#define CLI_OUTPUTS_H

#include "options.h"
#include "samples.h"
#include "table.h"

typedef struct output_file {
    const char *path, *format;
    char *temporary; /* NULL: written in place (a device) */
    FILE *file;
} output_file;

typedef struct outputs {
    const options *options;
    bool quiet;              /* stdout is taken by the sample file */
    samples_writer *samples; /* may be NULL, a valid writer */
    int count;
    output_file file[MAX_OUTS];
} outputs;

/* Writes one document in `format`. False: writing failed. */
typedef bool (*output_writer)(const void *data, const char *format, FILE *, bool colours);

typedef enum output_kind {
    OUTPUT_TABLE,   /* each file in the format of its extension, else in --format */
    OUTPUT_SAMPLES, /* the same, but *.jsonl and unknown extensions are sample files */
    OUTPUT_DOCUMENT /* --format, where it is given, goes before extensions; files are written instead of stdout */
} output_kind;

/* EXIT_OK or the exit code, after a line on stderr. */
int outputs_open(outputs *, const options *, output_kind);
/* Writes the document everywhere, closes all. `code` or, on I/O trouble, EXIT_ENVIRONMENT. writer NULL: no document. */
int outputs_finish(outputs *, output_writer, const void *data, bool complete, int code);

/* "json" for "x.json"; NULL if the extension says nothing. */
const char *output_format_of(const char *path);

#endif
