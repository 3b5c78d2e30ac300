/* Profiles that lie: every truncation, every flipped byte, deep, huge and odd input; and files that are none. */
#define _GNU_SOURCE
#include "profile_data.h"

#include "cpu.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static char *example_text(void) {
    json_t *json = data_example();
    char *text = json_dumps(json, JSON_INDENT(1));
    json_decref(json);
    return text;
}

/* Loads a copy at the end of its allocation, so that a sanitizer sees any read beyond. */
static mot_status load_exact(const char *text, size_t bytes, size_t *count) {
    char *copy = malloc(bytes ? bytes : 1);
    mot_profile *profile;
    memcpy(copy, text, bytes);
    mot_status status = mot_profile_load_memory(&profile, copy, bytes);
    if (count) *count = mot_profile_count(profile);
    assert_true((status == MOT_OK) == (profile != NULL));
    mot_profile_destroy(profile);
    free(copy);
    return status;
}

static void every_truncation_is_refused(void **state) {
    (void)state;
    char *text = example_text();
    for (size_t bytes = 0; bytes < strlen(text); bytes++)
        assert_int_equal(load_exact(text, bytes, NULL), MOT_ERROR_PROFILE_FORMAT);
    assert_int_equal(load_exact(text, strlen(text), NULL), MOT_OK);
    free(text);
}

static void flipped_bytes_do_no_harm(void **state) {
    (void)state;
    static const unsigned char masks[] = {0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xff};
    char *text = example_text();
    size_t ok = 0, refused = 0, count;
    for (size_t i = 0; i < strlen(text); i++)
        for (size_t m = 0; m < sizeof masks; m++) {
            text[i] ^= (char)masks[m];
            mot_status status = load_exact(text, strlen(text), &count);
            assert_true(status == MOT_OK ||
                        (status >= MOT_ERROR_PROFILE_FORMAT && status <= MOT_ERROR_PROFILE_MACHINE));
            assert_true(count <= 3);
            *(status == MOT_OK ? &ok : &refused) += 1;
            text[i] ^= (char)masks[m];
        }
    printf("flipped: %zu refused, %zu loaded (an entry dropped, white space, or another legal value)\n", refused, ok);
    assert_true(refused > ok);
    free(text);
}

static void deep_input_is_refused(void **state) {
    (void)state;
    enum { DEEP = 1000000 };
    char *text = malloc(2 * DEEP);
    memset(text, '[', DEEP);
    memset(text + DEEP, ']', DEEP);
    assert_int_equal(load_exact(text, DEEP, NULL), MOT_ERROR_PROFILE_FORMAT);
    assert_int_equal(load_exact(text, 2 * DEEP, NULL), MOT_ERROR_PROFILE_FORMAT);
    for (int i = 0; i < 2 * DEEP; i++) text[i] = "[{"[i % 2];
    assert_int_equal(load_exact(text, 2 * DEEP, NULL), MOT_ERROR_PROFILE_FORMAT);
    free(text);
}

/* Sixteen levels are enough for anybody; what is between quotes does not count. */
static void depth_is_capped(void **state) {
    (void)state;
    char text[128];
    const char *nests[] = {"[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]", "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]",
                           "\"\\\"[[[[[[[[[[[[[[[[[[\""};
    const mot_status expected[] = {MOT_ERROR_PROFILE_VERSION, MOT_ERROR_PROFILE_FORMAT, MOT_ERROR_PROFILE_VERSION};
    for (int i = 0; i < 3; i++) {
        json_t *json = data_example();
        json_object_set_new(json, "schema", json_integer(2)); /* so that it is refused later, for that */
        char *example = json_dumps(json, 0), *whole = malloc(strlen(example) + sizeof text);
        snprintf(text, sizeof text, "{\"nest\": %s, ", nests[i]);
        sprintf(whole, "%s%s", text, example + 1);
        assert_int_equal(load_exact(whole, strlen(whole), NULL), expected[i]);
        free(whole);
        free(example);
        json_decref(json);
    }
}

/* Replaces the first `what` in the example. */
static mot_status load_with(const char *what, const char *by, size_t *count) {
    char *text = example_text(), *at = strstr(text, what), *changed = malloc(strlen(text) + strlen(by) + 1);
    assert_non_null(at);
    int n = sprintf(changed, "%.*s%s%s", (int)(at - text), text, by, at + strlen(what));
    mot_status status = load_exact(changed, (size_t)n, count);
    free(changed);
    free(text);
    return status;
}

