/* Seeded problems and the layers that compute them. */
#include "api.h"

#include <math.h>

static uint64_t splitmix(uint64_t *state) {
    uint64_t z = *state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

void fill_nan(float *data, size_t count) {
    for (size_t i = 0; i < count; i++) data[i] = NAN;
}

float *random_floats(size_t count, double scale, uint64_t seed) {
    float *data = mot_alloc((count ? count : 1) * sizeof *data);
    assert_non_null(data);
    for (size_t i = 0; i < count; i++) {
        double unit = (double)(splitmix(&seed) >> 11) * 0x1p-53;
        data[i] = (float)(scale * (2 * unit - 1));
    }
    return data;
}

problem problem_new(mot_shape s, uint64_t seed) {
    problem p = {.shape = s};
    p.x = random_floats(x_count(&s), 2, seed + 1);
    p.controller = random_floats(controller_count(&s), 2 / sqrt((double)s.d_model), seed + 2);
    p.w1 = random_floats(weights_count(&s), 2 / sqrt((double)s.d_model), seed + 3);
    p.w2 = random_floats(weights_count(&s), 2 / sqrt((double)s.d_expert), seed + 4);
    p.out = random_floats(x_count(&s), 0, 0);
    fill_nan(p.out, x_count(&s));
    return p;
}

void problem_free(problem *p) {
    mot_free(p->x);
    mot_free(p->controller);
    mot_free(p->w1);
    mot_free(p->w2);
    mot_free(p->out);
}

mot_options options_of(mot_isa isa, int threads) {
    mot_options options;
    mot_options_default(&options);
    options.isa = isa;
    options.threads = threads;
    return options;
}

mot_layer *layer_of(const problem *p, const mot_options *options) {
    mot_layer *layer = NULL;
    assert_int_equal(mot_layer_create(&layer, &p->shape, options, NULL), MOT_OK);
    assert_non_null(layer);
    assert_int_equal(mot_layer_set_weights(layer, p->controller, p->w1, p->w2), MOT_OK);
    return layer;
}

bool isa_usable(mot_isa isa) {
    mot_shape shape = {1, 1, 1, 1, 1};
    mot_options options = options_of(isa, 1);
    options.dtype = isa >= MOT_ISA_AVX512BF16 ? MOT_BF16 : MOT_F32;
    mot_layer *layer;
    mot_status status = mot_layer_create(&layer, &shape, &options, NULL);
    mot_layer_destroy(layer);
    return status == MOT_OK;
}

const char *isa_text(mot_isa isa) {
    static const char *const text[] = {"best", "scalar", "avx2", "avx512", "avx512bf16", "amx"};
    return text[isa];
}

mot_isa isa_or_skip(void **state) {
    mot_isa isa = (mot_isa)(uintptr_t)*state;
    if (!isa_usable(isa)) {
        print_message("SKIP: %s is not usable on this machine\n", isa_text(isa));
        skip();
    }
    return isa;
}
