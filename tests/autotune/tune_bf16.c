/* tune_bf16.c: tuning of bf16 neither meets nor disturbs what is of f32. */
#include "plan.h"
#include "profile_write.h"
#include "tuner.h"

#include "scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const mot_shape shape = {64, 16, 16, 256, 8};

static json_t *entry_of_f32(void) {
    return json_pack("[{s:s,s:s,s:s,s:i,s:s,s:{s:i,s:i,s:i,s:i,s:i},s:[s],s:{s:s}}]", "stage", "mix", "dtype", "f32",
                     "isa", "scalar", "threads", 1, "cache", "hot", "dims", "g", 64, "t", 16, "e", 16, "d", 256, "h", 8,
                     "choices", "mix_scalar_4x4{dc=64}", "evidence", "date", "2026-01-01T00:00:00Z");
}

/* The best kernel of this machine, as if the scalar ones had one that is quicker than their default. */
static mot_variant quick_one(mot_dtype dtype, const char *name) {
    mot_variant v = *mot_select_stage(MOT_STAGE_MIX, &shape, mot_cpu_isa(), dtype).variant;
    v.name = name;
    v.isa = MOT_ISA_SCALAR;
    v.knob_count = 0;
    return v;
}

static void tune(const char *folder) {
    const mot_variant quick = quick_one(MOT_BF16, "mix_scalar_bf16_quick"),
                      quick_f32 = quick_one(MOT_F32, "mix_scalar_quick");
    const mot_variant *const list[] = {mot_registry_find("mix_scalar_4x4"), &quick_f32,
                                       mot_registry_find("mix_scalar_bf16_4x4"), &quick};
    const shape_list shapes = {.count = 1, .item = (mot_shape *)&shape};
    const tune_options o = {.threads = 1,
                            .budget_s = 20,
                            .seed = 7,
                            .isa = MOT_ISA_SCALAR,
                            .dtype = MOT_BF16,
                            .cache = CACHE_HOT,
                            .profile_path = scratch_path(folder, "profile.json"),
                            .journal_path = scratch_path(folder, "trials.jsonl")};
    tune_summary summary;
    char error[512] = "";
    if (!tune_variants(&shapes, &o, list, 4, &summary, error, sizeof error)) fail_msg("%s", error);
    assert_true(summary.evaluations > 0);
}

static void bf16_has_keys_of_its_own(void **state) {
    char error[512] = "";
    json_t *old = entry_of_f32();
    assert_true(profile_write(scratch_path(*state, "profile.json"), old, error, sizeof error));
    json_decref(old);
    tune(*state);
    char *profile = scratch_read(scratch_path(*state, "profile.json")),
         *journal = scratch_read(scratch_path(*state, "trials.jsonl"));
    assert_non_null(strstr(journal, "|scalar|bf16\""));
    assert_null(strstr(journal, "|f32"));
    assert_null(strstr(journal, "mix_scalar_4x4"));
    assert_null(strstr(journal, "mix_scalar_quick"));
    assert_non_null(strstr(profile, "mix_scalar_4x4{dc=64}")); /* the entry of f32 stays */
    if (mot_cpu_isa() > MOT_ISA_SCALAR) {
        assert_non_null(strstr(profile, "\"choices\":[\"mix_scalar_bf16_quick\"]"));
        assert_non_null(strstr(profile, "\"dtype\":\"bf16\""));
    }
    free(profile);
    free(journal);
}

/* An ISA that the data type has no variants of is no key of its own. */
static void keys_name_an_isa_of_the_type(void **state) {
    const mot_variant *const list[] = {mot_registry_find("mix_scalar_4x4")};
    const shape_list shapes = {.count = 1, .item = (mot_shape *)&shape};
    tune_options o = {.threads = 1,
                      .budget_s = 5,
                      .isa = MOT_ISA_AVX512BF16,
                      .dtype = MOT_F32,
                      .cache = CACHE_HOT,
                      .profile_path = scratch_path(*state, "profile.json"),
                      .journal_path = scratch_path(*state, "trials.jsonl")};
    tune_summary summary;
    char error[512] = "";
    if (mot_cpu_isa() < MOT_ISA_AVX512) {
        print_message("SKIP: this machine cannot run the default that would be measured\n");
        skip();
    }
    const mot_variant avx512 = *mot_registry_find("mix_avx512_12x32");
    const mot_variant *const both[] = {list[0], &avx512,
                                       mot_select_stage(MOT_STAGE_MIX, &shape, o.isa, o.dtype).variant};
    if (!tune_variants(&shapes, &o, both, 3, &summary, error, sizeof error)) fail_msg("%s", error);
    char *journal = scratch_read(scratch_path(*state, "trials.jsonl"));
    assert_non_null(strstr(journal, "|avx512|f32\""));
    free(journal);
}

int main(void) {
    const struct CMUnitTest tests[] = {scratch_test(bf16_has_keys_of_its_own),
                                       scratch_test(keys_name_an_isa_of_the_type)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
