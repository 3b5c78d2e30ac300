/* Writing profiles: bytes, merging, other machines, concurrent writers, a writer killed at any time. */
#define _GNU_SOURCE
#include "profile_write.h"

#include "cpu.h"
#include "profile.h"
#include "registry.h"
#include "scratch.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

enum { WRITERS = 8, UPDATES = 50, KILLS = 60 };

/* An entry that libmot accepts, for d = 64 + i. */
static json_t *entry(int i, const char *choice, const char *date) {
    return json_pack("{s:s,s:s,s:s,s:i,s:s,s:{s:i,s:i,s:i,s:i,s:i},s:[s],s:{s:s,s:f}}", "stage", "mix", "dtype", "f32",
                     "isa", "scalar", "threads", 1, "cache", "cold-weights", "dims", "g", 16, "t", 4, "e", 4, "d",
                     64 + i, "h", 64, "choices", choice, "evidence", "date", date, "median_ns", 1e5 / 3);
}

static json_t *list(json_t *one) {
    json_t *array = json_array();
    json_array_append_new(array, one);
    return array;
}

static void write_entry(const char *path, json_t *one) {
    char error[512] = "";
    json_t *entries = list(one);
    if (!profile_write(path, entries, error, sizeof error)) fail_msg("%s", error);
    json_decref(entries);
}

static size_t entries_in(const char *path) {
    mot_profile *profile;
    mot_status status = mot_profile_load(&profile, path);
    if (status != MOT_OK) fail_msg("%s: %s", path, mot_status_string(status));
    assert_int_equal(mot_profile_dropped(profile), 0);
    size_t count = mot_profile_count(profile);
    mot_profile_destroy(profile);
    return count;
}

static void libmot_reads_it(void **state) {
    const char *path = scratch_path(*state, "a/b/profile.json");
    mot_profile *profile;
    mot_choice choice;
    const mot_shape shape = {16, 4, 4, 64, 64};
    write_entry(path, entry(0, "mix_scalar_4x4{dc=128}", "2026-01-01T00:00:00Z"));
    assert_int_equal(mot_profile_load(&profile, path), MOT_OK);
    assert_true(mot_profile_stage(profile, MOT_STAGE_MIX, &shape, MOT_ISA_SCALAR, MOT_F32, 1, &choice));
    assert_int_equal(choice.config.value[0], 128);
    mot_profile_destroy(profile);
}

static void bytes_do_not_depend_on_order(void **state) {
    const char *a = scratch_path(*state, "a.json"), *b = scratch_path(*state, "b.json");
    for (int i = 0; i < 20; i++) {
        write_entry(a, entry(i, "mix_scalar_4x4", "2026-01-01T00:00:00Z"));
        write_entry(b, entry(19 - i, "mix_scalar_4x4", "2026-01-01T00:00:00Z"));
    }
    char *first = scratch_read(a), *second = scratch_read(b);
    assert_string_equal(first, second);
    write_entry(a, entry(7, "mix_scalar_4x4", "2026-01-01T00:00:00Z")); /* idempotent */
    char *third = scratch_read(a);
    assert_string_equal(first, third);
    free(first);
    free(second);
    free(third);
}

static void expect_choice(const char *path, int i, const char *text) {
    bool missing;
    char error[512];
    json_t *profile = profile_read(path, &missing, error, sizeof error), *one;
    const char *found = NULL;
    size_t k;
    json_array_foreach(json_object_get(profile, "entries"), k, one) {
        if (json_integer_value(json_object_get(json_object_get(one, "dims"), "d")) == 64 + i)
            found = json_string_value(json_array_get(json_object_get(one, "choices"), 0));
    }
    if (text)
        assert_string_equal(found, text);
    else
        assert_null(found);
    json_decref(profile);
}

static void newer_evidence_wins(void **state) {
    const char *path = scratch_path(*state, "p.json");
    write_entry(path, entry(0, "mix_scalar_4x4{dc=64}", "2026-01-02T00:00:00Z"));
    write_entry(path, entry(1, "mix_scalar_4x4{dc=64}", "2026-01-02T00:00:00Z"));
    write_entry(path, entry(0, "mix_scalar_4x4{dc=128}", "2026-01-01T00:00:00Z"));
    expect_choice(path, 0, "mix_scalar_4x4{dc=64}");
    write_entry(path, entry(0, "mix_scalar_4x4{dc=256}", "2026-01-03T00:00:00Z"));
    expect_choice(path, 0, "mix_scalar_4x4{dc=256}");
    expect_choice(path, 1, "mix_scalar_4x4{dc=64}");
    json_t *none = entry(0, "mix_scalar_4x4", "2026-01-02T12:00:00Z");
    json_object_set_new(none, "kept", json_false());
    write_entry(path, none); /* older than what is there */
    expect_choice(path, 0, "mix_scalar_4x4{dc=256}");
    none = entry(0, "mix_scalar_4x4", "2026-01-04T00:00:00Z");
    json_object_set_new(none, "kept", json_false());
    write_entry(path, none); /* no gain any more */
    expect_choice(path, 0, NULL);
    expect_choice(path, 1, "mix_scalar_4x4{dc=64}");
}

