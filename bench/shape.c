/* shape.c: one shape as text, lists of shapes, their memory. */
#include "shape_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Input is quoted in errors, and an error is one line: whatever is not printable becomes '?'. */
bool shape_fail(char *error, size_t error_size, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(error, error_size, format, args);
    va_end(args);
    if (error_size == 0) return false;
    for (char *c = error; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f) *c = '?';
    return false;
}

void shape_print(char buf[SHAPE_TEXT], const mot_shape *s) {
    snprintf(buf, SHAPE_TEXT, "g%zut%zue%zud%zuh%zu", s->groups, s->group_size, s->experts, s->d_model, s->d_expert);
}

static bool same(const mot_shape *a, const mot_shape *b) {
    return a->groups == b->groups && a->group_size == b->group_size && a->experts == b->experts &&
           a->d_model == b->d_model && a->d_expert == b->d_expert;
}

bool shape_append(shape_list *list, const mot_shape *shape, char *error, size_t error_size) {
    for (size_t i = 0; i < list->count; i++)
        if (same(&list->item[i], shape)) return true;
    if (list->count == SHAPE_LIST_MAX)
        return shape_fail(error, error_size, "more than %d shapes: name fewer", SHAPE_LIST_MAX);
    if (list->count == list->capacity) {
        size_t capacity = list->capacity ? 2 * list->capacity : 16;
        mot_shape *grown = realloc(list->item, capacity * sizeof *grown);
        if (!grown) return shape_fail(error, error_size, "out of memory for %zu shapes", capacity);
        list->item = grown;
        list->capacity = capacity;
    }
    list->item[list->count++] = *shape;
    return true;
}

void shape_truncate(shape_list *list, size_t count) {
    if (count < list->count) list->count = count;
}

void shape_list_free(shape_list *list) {
    free(list->item);
    *list = (shape_list){0};
}

/* Adds 4 * copies * a * b * c to *sum; false on overflow. */
static bool add_floats(size_t *sum, size_t copies, size_t a, size_t b, size_t c) {
    size_t n = copies * sizeof(float);
    return !__builtin_mul_overflow(n, a, &n) && !__builtin_mul_overflow(n, b, &n) &&
           !__builtin_mul_overflow(n, c, &n) && !__builtin_add_overflow(*sum, n, sum);
}

size_t shape_bytes(const mot_shape *s) {
    size_t sum = 0;
    bool fits = add_floats(&sum, 2, s->groups, s->group_size, s->d_model) && /* x, out */
                add_floats(&sum, 1, s->d_model, s->experts, 1) &&            /* controller */
                add_floats(&sum, 1, s->groups, s->group_size, s->experts) && /* p */
                add_floats(&sum, 2, s->experts, s->groups, s->d_model) &&    /* mixed, y */
                add_floats(&sum, 2, s->experts, s->d_model, s->d_expert);    /* w1, w2 */
    return fits ? sum : 0;
}
