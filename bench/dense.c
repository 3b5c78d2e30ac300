/* dense.c: the dense FFN that a MoT layer is compared with is the experts stage with one expert. */
#include "contestants.h"

bool dense_ffn_shape(const mot_shape *s, mot_shape *out) {
    size_t hidden;
    *out = (mot_shape){.group_size = 1, .experts = 1, .d_model = s->d_model};
    if (__builtin_mul_overflow(s->groups, s->group_size, &out->groups) ||
        __builtin_mul_overflow(s->d_expert, s->experts, &hidden) || hidden % s->group_size)
        return false;
    out->d_expert = hidden / s->group_size;
    return true;
}
