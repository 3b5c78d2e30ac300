/* samples_internal.h: between the files of the sample writer. */
#ifndef BENCH_SAMPLES_INTERNAL_H
#define BENCH_SAMPLES_INTERNAL_H

#include "samples.h"

#include <jansson.h>

/* Writes one line and flushes it; takes the reference. False: this or an earlier write failed. */
bool samples_line(samples_writer *, json_t *line);
json_t *samples_text(const char *);       /* any bytes: what is no UTF-8 becomes '?' */
json_t *samples_number(double);           /* null unless finite */
json_t *samples_shape(const mot_shape *); /* "g64t32…" */
json_t *samples_dims(const mot_shape *);  /* {g,t,e,d,h} */

#endif
