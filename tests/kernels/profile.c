/* Profiles in memory: validators, entries, look-up. */
#include "profile_data.h"

#include "cpu.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

static const mot_shape shape = {16, 8, 4, 32, 64};

static void example_loads(void **state) {
    (void)state;
    json_t *json = data_example();
    mot_profile *profile;
    mot_plan plan;
    mot_choice choice;
    assert_int_equal(data_load(json, &profile), MOT_OK);
    assert_int_equal(mot_profile_count(profile), 3);
    assert_int_equal(mot_profile_dropped(profile), 0);
    assert_true(mot_profile_layer(profile, &shape, mot_cpu_isa(), MOT_F32, 2, &plan));
    assert_true(mot_plan_is_layer(&plan));
    assert_true(mot_profile_stage(profile, MOT_STAGE_EXPERTS, &shape, mot_cpu_isa(), MOT_F32, 2, &choice));
    assert_ptr_equal(choice.variant, mot_select_stage(MOT_STAGE_EXPERTS, &shape, mot_cpu_isa(), MOT_F32).variant);
    assert_false(mot_profile_stage(profile, MOT_STAGE_ROUTE, &shape, mot_cpu_isa(), MOT_F32, 2, &choice));
    assert_false(mot_profile_layer(NULL, &shape, mot_cpu_isa(), MOT_F32, 2, &plan));
    mot_profile_destroy(profile);
    mot_profile_destroy(NULL);
    json_decref(json);
}

static void each_validator_alone(void **state) {
    (void)state;
    const struct {
        const char *field;
        json_t *value;
        mot_status status;
    } cases[] = {
        {"format", json_string("mot-profil"), MOT_ERROR_PROFILE_FORMAT},
        {"format", json_integer(1), MOT_ERROR_PROFILE_FORMAT},
        {"schema", json_integer(2), MOT_ERROR_PROFILE_VERSION},
        {"schema", json_integer(0), MOT_ERROR_PROFILE_VERSION},
        {"schema", json_string("1"), MOT_ERROR_PROFILE_FORMAT},
        {"schema", json_real(1), MOT_ERROR_PROFILE_FORMAT},
        {"library", json_string("0.1.1"), MOT_ERROR_PROFILE_VERSION},
        {"library", json_null(), MOT_ERROR_PROFILE_FORMAT},
        {"kernels", json_string("0000000000000000"), MOT_ERROR_PROFILE_VERSION},
        {"kernels", json_array(), MOT_ERROR_PROFILE_FORMAT},
        {"machine", json_string("GenuineIntel-6-85-7"), MOT_ERROR_PROFILE_MACHINE},
        {"machine", json_true(), MOT_ERROR_PROFILE_FORMAT},
        {"entries", json_object(), MOT_ERROR_PROFILE_FORMAT},
        {"unknown", json_string("ignored"), MOT_OK},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *json = data_example();
        mot_profile *profile;
        json_object_set_new(json, cases[i].field, cases[i].value);
        assert_int_equal(data_load(json, &profile), cases[i].status);
        assert_true((profile != NULL) == (cases[i].status == MOT_OK));
        mot_profile_destroy(profile);
        if (cases[i].status != MOT_OK) {
            json_object_del(json, cases[i].field);
            assert_int_equal(data_load(json, &profile), MOT_ERROR_PROFILE_FORMAT);
        }
        json_decref(json);
    }
}

/* Sets one field of the experts entry and expects it, and it alone, to be dropped. */
static void expect_dropped(const char *field, json_t *value) {
    json_t *json = data_example(), *entry = json_array_get(json_object_get(json, "entries"), 1);
    mot_profile *profile;
    mot_choice choice;
    if (strchr("gtedh", field[0]) && field[1] == '\0') entry = json_object_get(entry, "dims");
    json_object_set_new(entry, field, value);
    assert_int_equal(data_load(json, &profile), MOT_OK);
    if (mot_profile_dropped(profile) != 1) print_error("not dropped: %s\n", field);
    assert_int_equal(mot_profile_dropped(profile), 1);
    assert_int_equal(mot_profile_count(profile), 2);
    assert_false(mot_profile_stage(profile, MOT_STAGE_EXPERTS, &shape, mot_cpu_isa(), MOT_F32, 2, &choice));
    mot_profile_destroy(profile);
    json_decref(json);
}

