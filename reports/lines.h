/* lines.h: one parsed line of a sample file -> one record. */
#ifndef REPORTS_LINES_H
#define REPORTS_LINES_H

#include "fields.h"
#include "records.h"

/* "run": the process; its machine goes to records.machine if it is the first. False: another machine or schema, and
 * `error` says which. */
bool line_run(records *, store *, const char *path, const json_t *line, char *error, size_t error_size);
/* Any other type; unknown ones are ignored. */
void line_other(records *, store *, const json_t *line);

#endif
