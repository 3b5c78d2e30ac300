#include "arguments.h"

#include "plan.h"

#include <stdlib.h>

/* a*b*c*d of sizes, each padded to whole tiles, in bytes: must stay an object's size. */
static bool fits(size_t a, size_t b, size_t c) {
    size_t n;
    enum { PAD = 64, BYTES = 8 };
    if (a > SIZE_MAX - PAD || b > SIZE_MAX - PAD || c > SIZE_MAX - PAD) return false;
    return !__builtin_mul_overflow(a + PAD, b + PAD, &n) && !__builtin_mul_overflow(n, c + PAD, &n) &&
           !__builtin_mul_overflow(n, (size_t)BYTES, &n) && n <= PTRDIFF_MAX;
}

mot_status mot_check_shape(const mot_shape *s) {
    if (!s) return MOT_ERROR_NULL;
    if (!s->group_size || !s->experts || !s->d_model || !s->d_expert) return MOT_ERROR_SHAPE;
    const bool ok = fits(s->groups, s->group_size, s->d_model) && fits(s->groups, s->group_size, s->experts) &&
                    fits(s->groups, s->experts, s->d_model) && fits(s->experts, s->d_model, s->d_expert);
    return ok ? MOT_OK : MOT_ERROR_OVERFLOW;
}

mot_span mot_tensor_span(const mot_shape *s, mot_dtype dtype, enum mot_tensor tensor, const void *data) {
    const size_t G = s->groups, T = s->group_size, E = s->experts, D = s->d_model, H = s->d_expert;
    size_t n = 0;
    switch (tensor) {
    case MOT_X:
    case MOT_OUT:
        n = G * T * D;
        break;
    case MOT_CONTROLLER:
        n = D * E;
        break;
    case MOT_P:
        n = G * T * E;
        break;
    case MOT_MIXED:
    case MOT_Y:
        n = E * G * D;
        break;
    case MOT_W1:
    case MOT_W2:
        n = E * D * H;
        break;
    }
    return (mot_span){data, n * mot_dtype_bytes(dtype), mot_dtype_bytes(dtype)};
}

static mot_status check_span(mot_span a) {
    if (a.bytes && !a.data) return MOT_ERROR_NULL;
    return a.alignment && (uintptr_t)a.data % a.alignment ? MOT_ERROR_ALIGNMENT : MOT_OK;
}

static bool overlap(mot_span a, mot_span b) {
    const uintptr_t p = (uintptr_t)a.data, q = (uintptr_t)b.data;
    return a.bytes && b.bytes && p < q + b.bytes && q < p + a.bytes;
}

mot_status mot_check_spans(mot_span output, const mot_span *inputs, int count) {
    mot_status status = check_span(output);
    for (int i = 0; i < count && !status; i++) status = check_span(inputs[i]);
    for (int i = 0; i < count && !status; i++)
        if (overlap(output, inputs[i])) status = MOT_ERROR_OVERLAP;
    return status;
}

mot_strides mot_strides_contiguous(const mot_shape *s) {
    return (mot_strides){.inner_groups = 1,
                         .inner_stride = s->group_size * s->d_model,
                         .outer_stride = s->group_size * s->d_model,
                         .token_stride = s->d_model,
                         .last_tokens = s->group_size};
}

typedef struct dimension {
    size_t count, stride;
} dimension;

static int by_stride(const void *a, const void *b) {
    const size_t x = ((const dimension *)a)->stride, y = ((const dimension *)b)->stride;
    return (x > y) - (x < y);
}

/* Elements from the first to past the last of rows of `width`; 0 if rows overlap or do not nest, SIZE_MAX on overflow.
 */
static size_t nested_extent(dimension *d, int n, size_t width) {
    size_t extent = width, step;
    qsort(d, (size_t)n, sizeof *d, by_stride);
    for (int i = 0; i < n; i++) {
        if (d[i].count == 1) continue;
        if (d[i].stride < extent) return 0;
        if (__builtin_mul_overflow(d[i].count - 1, d[i].stride, &step) || __builtin_add_overflow(extent, step, &extent))
            return SIZE_MAX;
    }
    return extent > PTRDIFF_MAX / sizeof(float) ? SIZE_MAX : extent;
}

mot_status mot_check_strides(mot_strides *out, size_t *elements, const mot_shape *s, const mot_strides *st) {
    *out = *st;
    *elements = 0;
    if (st->last_tokens == 0) out->last_tokens = s->group_size;
    if (st->inner_groups == 0 || s->groups % st->inner_groups || out->last_tokens > s->group_size)
        return MOT_ERROR_STRIDES;
    if (s->groups == 0) return MOT_OK;
    const size_t outer = s->groups / st->inner_groups;
    const size_t tokens = outer == 1 ? out->last_tokens : s->group_size;
    dimension d[] = {{outer, st->outer_stride}, {st->inner_groups, st->inner_stride}, {tokens, st->token_stride}};
    const size_t extent = nested_extent(d, 3, s->d_model);
    if (extent == 0) return MOT_ERROR_STRIDES;
    if (extent == SIZE_MAX) return MOT_ERROR_OVERFLOW;
    /* What the short last group leaves out does not belong to the tensor. */
    const size_t unused = (tokens - out->last_tokens) * st->token_stride;
    const size_t short_end = extent - unused, full_end = outer > 1 ? extent - st->outer_stride : 0;
    *elements = short_end > full_end ? short_end : full_end;
    return MOT_OK;
}
