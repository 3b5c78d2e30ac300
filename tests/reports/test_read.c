/* Files that are torn, hostile or not sample files at all. */
#include "fixture.h"
#include "helper.h"
#include "report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char path[] = "test_read.jsonl";

static bool load(char *error) {
    report *r = NULL;
    const char *const paths[] = {path};
    bool good = report_load(&r, paths, 1, NULL, error, 512);
    assert_true(good == (r != NULL));
    report_free(r);
    return good;
}

/* Loads what there is, writes it as HTML and JSON to nowhere. */
static bool survive(const char *text, size_t length, bool write) {
    char error[512] = "";
    report *r = NULL;
    const char *const paths[] = {path};
    save(path, text, length);
    if (!report_load(&r, paths, 1, NULL, error, sizeof error)) {
        assert_true(*error);
        return false;
    }
    FILE *nowhere = write ? fopen("/dev/null", "w") : NULL;
    assert_true(nowhere || !write);
    assert_true(!write || report_write(r, "html", nowhere));
    assert_true(!write || report_write(r, "md", nowhere));
    if (nowhere) fclose(nowhere);
    report_free(r);
    return true;
}

/* A few lines of each kind: reading each beginning of a file takes time by the square of its length. */
static fixture small(void) {
    fixture f = fixture_full();
    f.shapes = 0;
    f.threads1 = f.sweeps = f.grains = f.checks = false;
    f.samples = 3;
    return f;
}

static void truncated_at_every_byte(void **state) {
    (void)state;
    size_t length = 0;
    fixture f = small();
    char *text = fixture_text(&f, &length);
    assert_non_null(text);
    const size_t run_line = strcspn(text, "\n"); /* from its last byte on, every length is a report */
    for (size_t n = 0; n <= length; n += TEST_EVERY) assert_int_equal(survive(text, n, n % 16 == 0), n >= run_line);
    free(text);
}

static void random_bytes_changed(void **state) {
    (void)state;
    size_t length = 0;
    uint32_t seed = 1;
    fixture f = fixture_full();
    f.shapes = 1;
    f.threads1 = f.sweeps = false;
    char *text = fixture_text(&f, &length), *copy = malloc(length);
    assert_non_null(copy);
    for (int round = 0; round < 400; round++) {
        memcpy(copy, text, length);
        for (int k = 0; k < 20; k++) {
            seed = seed * 1664525u + 1013904223u;
            copy[(seed >> 4) % length] = (char)(seed >> 24);
        }
        survive(copy, length, round % 4 == 0);
    }
    free(copy);
    free(text);
}

static void refused(const char *text, const char *why) {
    char error[512] = "";
    save(path, text, strlen(text));
    assert_false(load(error));
    if (!strstr(error, why)) fail_msg("\"%s\" does not say \"%s\"", error, why);
    assert_non_null(strstr(error, path));
    assert_null(strchr(error, '\n'));
}

static void refusals_name_what_is_wrong(void **state) {
    (void)state;
    refused("", "no run line");
    refused("hello\n", "no run line");
    refused(END_LINE, "no run line");
    refused("{\"type\":\"run\",\"schema\":2}\n", "schema 2");
    char error[512] = "";
    remove(path);
    assert_false(load(error));
    assert_non_null(strstr(error, "No such file"));
    assert_int_equal(mkdir(path, 0700), 0);
    assert_false(load(error));
    assert_non_null(strstr(error, "no regular file"));
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0); /* must not wait for a writer */
    assert_false(load(error));
    assert_non_null(strstr(error, "no regular file"));
    remove(path);
}

