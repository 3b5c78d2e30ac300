/* The journal: lines survive anything, torn ones do no harm, other environments are not seen. */
#define _GNU_SOURCE
#include "journal.h"

#include "scratch.h"

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

static journal *open_journal(const char *path, const char *env, bool resume) {
    journal *j;
    char error[512] = "";
    if (!journal_open(&j, path, env, resume, error, sizeof error)) fail_msg("%s", error);
    return j;
}

static void add(journal *j, const char *id, int value) {
    assert_true(journal_append(j, json_pack("{s:s,s:i}", "id", id, "value", value)));
}

static int value(const journal *j, const char *id) {
    const json_t *line = journal_find(j, id);
    return line ? (int)json_integer_value(json_object_get(line, "value")) : -1;
}

static void lines_are_found_again(void **state) {
    const char *path = scratch_path(*state, "deep/down/j.jsonl");
    journal *j = open_journal(path, "here", false);
    add(j, "a", 1);
    add(j, "b", 2);
    add(j, "a", 3);
    assert_int_equal(value(j, "a"), 3);
    journal_close(j);
    j = open_journal(path, "here", true);
    assert_int_equal(value(j, "a"), 3);
    assert_int_equal(value(j, "b"), 2);
    assert_int_equal(value(j, "c"), -1);
    journal_close(j);
    j = open_journal(path, "elsewhere", true);
    assert_int_equal(value(j, "a"), -1);
    add(j, "a", 9);
    journal_close(j);
    j = open_journal(path, "here", true);
    assert_int_equal(value(j, "a"), 3);
    journal_close(j);
    j = open_journal(path, "here", false);
    assert_int_equal(value(j, "a"), -1);
    journal_close(j);
    journal_close(NULL);
}

static void every_torn_line_is_passed_over(void **state) {
    const char *path = scratch_path(*state, "j.jsonl");
    journal *j = open_journal(path, "here", false);
    add(j, "a", 1);
    add(j, "b", 2);
    journal_close(j);
    char *text = scratch_read(path);
    size_t first = (size_t)(strchr(text, '\n') - text) + 1, whole = strlen(text);
    for (size_t bytes = first; bytes <= whole; bytes++) {
        scratch_write(path, text);
        assert_int_equal(truncate(path, (off_t)bytes), 0);
        j = open_journal(path, "here", true);
        assert_int_equal(value(j, "a"), 1);
        /* Complete but for its newline, the line is JSON still, and as good as whole or lost: both are right. */
        assert_true(value(j, "b") == (bytes >= whole - 1 ? 2 : -1));
        add(j, "c", 3);
        journal_close(j);
        j = open_journal(path, "here", true);
        assert_int_equal(value(j, "c"), 3);
        journal_close(j);
    }
    free(text);
}

static void rubbish_is_passed_over(void **state) {
    const char *path = scratch_path(*state, "j.jsonl");
    char *deep = malloc(1 << 22);
    memset(deep, '[', (1 << 22) - 1);
    strcpy(deep + (1 << 22) - 64, "\nnot json\n[]\n{\"id\":7,\"env\":\"here\"}\n\n");
    scratch_write(path, deep);
    free(deep);
    journal *j = open_journal(path, "here", true);
    add(j, "a", 1);
    journal_close(j);
    j = open_journal(path, "here", true);
    assert_int_equal(value(j, "a"), 1);
    journal_close(j);
}

static void odd_files_are_refused(void **state) {
    journal *j;
    char error[512] = "";
    mkfifo(scratch_path(*state, "fifo"), 0600);
    assert_false(journal_open(&j, scratch_path(*state, "fifo"), "here", true, error, sizeof error));
    assert_non_null(strstr(error, "not a regular file"));
    assert_false(journal_open(&j, *state, "here", true, error, sizeof error));
    assert_non_null(strstr(error, "cannot open the journal"));
    assert_null(j);
}

static void a_full_disk_is_reported(void **state) {
    const char *path = scratch_path(*state, "j.jsonl");
    pid_t child = fork();
    if (child == 0) {
        struct rlimit limit = {100, 100};
        journal *j;
        char error[512];
        signal(SIGXFSZ, SIG_IGN);
        if (!journal_open(&j, path, "here", false, error, sizeof error)) _exit(2);
        setrlimit(RLIMIT_FSIZE, &limit);
        bool ok = true;
        for (int i = 0; ok && i < 9; i++) ok = journal_append(j, json_pack("{s:s,s:i}", "id", "a", "value", i));
        _exit(!ok && strstr(journal_error(j), "cannot write the journal") ? 0 : 1);
    }
    int status;
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
}

/* Killed at any moment, every line that append returned for is there. */
static void killed_tuners_lose_no_line(void **state) {
    const char *path = scratch_path(*state, "j.jsonl");
    for (int k = 0; k < 20; k++) {
        int done[2];
        assert_int_equal(pipe(done), 0);
        pid_t child = fork();
        if (child == 0) {
            journal *j;
            char id[32], error[512];
            if (!journal_open(&j, path, "here", false, error, sizeof error)) _exit(1);
            for (int i = 0;; i++) {
                snprintf(id, sizeof id, "%d.%d", k, i);
                if (!journal_append(j, json_pack("{s:s,s:i}", "id", id, "value", i))) _exit(1);
                if (write(done[1], &i, sizeof i) != sizeof i) _exit(1);
            }
        }
        close(done[1]);
        usleep((useconds_t)(2000 + rand() % 20000));
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        int last = -1;
        for (int i; read(done[0], &i, sizeof i) == sizeof i;) last = i;
        close(done[0]);
        journal *j = open_journal(path, "here", true);
        for (int i = 0; i <= last; i++) {
            char id[32];
            snprintf(id, sizeof id, "%d.%d", k, i);
            assert_int_equal(value(j, id), i);
        }
        journal_close(j);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        scratch_test(lines_are_found_again),   scratch_test(every_torn_line_is_passed_over),
        scratch_test(rubbish_is_passed_over),  scratch_test(odd_files_are_refused),
        scratch_test(a_full_disk_is_reported), scratch_test(killed_tuners_lose_no_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
