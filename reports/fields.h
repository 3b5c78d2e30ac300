/* fields.h: JSON values as the clean text and finite numbers of records.h. The only file that includes jansson. */
#ifndef REPORTS_FIELDS_H
#define REPORTS_FIELDS_H

#include "store.h"

#include <jansson.h>
#include <stdbool.h>

/* Parses one line of any bytes; invalid UTF-8 becomes U+FFFD first. NULL if it is no JSON object. */
json_t *field_object(const char *line, size_t length);
/* Text, number or boolean as text; else "". Control and bidi characters become U+FFFD; at most 2000 bytes. */
const char *field_text(store *, const json_t *object, const char *key);
const char *field_clean(store *, const char *text);
const char *field_value_text(store *, const json_t *value);
/* The items of an array (or one text) joined by `between`. */
const char *field_join(store *, const json_t *object, const char *key, const char *between);
/* The data type; f32 where nothing is said, as in old files. */
const char *field_dtype(store *, const json_t *object);
double field_number(const json_t *object, const char *key);   /* NaN if it is no number */
double field_positive(const json_t *object, const char *key); /* NaN if it is not above 0 */
bool field_true(const json_t *object, const char *key);

#endif