static void strange_lines_are_survived(void **state) {
    (void)state;
    static const char *const lines[] = {
        "[]\n",
        "5\n",
        "{}\n",
        "{\"type\":5}\n",
        "{\"type\":\"unknown\",\"x\":1}\n",
        "{\"type\":\"bench\"}\n",
        "{\"type\":\"bench\",\"samples_ns\":[null,\"x\",1e999]}\n",
        "{\"type\":\"bench\",\"samples_ns\":{},\"tainted\":[99,-1,\"a\",1e30]}\n",
        "{\"type\":\"bench\",\"name\":\"n\",\"status\":\"ok\",\"samples_ns\":[1e308,1e308],\"dims\":{\"g\":-1},"
        "\"flops\":1e308,\"bytes\":1e-308,\"threads\":-5}\n",
        "{\"type\":\"check\",\"fraction\":\"high\",\"verdict\":7}\n",
        "{\"type\":\"ceiling\",\"median\":-3,\"unit\":\"GFLOP/s\"}\n",
        "{\"type\":\"ceiling\",\"name\":\"read_L1\",\"unit\":\"GB/"
        "s\",\"median\":1e300,\"threads\":2}\n{\"type\":\"ceiling\",\"name\":\"fma\",\"unit\":\"GFLOP/"
        "s\",\"median\":1e-300,\"threads\":2}\n",
        "{\"type\":\"tune\",\"speedup\":null,\"kept\":true}\n",
        "{\"type\":\"run\",\"schema\":1,\"host\":{\"fingerprint\":\"one\"},\"argv\":\"x\",\"doctor\":5,\"libraries\":["
        "1]}\n",
        "{\"type\":\"bench\",\"name\":\"s\",\"status\":\"ok\",\"group\":\"sweep-group\",\"shape\":\"g0t0e0d0h0\","
        "\"samples_ns\":[1]}\n",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        char text[4096];
        int n = snprintf(text, sizeof text, RUN_LINE "%s" END_LINE, lines[i]);
        assert_true(survive(text, (size_t)n, true));
    }
    remove(path);
}

static void deep_brackets_are_no_crash(void **state) {
    (void)state;
    enum { DEEP = 1000000 };
    char *text = malloc(DEEP + 1024);
    assert_non_null(text);
    size_t n = strlen(strcpy(text, RUN_LINE));
    memset(text + n, '[', DEEP);
    text[n + DEEP] = '\n';
    assert_true(survive(text, n + DEEP + 1, true));
    free(text);
    remove(path);
}

static void unreadable_lines_are_counted(void **state) {
    (void)state;
    loaded *l = load_text(RUN_LINE "{torn{\"type\":\n" END_LINE);
    assert_true(l->good);
    assert_int_equal(l->records.runs[0].unreadable, 1);
    assert_int_equal(l->model.warning_count, 1);
    unload(l);
}

static bool load_with_profile(const char *profile, char *error) {
    report *r = NULL;
    const char *const paths[] = {path};
    save(path, RUN_LINE END_LINE, strlen(RUN_LINE END_LINE));
    save("test_read_profile.json", profile, strlen(profile));
    bool good = report_load(&r, paths, 1, "test_read_profile.json", error, 512);
    report_free(r);
    remove("test_read_profile.json");
    return good;
}

static void profiles(void **state) {
    (void)state;
    char error[512] = "", *text = NULL;
    size_t length = 0;
    FILE *f = open_memstream(&text, &length);
    assert_non_null(f);
    fixture_profile(f, "one");
    assert_int_equal(fclose(f), 0);
    assert_true(load_with_profile(text, error));
    for (size_t n = 0; n < length - 2; n++) {
        char *part = strndup(text, n);
        assert_false(load_with_profile(part, error));
        free(part);
    }
    free(text);
    assert_false(load_with_profile("{\"machine\":\"two\",\"entries\":[]}", error));
    assert_non_null(strstr(error, "another machine"));
    assert_false(load_with_profile("[1]", error));
    assert_non_null(strstr(error, "no machine profile"));
    remove(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(truncated_at_every_byte),
        cmocka_unit_test(random_bytes_changed),
        cmocka_unit_test(refusals_name_what_is_wrong),
        cmocka_unit_test(strange_lines_are_survived),
        cmocka_unit_test(deep_brackets_are_no_crash),
        cmocka_unit_test(unreadable_lines_are_counted),
        cmocka_unit_test(profiles),
    };
    return cmocka_run_group_tests_name("report reader", tests, NULL, NULL);
}
