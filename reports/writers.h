/* writers.h: one function per format; trouble with the stream is left in ferror. */
#ifndef REPORTS_WRITERS_H
#define REPORTS_WRITERS_H

#include "model.h"

#include <stdio.h>

void write_html(const model *, FILE *);
void write_markdown(const model *, FILE *);
void write_csv(const model *, FILE *);
void write_json(const model *, FILE *); /* has no '<', '>' or '&': fit for a script element */
void write_text(const model *, FILE *);

#endif