static void bad_entries_are_dropped(void **state) {
    (void)state;
    expect_dropped("stage", json_string("mix"));
    expect_dropped("stage", json_string("layer"));
    expect_dropped("stage", json_string("nonsense"));
    expect_dropped("dtype", json_string("bf16"));
    expect_dropped("isa", json_string("best"));
    expect_dropped("isa", json_string("avx10"));
    expect_dropped("threads", json_integer(0));
    expect_dropped("threads", json_integer(1025));
    expect_dropped("threads", json_integer(-2));
    expect_dropped("cache", json_string("warm"));
    expect_dropped("g", json_integer(0));
    expect_dropped("d", json_real(32));
    expect_dropped("h", json_string("64"));
    expect_dropped("dims", json_null());
    expect_dropped("choices", json_array());
    expect_dropped("choices", json_pack("[s]", "experts_scalar_9x9"));
    expect_dropped("choices", json_pack("[s]", "experts_scalar_4x4{mc=33}"));
    expect_dropped("choices", json_pack("[s]", "experts_scalar_4x4{color=1}"));
    expect_dropped("choices", json_pack("[s]", "/usr/lib/evil.so"));
    expect_dropped("choices", json_pack("[s]", "mix_scalar_4x4"));
    expect_dropped("choices", json_pack("[i]", 3));
    expect_dropped("choices", json_pack("[s,s]", "experts_scalar_4x4", "experts_scalar_4x4"));
    expect_dropped("choices", json_pack("[s,s,s,s,s]", "a", "b", "c", "d", "e"));
}

static void higher_isa_than_the_key_is_dropped(void **state) {
    (void)state;
    if (mot_cpu_isa() == MOT_ISA_SCALAR) {
        print_message("SKIP: this machine runs the scalar variants only\n");
        skip();
    }
    json_t *json = data_profile(), *entry = data_entry(MOT_STAGE_MIX, &shape, mot_cpu_isa(), 1, "hot");
    mot_profile *profile;
    json_object_set_new(entry, "isa", json_string("scalar"));
    data_add(json, entry);
    assert_int_equal(data_load(json, &profile), MOT_OK);
    assert_int_equal(mot_profile_dropped(profile), 1);
    mot_profile_destroy(profile);
    json_decref(json);
}

/* Runs where the emulated or real processor has less. */
static void isa_that_this_machine_lacks_is_dropped(void **state) {
    (void)state;
    if (mot_cpu_isa() >= MOT_ISA_AVX512) {
        print_message("SKIP: this machine lacks no instruction set\n");
        skip();
    }
    json_t *json = data_profile(), *entry = data_entry(MOT_STAGE_MIX, &shape, MOT_ISA_SCALAR, 1, "hot");
    mot_profile *profile;
    json_object_set_new(entry, "isa", json_string("avx512"));
    data_add(json, entry);
    assert_int_equal(data_load(json, &profile), MOT_OK);
    assert_int_equal(mot_profile_dropped(profile), 1);
    mot_profile_destroy(profile);
    json_decref(json);
}

static void contradictions_are_dropped(void **state) {
    (void)state;
    json_t *json = data_example();
    mot_profile *profile;
    for (int i = 0; i < 2; i++) data_add(json, data_entry(MOT_STAGE_MIX, &shape, MOT_ISA_SCALAR, 1, "hot"));
    assert_int_equal(data_load(json, &profile), MOT_OK);
    assert_int_equal(mot_profile_count(profile), 2);
    assert_int_equal(mot_profile_dropped(profile), 3);
    mot_profile_destroy(profile);
    json_decref(json);
}

/* ---- look-up --------------------------------------------------------------------------------------------------- */

static json_t *with_dc(const mot_shape *s, const char *cache, const char *choice) {
    json_t *entry = data_entry(MOT_STAGE_MIX, s, MOT_ISA_SCALAR, 1, cache);
    json_object_set_new(entry, "choices", json_pack("[s]", choice));
    return entry;
}

/* The dc of what is found for this many groups; -1: nothing. */
static int found_dc(const mot_profile *profile, size_t groups) {
    mot_shape s = shape;
    mot_choice choice;
    s.groups = groups;
    return mot_profile_stage(profile, MOT_STAGE_MIX, &s, MOT_ISA_SCALAR, MOT_F32, 1, &choice) ? choice.config.value[0]
                                                                                              : -1;
}

static void groups_are_nearest_by_ratio(void **state) {
    (void)state;
    mot_shape at16 = shape, at40 = shape;
    json_t *json = data_profile();
    mot_profile *profile;
    at40.groups = 40;
    data_add(json, with_dc(&at40, "hot", "mix_scalar_4x4{dc=64}"));
    data_add(json, with_dc(&at16, "hot", "mix_scalar_4x4{dc=256}"));
    data_add(json, with_dc(&at16, "cold-weights", "mix_scalar_4x4{dc=128}"));
    assert_int_equal(data_load(json, &profile), MOT_OK);
    assert_int_equal(mot_profile_count(profile), 3);
    const int expected[][2] = {{0, -1},   {1, -1},  {7, -1},  {8, 128}, {15, 128}, {16, 128}, {17, 128},
                               {25, 128}, {26, 64}, {39, 64}, {40, 64}, {80, 64},  {81, -1},  {1 << 20, -1}};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        assert_int_equal(found_dc(profile, (size_t)expected[i][0]), expected[i][1]);
    mot_profile_destroy(profile);
    json_decref(json);
}

