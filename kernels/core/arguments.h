/* arguments.h: every argument error is found here, before any work. */
#ifndef MOT_CORE_ARGUMENTS_H
#define MOT_CORE_ARGUMENTS_H

#include "kernel.h"

mot_status mot_check_shape(const mot_shape *);
/* Defaults for NULL; threads and isa resolved to what will be used. */
mot_status mot_resolve_options(mot_options *out, const mot_options *options_or_null);

/* A tensor in the caller's memory. */
typedef struct mot_span {
    const void *data;
    size_t bytes, alignment;
} mot_span;
mot_span mot_tensor_span(const mot_shape *, mot_dtype, enum mot_tensor, const void *data); /* contiguous */
/* NULL, then ALIGNMENT, then OVERLAP of the output with any input. Spans of 0 bytes may be NULL. */
mot_status mot_check_spans(mot_span output, const mot_span *inputs, int count);

/* Checks the caller's strides against the shape; resolves last_tokens 0; *elements: from the first to past the last. */
mot_status mot_check_strides(mot_strides *out, size_t *elements, const mot_shape *, const mot_strides *);

#endif
