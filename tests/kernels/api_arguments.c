/* Every wrong shape and option has its status, in the layer and in the stages alone, before any tensor is touched. */
#include "api.h"

#include <math.h>
#include <string.h>

static float memory[64];
static const mot_shape small = {2, 2, 2, 2, 2};

static mot_status create(const mot_shape *shape, const mot_options *options) {
    mot_layer *layer = (mot_layer *)memory;
    mot_status status = mot_layer_create(&layer, shape, options, NULL);
    if (status == MOT_OK)
        mot_layer_destroy(layer);
    else
        assert_null(layer);
    return status;
}

/* The layer and the four stages agree about shapes and options; the tensors are never read. */
static void assert_refused(const mot_shape *shape, const mot_options *options, mot_status want) {
    const float *in = memory;
    float *out = memory + 32;
    assert_int_equal(create(shape, options), want);
    assert_int_equal(mot_route(shape, options, in, in, out), want);
    assert_int_equal(mot_mix(shape, options, in, in, out), want);
    assert_int_equal(mot_experts(shape, options, in, in, in, out), want);
    assert_int_equal(mot_redistribute(shape, options, in, in, out), want);
}

static void null_arguments(void **state) {
    (void)state;
    mot_options options = options_of(MOT_ISA_SCALAR, 1);
    assert_int_equal(mot_layer_create(NULL, &small, &options, NULL), MOT_ERROR_NULL);
    assert_refused(NULL, &options, MOT_ERROR_NULL);
    assert_int_equal(create(&small, NULL), MOT_OK);
    mot_options_default(NULL);
    mot_layer_destroy(NULL);
}

static void zero_sizes(void **state) {
    (void)state;
    mot_options options = options_of(MOT_ISA_SCALAR, 1);
    for (int which = 1; which < 5; which++) {
        mot_shape shape = small;
        (&shape.groups)[which] = 0;
        assert_refused(&shape, &options, MOT_ERROR_SHAPE);
        shape.groups = 0;
        assert_refused(&shape, &options, MOT_ERROR_SHAPE);
    }
}

static void overflowing_sizes(void **state) {
    (void)state;
    mot_options options = options_of(MOT_ISA_SCALAR, 1);
    const size_t half = (size_t)1 << 63, root = (size_t)1 << 32, third = (size_t)1 << 22;
    const mot_shape shapes[] = {
        {half, 2, 1, 1, 1},     {2, half, 1, 1, 1},          {1, half, 1, 2, 1},          {1, half, 2, 1, 1},
        {1, 1, half, 2, 1},     {1, 1, half, 1, 2},          {1, 1, 1, half, 2},          {2, 1, half, 1, 1},
        {root, root, 1, 1, 1},  {root, 1, root, 1, 1},       {1, root, 1, root, 1},       {1, 1, root, root, 1},
        {1, 1, root, 1, root},  {third, third, 1, third, 1}, {1, 1, third, third, third}, {third, 1, third, third, 1},
        {SIZE_MAX, 1, 1, 1, 1}, {1, SIZE_MAX, 1, 1, 1},      {1, 1, SIZE_MAX, 1, 1},      {1, 1, 1, SIZE_MAX, 1},
        {1, 1, 1, 1, SIZE_MAX}, {half / 2, 1, 1, 1, 1},      {0, 1, root, root, 1},
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        assert_refused(&shapes[i], &options, MOT_ERROR_OVERFLOW);
}

static void impossible_memory(void **state) {
    (void)state;
    mot_options options = options_of(MOT_ISA_SCALAR, 1);
    mot_shape many_tokens = {1, (size_t)1 << 46, 1, 1, 1};
    assert_int_equal(create(&many_tokens, &options), MOT_ERROR_MEMORY);
    mot_shape scratch = {1, (size_t)1 << 26, (size_t)1 << 26, 1, 1}; /* 2^54 bytes for P, and again for each thread */
    options.threads = 1024;
    for (mot_isa isa = MOT_ISA_SCALAR; isa <= MOT_ISA_AMX; isa++) {
        options.isa = isa;
        mot_status status = create(&scratch, &options);
        assert_true(status == MOT_ERROR_MEMORY || status == MOT_ERROR_OVERFLOW || status == MOT_ERROR_ISA);
    }
}

static void options_out_of_range(void **state) {
    (void)state;
    const size_t sizes[] = {0, 1, sizeof(mot_options) - 1, sizeof(mot_options) + 8, SIZE_MAX};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        mot_options options = options_of(MOT_ISA_SCALAR, 1);
        options.struct_size = sizes[i];
        assert_refused(&small, &options, MOT_ERROR_OPTIONS);
    }
    const float temperatures[] = {0, -0.0f, -1, NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < sizeof temperatures / sizeof *temperatures; i++) {
        mot_options options = options_of(MOT_ISA_SCALAR, 1);
        options.temperature = temperatures[i];
        assert_refused(&small, &options, MOT_ERROR_OPTIONS);
    }
    const int threads[] = {-1, 1025, INT32_MIN, INT32_MAX};
    for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
        mot_options options = options_of(MOT_ISA_SCALAR, threads[i]);
        assert_refused(&small, &options, MOT_ERROR_OPTIONS);
    }
    const int isas[] = {-1, MOT_ISA_AMX + 1, INT32_MAX};
    for (size_t i = 0; i < sizeof isas / sizeof *isas; i++) {
        mot_options options = options_of((mot_isa)isas[i], 1);
        assert_refused(&small, &options, MOT_ERROR_OPTIONS);
    }
}