static void everything_else_is_exact(void **state) {
    (void)state;
    json_t *json = data_profile();
    mot_profile *profile;
    mot_choice choice;
    data_add(json, with_dc(&shape, "hot", "mix_scalar_4x4{dc=64}"));
    assert_int_equal(data_load(json, &profile), MOT_OK);
    assert_true(mot_profile_stage(profile, MOT_STAGE_MIX, &shape, MOT_ISA_SCALAR, MOT_F32, 1, &choice));
    assert_false(mot_profile_stage(profile, MOT_STAGE_MIX, &shape, MOT_ISA_SCALAR, MOT_F32, 2, &choice));
    assert_false(mot_profile_stage(profile, MOT_STAGE_MIX, &shape, MOT_ISA_AVX2, MOT_F32, 1, &choice));
    assert_false(mot_profile_stage(profile, MOT_STAGE_FRONT, &shape, MOT_ISA_SCALAR, MOT_F32, 1, &choice));
    for (int i = 1; i < 5; i++)
        for (int step = -1; step <= 1; step += 2) {
            size_t sizes[5] = {shape.groups, shape.group_size, shape.experts, shape.d_model, shape.d_expert};
            sizes[i] += (size_t)step;
            mot_shape other = {sizes[0], sizes[1], sizes[2], sizes[3], sizes[4]};
            assert_false(mot_profile_stage(profile, MOT_STAGE_MIX, &other, MOT_ISA_SCALAR, MOT_F32, 1, &choice));
        }
    mot_profile_destroy(profile);
    json_decref(json);
}

/* 4000 entries: a hit and a near miss within a microsecond, the best of many tries since others use this machine. */
static void look_up_is_fast(void **state) {
    (void)state;
    json_t *json = data_profile();
    mot_profile *profile;
    for (size_t i = 0; i < 4000; i++) {
        mot_shape s = {16 << i % 4, 1 + i / 4, 4, 32, 64};
        data_add(json, data_entry(MOT_STAGE_MIX, &s, MOT_ISA_SCALAR, 1, "hot"));
    }
    assert_int_equal(data_load(json, &profile), MOT_OK);
    assert_int_equal(mot_profile_count(profile), 4000);
    double best[2] = {1e9, 1e9};
    for (int round = 0; round < 2000; round++)
        for (int near = 0; near < 2; near++) {
            mot_shape s = {near ? 17 : 16, 1 + (size_t)round % 1000, 4, 32, 64};
            mot_choice choice;
            struct timespec a, b;
            clock_gettime(CLOCK_MONOTONIC, &a);
            for (int i = 0; i < 16; i++)
                assert_true(mot_profile_stage(profile, MOT_STAGE_MIX, &s, MOT_ISA_SCALAR, MOT_F32, 1, &choice));
            clock_gettime(CLOCK_MONOTONIC, &b);
            double ns = ((double)(b.tv_sec - a.tv_sec) * 1e9 + (double)(b.tv_nsec - a.tv_nsec)) / 16;
            if (ns < best[near]) best[near] = ns;
        }
    printf("look-up among 4000 entries: hit %.0f ns, nearest %.0f ns\n", best[0], best[1]);
    assert_true(best[1] <= 1000);
    mot_profile_destroy(profile);
    json_decref(json);
}

/* ---- the layer uses it ----------------------------------------------------------------------------------------- */

static void layer_uses_and_describes_it(void **state) {
    (void)state;
    json_t *json = data_profile(), *entry = data_entry(MOT_STAGE_LAYER, &shape, MOT_ISA_SCALAR, 1, "cold-weights");
    json_object_set_new(entry, "choices",
                        json_pack("[s,s,s]", "front_scalar_4x4{dc=64}", "experts_scalar_4x4{mc=32}",
                                  "redistribute_scalar_4x4{dc=128}"));
    data_add(json, entry);
    mot_profile *profile;
    mot_layer *layer;
    mot_options options;
    char text[1024];
    assert_int_equal(data_load(json, &profile), MOT_OK);
    mot_options_default(&options);
    options.threads = 1;
    options.isa = MOT_ISA_SCALAR;
    assert_int_equal(mot_layer_create(&layer, &shape, &options, profile), MOT_OK);
    assert_int_equal(mot_layer_describe(layer, text, sizeof text), MOT_OK);
    assert_non_null(strstr(text, "front_scalar_4x4{dc=64}"));
    assert_non_null(strstr(text, "experts_scalar_4x4{mc=32}"));
    assert_non_null(strstr(text, "profile"));
    mot_layer_destroy(layer);
    options.threads = 2;
    assert_int_equal(mot_layer_create(&layer, &shape, &options, profile), MOT_OK);
    assert_int_equal(mot_layer_describe(layer, text, sizeof text), MOT_OK);
    assert_null(strstr(text, "profile"));
    mot_layer_destroy(layer);
    mot_profile_destroy(profile);
    json_decref(json);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(example_loads),
        cmocka_unit_test(each_validator_alone),
        cmocka_unit_test(bad_entries_are_dropped),
        cmocka_unit_test(higher_isa_than_the_key_is_dropped),
        cmocka_unit_test(isa_that_this_machine_lacks_is_dropped),
        cmocka_unit_test(contradictions_are_dropped),
        cmocka_unit_test(groups_are_nearest_by_ratio),
        cmocka_unit_test(everything_else_is_exact),
        cmocka_unit_test(look_up_is_fast),
        cmocka_unit_test(layer_uses_and_describes_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
