/* Version, statuses, variants and memory. */
#include "api.h"

#include <stdio.h>
#include <string.h>

static void version_is_the_header_s(void **state) {
    (void)state;
    char text[32];
    snprintf(text, sizeof text, "%d.%d.%d", MOT_VERSION_MAJOR, MOT_VERSION_MINOR, MOT_VERSION_PATCH);
    assert_string_equal(mot_version_string(), text);
    assert_int_equal(mot_version(), MOT_VERSION_MAJOR * 10000 + MOT_VERSION_MINOR * 100 + MOT_VERSION_PATCH);
}

static const mot_status statuses[] = {MOT_OK,
                                      MOT_ERROR_NULL,
                                      MOT_ERROR_SHAPE,
                                      MOT_ERROR_OVERFLOW,
                                      MOT_ERROR_OPTIONS,
                                      MOT_ERROR_STRIDES,
                                      MOT_ERROR_OVERLAP,
                                      MOT_ERROR_WORKSPACE,
                                      MOT_ERROR_ALIGNMENT,
                                      MOT_ERROR_WEIGHTS,
                                      MOT_ERROR_BUFFER,
                                      MOT_ERROR_DTYPE,
                                      MOT_ERROR_ISA,
                                      MOT_ERROR_SUPPORT,
                                      MOT_ERROR_UNVERIFIED,
                                      MOT_ERROR_MEMORY,
                                      MOT_ERROR_DEVICE,
                                      MOT_ERROR_PROFILE_NOT_FOUND,
                                      MOT_ERROR_PROFILE_IO,
                                      MOT_ERROR_PROFILE_FORMAT,
                                      MOT_ERROR_PROFILE_VERSION,
                                      MOT_ERROR_PROFILE_MACHINE};

static bool known(int value) {
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
        if ((int)statuses[i] == value) return true;
    return false;
}

static void every_status_has_its_own_sentence(void **state) {
    (void)state;
    const char *unknown = mot_status_string((mot_status)-1);
    assert_non_null(unknown);
    for (int value = -3; value < 300; value++) {
        const char *text = mot_status_string((mot_status)value);
        assert_non_null(text);
        assert_true(strlen(text) > 0);
        assert_int_equal(strcmp(text, unknown) != 0, known(value));
        for (int other = 0; known(value) && other < value; other++)
            assert_string_not_equal(text, mot_status_string((mot_status)other));
    }
}

static void variants_have_unique_names(void **state) {
    (void)state;
    size_t count = mot_variant_count();
    assert_true(count >= 4);
    for (size_t i = 0; i < count; i++) {
        assert_non_null(mot_variant_name(i));
        assert_non_null(strchr(mot_variant_name(i), '_'));
        for (size_t j = 0; j < i; j++) assert_string_not_equal(mot_variant_name(i), mot_variant_name(j));
    }
    assert_null(mot_variant_name(count));
    assert_null(mot_variant_name(SIZE_MAX));
}

static void every_stage_has_a_variant_of_every_isa(void **state) {
    (void)state;
    static const char *const stages[] = {"route", "mix", "experts", "redistribute"};
    for (size_t stage = 0; stage < 4; stage++)
        for (mot_isa isa = MOT_ISA_SCALAR; isa <= MOT_ISA_AVX512; isa++) {
            char prefix[40];
            size_t length = (size_t)snprintf(prefix, sizeof prefix, "%s_%s_", stages[stage], isa_text(isa)), found = 0;
            for (size_t i = 0; i < mot_variant_count(); i++) found += !strncmp(mot_variant_name(i), prefix, length);
            if (found < (isa == MOT_ISA_SCALAR ? 1 : 3)) fail_msg("%zu variants %s*", found, prefix);
        }
}

static void memory_is_aligned_to_64(void **state) {
    (void)state;
    for (size_t bytes = 1; bytes < 300; bytes += 7) {
        char *memory = mot_alloc(bytes);
        assert_non_null(memory);
        assert_int_equal((uintptr_t)memory % 64, 0);
        memset(memory, 1, bytes);
        mot_free(memory);
    }
    mot_free(NULL);
}

static void impossible_memory_is_null(void **state) {
    (void)state;
    assert_null(mot_alloc(0));
    for (size_t less = 0; less < 130; less++) assert_null(mot_alloc(SIZE_MAX - less));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(version_is_the_header_s),    cmocka_unit_test(every_status_has_its_own_sentence),
        cmocka_unit_test(variants_have_unique_names), cmocka_unit_test(every_stage_has_a_variant_of_every_isa),
        cmocka_unit_test(memory_is_aligned_to_64),    cmocka_unit_test(impossible_memory_is_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
