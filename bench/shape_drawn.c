/* shape_drawn.c: "drawn:SEED": shapes that nobody tuned for, the same for the same seed. */
#include "shape_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DRAWN = 12 };

/* SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t next_word(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* Evenly over the powers between; any number in between, so mostly odd ones and no multiple of a tile. */
static size_t draw(uint64_t *state, double low, double high) {
    const double unit = (double)(next_word(state) >> 11) * 0x1p-53;
    return (size_t)(low * pow(high / low, unit) + 0.5);
}

/* About 0.3 to 3 GFLOP in the experts, and at most 256 MiB of weights in f32. */
static mot_shape draw_shape(uint64_t *state) {
    static const double weights_max = 64 << 20;
    mot_shape s;
    do {
        s = (mot_shape){.group_size = draw(state, 1, 96),
                        .experts = draw(state, 1, 512),
                        .d_model = draw(state, 48, 1536),
                        .d_expert = draw(state, 16, 4096)};
    } while (2.0 * (double)s.experts * (double)s.d_model * (double)s.d_expert > weights_max);
    const double flops_of_a_group = 4.0 * (double)s.experts * (double)s.d_model * (double)s.d_expert;
    const double groups = (double)draw(state, 3e8, 3e9) / flops_of_a_group;
    s.groups = groups > 4096 ? 4096 : (size_t)groups; /* at least 2, by the limits above */
    return s;
}

bool shape_is_drawn(const char *name) { return strncmp(name, "drawn:", 6) == 0; }

bool shape_draw(shape_list *list, const char *name, char *error, size_t error_size) {
    char *end;
    const unsigned long long seed = strtoull(name + 6, &end, 10);
    uint64_t state = seed;
    if (name[6] < '0' || *end) /* no sign, no blank */
        return shape_fail(error, error_size, "'%.100s': the seed is a number, as in drawn:7", name);
    for (int i = 0; i < DRAWN; i++) {
        const mot_shape s = draw_shape(&state);
        if (!shape_append(list, &s, error, error_size)) return false;
    }
    return true;
}