static void data_types(void **state) {
    (void)state;
    const int unknown[] = {-1, 2, 7, INT32_MAX};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        mot_options options = options_of(MOT_ISA_SCALAR, 1);
        options.dtype = (mot_dtype)unknown[i];
        assert_refused(&small, &options, MOT_ERROR_DTYPE);
        options.threads = -1; /* what no build takes comes first */
        assert_refused(&small, &options, MOT_ERROR_OPTIONS);
    }
}

static void defaults_are_as_documented(void **state) {
    (void)state;
    mot_options options;
    memset(&options, 0xFF, sizeof options);
    mot_options_default(&options);
    assert_int_equal(options.struct_size, sizeof options);
    assert_int_equal(options.dtype, MOT_F32);
    assert_true(options.temperature == 1);
    assert_true(options.threads == 0);
    assert_int_equal(create(&small, &options), MOT_OK);
}

static void profiles_without_arguments(void **state) {
    (void)state;
    mot_profile *profile = (mot_profile *)memory;
    assert_int_equal(mot_profile_load(NULL, "x"), MOT_ERROR_NULL);
    assert_int_equal(mot_profile_load(&profile, NULL), MOT_ERROR_NULL);
    assert_null(profile);
    profile = (mot_profile *)memory;
    assert_int_equal(mot_profile_load_memory(&profile, NULL, 3), MOT_ERROR_NULL);
    assert_null(profile);
    assert_int_equal(mot_profile_load_memory(NULL, "x", 1), MOT_ERROR_NULL);
    assert_int_equal(mot_profile_find(NULL), MOT_ERROR_NULL);
    profile = (mot_profile *)memory;
    assert_int_equal(mot_profile_load(&profile, "no/such/file.json"), MOT_ERROR_PROFILE_NOT_FOUND);
    assert_null(profile);
    profile = (mot_profile *)memory;
    assert_int_equal(mot_profile_load_memory(&profile, "{", 1), MOT_ERROR_PROFILE_FORMAT);
    assert_null(profile);
    mot_profile_destroy(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(null_arguments),
        cmocka_unit_test(zero_sizes),
        cmocka_unit_test(overflowing_sizes),
        cmocka_unit_test(impossible_memory),
        cmocka_unit_test(options_out_of_range),
        cmocka_unit_test(data_types),
        cmocka_unit_test(defaults_are_as_documented),
        cmocka_unit_test(profiles_without_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
