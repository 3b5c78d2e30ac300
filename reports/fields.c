#include "fields.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 2000 };
static const char replacement[] = "\xEF\xBF\xBD"; /* U+FFFD */

/* Length of the UTF-8 sequence at s (left bytes remain), its code point in *code; 0 if it is invalid. */
static size_t utf8_length(const unsigned char *s, size_t left, uint32_t *code) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t n = s[0] < 0x80                   ? 1
               : s[0] >= 0xC2 && s[0] < 0xE0 ? 2
               : (s[0] & 0xF0) == 0xE0       ? 3
               : (s[0] & 0xF8) == 0xF0       ? 4
                                             : 0;
    if (n == 0 || n > left) return 0;
    *code = n == 1 ? s[0] : s[0] & (0xFF >> (n + 1));
    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xC0) != 0x80) return 0;
        *code = *code << 6 | (s[i] & 0x3F);
    }
    bool surrogate = *code >= 0xD800 && *code < 0xE000;
    return *code < least[n] || surrogate || *code > 0x10FFFF ? 0 : n;
}

/* Characters that could hide or reorder what a reader sees. */
static bool misleading(uint32_t code) {
    return code < 0x20 || (code >= 0x7F && code < 0xA0) || (code >= 0x200E && code <= 0x200F) ||
           (code & 0xFFFE) == 0xFFFE || (code >= 0x2028 && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069) ||
           code == 0xFEFF;
}

/* Copies text to out (3 bytes of room for each of text's), with bad sequences, and misleading ones if asked, replaced.
 */
static size_t clean(char *out, const char *text, size_t length, bool hide_misleading) {
    size_t used = 0;
    for (size_t i = 0; i < length;) {
        uint32_t code = 0;
        size_t n = utf8_length((const unsigned char *)text + i, length - i, &code);
        bool keep = n && !(hide_misleading && misleading(code));
        memcpy(out + used, keep ? text + i : replacement, keep ? n : 3);
        used += keep ? n : 3;
        i += n ? n : 1;
    }
    return used;
}

json_t *field_object(const char *line, size_t length) {
    char *safe = malloc(3 * length + 1);
    if (!safe) return NULL;
    size_t used = clean(safe, line, length, false);
    json_t *value = json_loadb(safe, used, 0, NULL);
    free(safe);
    if (json_is_object(value)) return value;
    json_decref(value);
    return NULL;
}

const char *field_clean(store *s, const char *text) {
    size_t length = strlen(text);
    bool cut = length > TEXT_MAX;
    if (cut) {
        length = TEXT_MAX;
        while ((text[length] & 0xC0) == 0x80) length--;
    }
    char *copy = store_take(s, 3 * length + 4);
    size_t used = clean(copy, text, length, true);
    if (cut) memcpy(copy + used, "\xE2\x80\xA6", 3);
    return copy;
}

const char *field_value_text(store *s, const json_t *value) {
    if (json_is_string(value)) return field_clean(s, json_string_value(value));
    if (json_is_integer(value)) return store_print(s, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    if (json_is_real(value)) return store_print(s, "%g", json_real_value(value));
    if (json_is_boolean(value)) return json_is_true(value) ? "yes" : "no";
    return "";
}

const char *field_text(store *s, const json_t *object, const char *key) {
    return field_value_text(s, json_object_get(object, key));
}

const char *field_join(store *s, const json_t *object, const char *key, const char *between) {
    const json_t *array = json_object_get(object, key);
    if (!json_is_array(array)) return field_value_text(s, array);
    const char *all = "";
    for (size_t i = 0; i < json_array_size(array) && strlen(all) < TEXT_MAX; i++) {
        const char *item = field_value_text(s, json_array_get(array, i));
        all = i ? store_print(s, "%s%s%s", all, between, item) : item;
    }
    return all;
}

const char *field_dtype(store *s, const json_t *object) {
    const char *text = field_text(s, object, "dtype");
    return *text ? text : "f32";
}

double field_number(const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : json_is_boolean(value) ? json_is_true(value) : NAN;
}

double field_positive(const json_t *object, const char *key) {
    double value = field_number(object, key);
    return value > 0 ? value : NAN;
}

bool field_true(const json_t *object, const char *key) { return json_is_true(json_object_get(object, key)); }
