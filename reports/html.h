/* html.h: the page is written through html(), which escapes every text, so that no writer can forget to. */
#ifndef REPORTS_HTML_H
#define REPORTS_HTML_H

#include "label.h"
#include "model.h"

#include <stdio.h>

/* printf with %s (escaped), %d, %zu, %f (at most one decimal) and %%; the format itself is markup. */
void html(FILE *, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Opens and closes a section of the page; note is a sentence under its heading. */
void html_section(FILE *, const char *id, const char *heading, const char *note);
void html_section_end(FILE *);
/* "layer_avx512" as a person says it, for labels; and the style class that a contestant has in every picture. */
const char *html_short_name(const bench_record *);
const char *html_class(const bench_record *);
const char *html_stage_class(const char *stage);
void html_conditions(FILE *, const table *); /* "2 threads · cold-weights · f32" */
/* "1.14× [1.12, 1.16]"; a dash without a base, "base" for the base itself. */
void html_ratio_cell(FILE *, interval, const char *own_name, const char *base_name, bool with_interval);
void html_percent_cell(FILE *, double percent); /* with a bar */

/* The sections, in the order of the page; each prints nothing if it has nothing to say. */
void html_verdict(const model *, FILE *);
void html_glance(const model *, FILE *);
void html_machine(const model *, FILE *);
void html_roofline(const model *, FILE *);
void html_tables(const model *, FILE *);
void html_sweeps(const model *, FILE *);
void html_grains(const model *, FILE *);
void html_layers(const model *, FILE *);
void html_samples(const model *, FILE *);
void html_scaling(const model *, FILE *);
void html_tuning(const model *, FILE *);
void html_accuracy(const model *, FILE *);
void html_skipped(const model *, FILE *);

#endif