static void odd_input_is_refused(void **state) {
    (void)state;
    size_t count;
    assert_int_equal(load_with("\"g\": 16", "\"g\": 1e999", NULL), MOT_ERROR_PROFILE_FORMAT);
    assert_int_equal(load_with("\"g\": 16", "\"g\": NaN", NULL), MOT_ERROR_PROFILE_FORMAT);
    assert_int_equal(load_with("\"g\": 16", "\"g\": 99999999999999999999", NULL), MOT_ERROR_PROFILE_FORMAT);
    assert_int_equal(load_with("\"g\": 16", "\"g\": 16, \"g\": 16", NULL), MOT_ERROR_PROFILE_FORMAT);
    assert_int_equal(load_with("\"schema\": 1", "\"schema\": 1, \"schema\": 1", NULL), MOT_ERROR_PROFILE_FORMAT);
    assert_int_equal(load_with("\"mot-profile\"", "\"mot-profile\\u0000x\"", NULL), MOT_ERROR_PROFILE_FORMAT);
    assert_int_equal(load_with("{", "[{", NULL), MOT_ERROR_PROFILE_FORMAT);
    assert_int_equal(load_with("\"entries\"", "\"path\": \"/etc/passwd\", \"entries\"", &count), MOT_OK);
    assert_int_equal(count, 3);
    assert_int_equal(load_with("\"g\": 16", "\"g\": 9223372036854775807", &count), MOT_OK);
    assert_int_equal(load_exact("", 0, NULL), MOT_ERROR_PROFILE_FORMAT);
    assert_int_equal(load_exact("null", 4, NULL), MOT_ERROR_PROFILE_FORMAT);
    assert_int_equal(load_exact("{}", 2, NULL), MOT_ERROR_PROFILE_FORMAT);
    assert_int_equal(load_exact("\"", 1, NULL), MOT_ERROR_PROFILE_FORMAT);
    assert_int_equal(load_exact("\"\\", 2, NULL), MOT_ERROR_PROFILE_FORMAT);
}

static void missing_pointers_are_named(void **state) {
    (void)state;
    mot_profile *profile = (mot_profile *)&profile;
    assert_int_equal(mot_profile_load_memory(NULL, "{}", 2), MOT_ERROR_NULL);
    assert_int_equal(mot_profile_load_memory(&profile, NULL, 2), MOT_ERROR_NULL);
    assert_null(profile);
    assert_int_equal(mot_profile_load(NULL, "x"), MOT_ERROR_NULL);
    assert_int_equal(mot_profile_load(&profile, NULL), MOT_ERROR_NULL);
    assert_int_equal(mot_profile_find(NULL), MOT_ERROR_NULL);
}

/* ---- files ----------------------------------------------------------------------------------------------------- */

static char folder[512];

static int make_folder(void **state) {
    (void)state;
    if (!getcwd(folder, sizeof folder - 32)) return -1;
    if (!mkdtemp(strcat(folder, "/profile-XXXXXX"))) return -1;
    /* Nothing of the user's own set-up must decide a test. */
    unsetenv("MOT_PROFILE");
    setenv("XDG_CONFIG_HOME", folder, 1);
    setenv("XDG_CACHE_HOME", folder, 1);
    setenv("HOME", folder, 1);
    return 0;
}

