/* emit.h: a JSON writer whose output is also safe inside a script element. */
#ifndef REPORTS_EMIT_H
#define REPORTS_EMIT_H

#include "records.h"

#include <stdio.h>

typedef struct emitter {
    FILE *out;
    bool comma; /* something stands before at this level */
} emitter;

/* key NULL: an item of an array (or the root). */
void emit_open(emitter *, const char *key, char bracket);
void emit_close(emitter *, char bracket);
void emit_text(emitter *, const char *key, const char *text);
void emit_number(emitter *, const char *key, double value); /* null if it is not finite */
void emit_bool(emitter *, const char *key, bool value);
void emit_interval(emitter *, const char *key, interval); /* [value, low, high], null if there is no value */

#endif
