/* export.h: a profile or a sample file as something another project can use. */
#ifndef AUTOTUNE_EXPORT_H
#define AUTOTUNE_EXPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* format: "c-header", "json", "csv" (of a profile), "gbench" (of a sample file). False and error on trouble. */
bool export_write(const char *format, const char *input_path, FILE *out, char *error, size_t error_size);
const char *export_format_name(size_t index); /* NULL past the end */

#endif