static int remove_folder(void **state) {
    (void)state;
    char command[600];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

static const char *in_folder(const char *name) {
    static char path[4][1024];
    static int next;
    char *buf = path[next++ % 4];
    snprintf(buf, sizeof path[0], "%s/%s", folder, name);
    return buf;
}

static void write_file(const char *path, const char *text) {
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    fputs(text, out);
    assert_int_equal(fclose(out), 0);
}

static mot_status load_file(const char *path) {
    mot_profile *profile;
    mot_status status = mot_profile_load(&profile, path);
    assert_true((status == MOT_OK) == (profile != NULL));
    mot_profile_destroy(profile);
    return status;
}

static void only_regular_files(void **state) {
    (void)state;
    char *text = example_text();
    write_file(in_folder("good.json"), text);
    free(text);
    assert_int_equal(load_file(in_folder("good.json")), MOT_OK);
    assert_int_equal(symlink("good.json", in_folder("link.json")), 0);
    assert_int_equal(load_file(in_folder("link.json")), MOT_OK);
    assert_int_equal(load_file(in_folder("none.json")), MOT_ERROR_PROFILE_NOT_FOUND);
    assert_int_equal(load_file(in_folder("good.json/x")), MOT_ERROR_PROFILE_NOT_FOUND);
    assert_int_equal(load_file(folder), MOT_ERROR_PROFILE_IO);
    assert_int_equal(mkfifo(in_folder("fifo"), 0600), 0);
    assert_int_equal(load_file(in_folder("fifo")), MOT_ERROR_PROFILE_IO); /* and does not wait for a writer */
    assert_int_equal(load_file("/dev/zero"), MOT_ERROR_PROFILE_IO);
    write_file(in_folder("empty.json"), "");
    assert_int_equal(load_file(in_folder("empty.json")), MOT_ERROR_PROFILE_FORMAT);
    write_file(in_folder("huge.json"), "{");
    assert_int_equal(truncate(in_folder("huge.json"), (off_t)1 << 40), 0);
    assert_int_equal(load_file(in_folder("huge.json")), MOT_ERROR_PROFILE_FORMAT);
}

static mot_status find(void) {
    mot_profile *profile;
    mot_status status = mot_profile_find(&profile);
    mot_profile_destroy(profile);
    return status;
}

static void search_path_is_in_order(void **state) {
    (void)state;
    char machine[256], expected[1024], path[4096];
    mot_cpu_fingerprint(machine, sizeof machine);
    setenv("XDG_CONFIG_HOME", "/c", 1);
    setenv("XDG_CACHE_HOME", "relative", 1);
    const char *folders[] = {"/c/mot", NULL, "/etc/mot"};
    for (size_t i = 0; i < 3; i++) {
        if (folders[i])
            snprintf(expected, sizeof expected, "%s/%s.json", folders[i], machine);
        else
            snprintf(expected, sizeof expected, "%s/.cache/mot/%s.json", folder, machine);
        assert_true(mot_profile_search_path(i, path, sizeof path));
        assert_string_equal(path, expected);
    }
    setenv("HOME", "also/relative", 1);
    assert_true(mot_profile_search_path(1, path, sizeof path));
    assert_non_null(strstr(path, "/etc/mot/"));
    assert_false(mot_profile_search_path(9, path, sizeof path));
    assert_false(mot_profile_search_path(0, path, 5));
    setenv("MOT_PROFILE", "some/where.json", 1);
    assert_true(mot_profile_search_path(0, path, sizeof path));
    assert_string_equal(path, "some/where.json");
    assert_false(mot_profile_search_path(1, path, sizeof path));
    make_folder(state);
}

static void first_that_exists_is_loaded(void **state) {
    (void)state;
    char machine[256], name[300], *text = example_text();
    mot_cpu_fingerprint(machine, sizeof machine);
    setenv("XDG_CONFIG_HOME", in_folder("config"), 1);
    setenv("XDG_CACHE_HOME", in_folder("cache"), 1);
    for (int i = 0; i < 2; i++) {
        mkdir(in_folder(i ? "cache" : "config"), 0700);
        mkdir(in_folder(i ? "cache/mot" : "config/mot"), 0700);
    }
    assert_int_equal(find(), MOT_ERROR_PROFILE_NOT_FOUND);
    snprintf(name, sizeof name, "cache/mot/%s.json", machine);
    write_file(in_folder(name), text);
    assert_int_equal(find(), MOT_OK);
    snprintf(name, sizeof name, "config/mot/%s.json", machine);
    write_file(in_folder(name), "broken");
    assert_int_equal(find(), MOT_ERROR_PROFILE_FORMAT); /* not silently the next one */
    write_file(in_folder("named.json"), text);
    setenv("MOT_PROFILE", in_folder("named.json"), 1);
    assert_int_equal(find(), MOT_OK);
    setenv("MOT_PROFILE", in_folder("missing.json"), 1);
    assert_int_equal(find(), MOT_ERROR_PROFILE_NOT_FOUND);
    setenv("MOT_PROFILE", "", 1);
    assert_int_equal(find(), MOT_ERROR_PROFILE_FORMAT);
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(flipped_bytes_do_no_harm),
        cmocka_unit_test(deep_input_is_refused),
        cmocka_unit_test(depth_is_capped),
        cmocka_unit_test(odd_input_is_refused),
        cmocka_unit_test(missing_pointers_are_named),
        cmocka_unit_test_setup_teardown(only_regular_files, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(search_path_is_in_order, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(first_that_exists_is_loaded, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
