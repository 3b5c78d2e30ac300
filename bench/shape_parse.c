/* shape_parse.c: the grammar of shape texts.
 *
 *     shape = "g" sizes "t" sizes "e" sizes "d" sizes "h" sizes
 *     sizes = item {"," item}
 *     item  = number | number ":" number [":" ("+" | "*") number]
 */
#include "shape_internal.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

enum { DIMENSIONS = 5, VALUES_MAX = SHAPE_LIST_MAX };
static const struct {
    char letter;
    const char *name;
} dimensions[DIMENSIONS] = {
    {'g', "groups"}, {'t', "group size"}, {'e', "experts"}, {'d', "model width"}, {'h', "expert width"}};
static const char *const example = "g64t32e32d512h2048; lists 8,32 and ranges 4:64:*2 are allowed";

typedef struct values {
    size_t count;
    size_t item[VALUES_MAX];
} values;

typedef struct parser {
    const char *text, *at;
    int dimension;
    char *error;
    size_t error_size;
} parser;

static bool fail(const parser *p, const char *what) {
    return shape_fail(p->error, p->error_size, "shape '%.60s': %s at '%.20s'; write it like %s", p->text, what,
                      *p->at ? p->at : "(end)", example);
}

/* The same with the offending number quoted, which `at` has passed already. */
static bool fail_value(const parser *p, const char *begin, const char *what) {
    return shape_fail(p->error, p->error_size, "shape '%.60s': %s (%c) %.*s %s", p->text, dimensions[p->dimension].name,
                      dimensions[p->dimension].letter, (int)(p->at - begin), begin, what);
}

static bool parse_number(parser *p, size_t *out) {
    const char *begin = p->at;
    if (!isdigit((unsigned char)*p->at)) return fail(p, "a number is missing");
    *out = 0;
    bool fits = true;
    for (; isdigit((unsigned char)*p->at); p->at++)
        fits = fits && !__builtin_mul_overflow(*out, 10, out) && !__builtin_add_overflow(*out, *p->at - '0', out);
    if (!fits) return fail_value(p, begin, "is too large: at most 18446744073709551615");
    return *out > 0 || fail_value(p, begin, "is not a size: at least 1");
}

static bool add_value(const parser *p, values *v, size_t value) {
    if (v->count == VALUES_MAX)
        return shape_fail(p->error, p->error_size, "shape '%.60s': more than %d values for %s (%c): take a larger step",
                          p->text, VALUES_MAX, dimensions[p->dimension].name, dimensions[p->dimension].letter);
    v->item[v->count++] = value;
    return true;
}

static bool parse_step(parser *p, char *kind, size_t *step) {
    *kind = '+';
    *step = 1;
    if (*p->at != ':') return true;
    *kind = *++p->at;
    if (*kind != '+' && *kind != '*') return fail(p, "the step of a range is +N or *N");
    const char *begin = p->at++;
    if (!parse_number(p, step)) return false;
    return *kind == '+' || *step > 1 || fail_value(p, begin, "is a range that never ends: multiply by at least 2");
}

static bool parse_item(parser *p, values *v) {
    const char *begin = p->at;
    size_t first, last, step;
    char kind;
    if (!parse_number(p, &first)) return false;
    if (*p->at != ':') return add_value(p, v, first);
    p->at++;
    if (!parse_number(p, &last) || !parse_step(p, &kind, &step)) return false;
    if (last < first) return fail_value(p, begin, "is a range that ends before it starts");
    for (size_t value = first; value <= last;) {
        if (!add_value(p, v, value)) return false;
        bool over =
            kind == '+' ? __builtin_add_overflow(value, step, &value) : __builtin_mul_overflow(value, step, &value);
        if (over) break;
    }
    return true;
}

static bool parse_dimension(parser *p, values *v) {
    static const char *const missing[DIMENSIONS] = {"groups (g) are missing", "group size (t) is missing",
                                                    "experts (e) are missing", "model width (d) is missing",
                                                    "expert width (h) is missing"};
    v->count = 0;
    if (*p->at != dimensions[p->dimension].letter) return fail(p, missing[p->dimension]);
    do {
        p->at++;
        if (!parse_item(p, v)) return false;
    } while (*p->at == ',');
    return true;
}

static bool append_checked(shape_list *list, const parser *p, const mot_shape *shape) {
    if (shape_bytes(shape) > 0 && shape_bytes(shape) <= PTRDIFF_MAX)
        return shape_append(list, shape, p->error, p->error_size);
    char text[SHAPE_TEXT];
    shape_print(text, shape);
    return shape_fail(p->error, p->error_size,
                      "shape '%s' overflows: its tensors would exceed 2^63 bytes; take smaller sizes", text);
}

static bool append_product(shape_list *list, const parser *p, const values v[DIMENSIONS]) {
    size_t total = 1;
    for (int i = 0; i < DIMENSIONS; i++)
        if (__builtin_mul_overflow(total, v[i].count, &total)) total = SIZE_MAX;
    if (total > SHAPE_LIST_MAX)
        return shape_fail(p->error, p->error_size, "shape '%.60s' stands for more than %d shapes: name fewer", p->text,
                          SHAPE_LIST_MAX);
    for (size_t n = 0; n < total; n++) {
        size_t size[DIMENSIONS], rest = n;
        for (int i = DIMENSIONS; i-- > 0; rest /= v[i].count) size[i] = v[i].item[rest % v[i].count];
        if (!append_checked(list, p, &(mot_shape){size[0], size[1], size[2], size[3], size[4]})) return false;
    }
    return true;
}

bool shape_parse(shape_list *list, const char *text, char *error, size_t error_size) {
    static _Thread_local values v[DIMENSIONS]; /* 160 KiB: too much for a small stack */
    size_t before = list->count;
    parser p = {text, text, 0, error, error_size};
    for (; p.dimension < DIMENSIONS; p.dimension++)
        if (!parse_dimension(&p, &v[p.dimension])) return false;
    if (*p.at) return fail(&p, "unexpected text");
    if (append_product(list, &p, v)) return true;
    shape_truncate(list, before);
    return false;
}
