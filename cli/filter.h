/* filter.h: --filter REGEX; a leading '-' keeps what does not match. */
#ifndef CLI_FILTER_H
#define CLI_FILTER_H

#include "parse.h"

typedef struct filter filter;
bool filter_new(filter **out, const char *text, problem *);
bool filter_keeps(const filter *, const char *name); /* NULL keeps everything */
void filter_free(filter *);

#endif
