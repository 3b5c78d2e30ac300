/* report.h: sample files (+ a profile) -> one model -> HTML, Markdown, CSV, JSON. Cannot measure. */
#ifndef REPORTS_REPORT_H
#define REPORTS_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

typedef struct report report;
/* Reads samples (bench/SAMPLES.md). A file of another machine than the first is refused. profile_path may be NULL. */
bool report_load(report **out, const char *const *sample_paths, size_t count, const char *profile_path, char *error,
                 size_t error_size);
/* format: "html", "md", "csv", "json", "text". False on I/O trouble. */
bool report_write(const report *, const char *format, FILE *out);
const char *report_format_name(size_t index); /* NULL past the end */
void report_free(report *);

#endif
