/* measure_tensors.c: the tensors that all contestants of one comparison share. */
#include "measure_side.h"

#include "data.h"

#include <string.h>

static size_t elements(const mot_shape *s, int tensor) {
    const problem pb = problem_make(s, MOT_STAGE_LAYER, DATA_ZERO_MEAN, false, 0);
    return problem_elements(&pb, tensor);
}

size_t tensor_bytes(const mot_shape *s, mot_dtype dtype, int tensor) {
    return elements(s, tensor) * mot_dtype_bytes(dtype);
}

size_t tensors_bytes(const mot_shape *s, mot_dtype dtype, int set) {
    size_t sum = 0;
    for (int i = 0; i < TENSOR_COUNT; i++)
        if (set & 1 << i) sum += tensor_bytes(s, dtype, 1 << i);
    return sum;
}

/* Random values for the first part, then the same again: to a clock they are as good, and 1 GiB is filled in no time.
 */
static void fill(const rotor *r, const mot_shape *shape, mot_dtype dtype, int tensor, uint64_t seed) {
    enum { ENOUGH = 1 << 20 };
    const data_mode mode = tensor == MOT_P ? DATA_POSITIVE : DATA_ZERO_MEAN;
    mot_shape part = *shape;
    while (part.experts > 1 && elements(&part, tensor) > ENOUGH) part.experts /= 2;
    while (part.groups > 1 && elements(&part, tensor) > ENOUGH) part.groups /= 2;
    problem pb = problem_make(&part, MOT_STAGE_LAYER, mode, false, seed);
    pb.dtype = dtype;
    const size_t block = tensor_bytes(&part, dtype, tensor);
    data_fill(&pb, tensor, r->base);
    for (size_t at = block; at < r->bytes; at += block)
        memcpy(r->base + at, r->base, r->bytes - at < block ? r->bytes - at : block);
}

bool tensors_make(tensors *t, uint64_t seed) {
    t->strides = mot_strides_contiguous(&t->shape);
    for (int i = 0; i < TENSOR_COUNT; i++) {
        const int tensor = 1 << i;
        if (!(t->present & tensor)) continue;
        const size_t copies = t->rotating & tensor ? t->copies : 1;
        if (!rotor_map(&t->at[i], tensor_bytes(&t->shape, t->dtype, tensor), copies)) return false;
        fill(&t->at[i], &t->shape, t->dtype, tensor, seed);
        rotor_spread(&t->at[i]);
    }
    return true;
}

void tensors_free(tensors *t) {
    for (int i = 0; i < TENSOR_COUNT; i++) rotor_unmap(&t->at[i]);
}
