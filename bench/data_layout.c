#include "data.h"

static size_t largest_proper_divisor(size_t n) {
    for (size_t p = 2; p * p <= n; p++)
        if (n % p == 0) return n / p;
    return 1;
}

/* Groups of consecutive "sequences" at one position, each token followed by a gap of 3 elements. */
static mot_strides strides_batch_padded(const mot_shape *s) {
    size_t row = s->d_model + 3;
    size_t inner = largest_proper_divisor(s->groups);
    mot_strides st = {.inner_groups = inner, .inner_stride = row, .token_stride = inner * row};
    st.outer_stride = s->group_size * st.token_stride;
    st.last_tokens = (s->group_size + 1) / 2;
    return st;
}

/* What mot_strides_contiguous gives, written again so that the checker does not rest on what it checks. */
static mot_strides strides_contiguous(const mot_shape *s) {
    size_t group = s->group_size * s->d_model;
    return (mot_strides){.inner_groups = 1,
                         .inner_stride = group,
                         .outer_stride = group,
                         .token_stride = s->d_model,
                         .last_tokens = s->group_size};
}

problem problem_make(const mot_shape *shape, mot_stage stage, data_mode mode, bool strided, uint64_t seed) {
    /* Powers of two keep integer logits exact; 0.7 shows a forgotten or misplaced temperature. */
    static const float temperature[DATA_MODE_COUNT] = {2, 1, 0.7F, 1, 0.5F, 1};
    problem p = {.shape = *shape, .stage = stage, .mode = mode, .temperature = temperature[mode], .seed = seed};
    p.strides = strided ? strides_batch_padded(shape) : strides_contiguous(shape);
    return p;
}

static size_t strided_elements(const problem *pb) {
    size_t end = 0;
    for (size_t n = 0; n < pb->shape.groups; n++) {
        size_t last = mot_group_tokens(&pb->shape, &pb->strides, n) - 1;
        size_t e = mot_group_offset(&pb->strides, n) + last * pb->strides.token_stride + pb->shape.d_model;
        if (e > end) end = e;
    }
    return end;
}

size_t problem_elements(const problem *pb, enum mot_tensor tensor) {
    const mot_shape *s = &pb->shape;
    switch (tensor) {
    case MOT_X:
    case MOT_OUT:
        return strided_elements(pb);
    case MOT_CONTROLLER:
        return s->d_model * s->experts;
    case MOT_P:
        return s->groups * s->group_size * s->experts;
    case MOT_MIXED:
    case MOT_Y:
        return s->experts * s->groups * s->d_model;
    case MOT_W1:
    case MOT_W2:
        return s->experts * s->d_model * s->d_expert;
    }
    return 0;
}
