/* measure_tensors.c: the tensors that all contestants of one comparison share. */
#include "measure_side.h"

#include "data.h"

#include <stdlib.h>
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

/* bf16 has the values that f32 has, rounded. */
static bool fill_part(void *to, mot_dtype dtype, const problem *pb, int tensor) {
    if (dtype == MOT_F32) return data_fill(pb, tensor, to), true;
    const size_t n = problem_elements(pb, tensor);
    float *exact = calloc(n, sizeof *exact); /* data_fill leaves out alone */
    if (!exact) return false;
    data_fill(pb, tensor, exact);
    mot_bf16_from_f32(to, exact, n);
    free(exact);
    return true;
}

/* Random values for the first part, then the same again: to a clock they are as good, and 1 GiB is filled in no time.
 */
static bool fill(const rotor *r, const mot_shape *shape, mot_dtype dtype, int tensor, uint64_t seed) {
    enum { ENOUGH = 1 << 20 };
    const data_mode mode = tensor == MOT_P ? DATA_POSITIVE : DATA_ZERO_MEAN;
    mot_shape part = *shape;
    while (part.experts > 1 && elements(&part, tensor) > ENOUGH) part.experts /= 2;
    while (part.groups > 1 && elements(&part, tensor) > ENOUGH) part.groups /= 2;
    const problem pb = problem_make(&part, MOT_STAGE_LAYER, mode, false, seed);
    const size_t block = tensor_bytes(&part, dtype, tensor);
    if (!fill_part(r->base, dtype, &pb, tensor)) return false;
    for (size_t at = block; at < r->bytes; at += block)
        memcpy(r->base + at, r->base, r->bytes - at < block ? r->bytes - at : block);
    return true;
}

bool tensors_make(tensors *t, uint64_t seed) {
    t->strides = mot_strides_contiguous(&t->shape);
    for (int i = 0; i < TENSOR_COUNT; i++) {
        const int tensor = 1 << i;
        if (!(t->present & tensor)) continue;
        const size_t copies = t->rotating & tensor ? t->copies : 1;
        if (!rotor_map(&t->at[i], tensor_bytes(&t->shape, t->dtype, tensor), copies)) return false;
        if (!fill(&t->at[i], &t->shape, t->dtype, tensor, seed)) return false;
        rotor_spread(&t->at[i]);
    }
    return true;
}

void tensors_free(tensors *t) {
    for (int i = 0; i < TENSOR_COUNT; i++) rotor_unmap(&t->at[i]);
}