static void other_machines_profile_is_kept_aside(void **state) {
    const char *path = scratch_path(*state, "p.json"), *old = scratch_path(*state, "p.json.old");
    scratch_write(path,
                  "{\"format\":\"mot-profile\",\"schema\":1,\"library\":\"0.0.9\",\"kernels\":\"0\",\"machine\":\"m\","
                  "\"entries\":[{\"stage\":\"mix\"}]}");
    char *before = scratch_read(path);
    write_entry(path, entry(0, "mix_scalar_4x4", "2026-01-01T00:00:00Z"));
    char *after = scratch_read(old);
    assert_string_equal(before, after);
    assert_int_equal(entries_in(path), 1);
    free(before);
    free(after);
}

static void refuse(const char *path, const char *expected) {
    char error[512] = "";
    json_t *entries = list(entry(0, "mix_scalar_4x4", "2026-01-01T00:00:00Z"));
    assert_false(profile_check(path, error, sizeof error));
    assert_non_null(strstr(error, expected));
    assert_false(profile_write(path, entries, error, sizeof error));
    assert_non_null(strstr(error, expected));
    assert_null(strchr(error, '\n'));
    json_decref(entries);
}

static void what_is_no_profile_is_not_overwritten(void **state) {
    const char *path = scratch_path(*state, "p.json");
    const char *texts[] = {"important, but no profile\n", "{\"format\":\"other\",\"entries\":[]}", "", "[1]"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        scratch_write(path, texts[i]);
        refuse(path, "is not a profile");
        char *after = scratch_read(path);
        assert_string_equal(after, texts[i]);
        free(after);
    }
    mkdir(scratch_path(*state, "folder"), 0700);
    refuse(scratch_path(*state, "folder"), "not a regular file");
    mkfifo(scratch_path(*state, "fifo"), 0600);
    refuse(scratch_path(*state, "fifo"), "not a regular file");
    refuse(scratch_path(*state, "p.json/below/it.json"), "cannot make the folder");
}

/* A limit on file size stands for a full disk: the old profile stays, and nothing is left beside it. */
static void a_full_disk_leaves_the_old_one(void **state) {
    const char *path = scratch_path(*state, "p.json");
    for (int i = 0; i < 4; i++) write_entry(path, entry(i, "mix_scalar_4x4", "2026-01-01T00:00:00Z"));
    char *before = scratch_read(path), error[512] = "";
    pid_t child = fork();
    if (child == 0) {
        struct rlimit limit = {200, 200};
        json_t *entries = list(entry(9, "mix_scalar_4x4", "2026-01-01T00:00:00Z"));
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &limit);
        bool ok = profile_write(path, entries, error, sizeof error);
        _exit(!ok && strstr(error, "cannot write") ? 0 : 1);
    }
    int status;
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
    char *after = scratch_read(path);
    assert_string_equal(before, after);
    assert_int_equal(scratch_count(*state), 2); /* the profile and its lock */
    free(before);
    free(after);
}

static void writers_lose_nothing(void **state) {
    const char *path = scratch_path(*state, "p.json");
    pid_t writer[WRITERS];
    for (int w = 0; w < WRITERS; w++)
        if ((writer[w] = fork()) == 0) {
            char error[512];
            for (int i = 0; i < UPDATES; i++) {
                json_t *entries = list(entry(w * UPDATES + i, "mix_scalar_4x4", "2026-01-01T00:00:00Z"));
                if (!profile_write(path, entries, error, sizeof error)) _exit(1);
                json_decref(entries);
            }
            _exit(0);
        }
    for (int w = 0; w < WRITERS; w++) {
        int status;
        waitpid(writer[w], &status, 0);
        assert_int_equal(status, 0);
    }
    assert_int_equal(entries_in(path), WRITERS * UPDATES);
    assert_int_equal(scratch_count(*state), 2);
}

static void killed_writers_leave_a_whole_profile(void **state) {
    const char *path = scratch_path(*state, "p.json");
    write_entry(path, entry(0, "mix_scalar_4x4", "2026-01-01T00:00:00Z"));
    size_t before = 1;
    for (int k = 0; k < KILLS; k++) {
        pid_t child = fork();
        if (child == 0) {
            char error[512];
            for (int i = 0;; i++) {
                json_t *entries = list(entry(1 + k * 100 + i % 100, "mix_scalar_4x4", "2026-01-01T00:00:00Z"));
                if (!profile_write(path, entries, error, sizeof error)) _exit(1);
                json_decref(entries);
            }
        }
        usleep((useconds_t)(rand() % 8000));
        kill(child, SIGKILL);
        int status;
        waitpid(child, &status, 0);
        assert_true(WIFSIGNALED(status));
        size_t now = entries_in(path); /* whole, and never smaller */
        assert_true(now >= before);
        before = now;
    }
    printf("killed %d writers, %zu entries in the end\n", KILLS, before);
    write_entry(path, entry(0, "mix_scalar_4x4", "2026-01-01T00:00:00Z")); /* no lock is left behind */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        scratch_test(libmot_reads_it),
        scratch_test(bytes_do_not_depend_on_order),
        scratch_test(newer_evidence_wins),
        scratch_test(other_machines_profile_is_kept_aside),
        scratch_test(what_is_no_profile_is_not_overwritten),
        scratch_test(a_full_disk_leaves_the_old_one),
        scratch_test(writers_lose_nothing),
        scratch_test(killed_writers_leave_a_whole_profile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
