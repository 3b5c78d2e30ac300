#include "driver.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TEXT_MAX = 1 << 20 };
static char folder[] = "mot_cli_XXXXXX";

int driver_set_up(void **state) {
    (void)state;
    char home[4096];
    if (!mkdtemp(folder) || chdir(folder) != 0 || !getcwd(home, sizeof home)) return -1;
    static const char *const unset[] = {"MOT_ISA",         "MOT_NUM_THREADS", "MOT_PROFILE",   "NO_COLOR",
                                        "XDG_CONFIG_HOME", "XDG_CACHE_HOME",  "XDG_STATE_HOME"};
    for (size_t i = 0; i < sizeof unset / sizeof *unset; i++) unsetenv(unset[i]);
    return setenv("HOME", home, 1);
}

int driver_tear_down(void **state) {
    (void)state;
    char command[64];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return chdir("..") == 0 ? system(command) : -1;
}

static char *read_into(char *buf, const char *path) {
    FILE *file = fopen(path, "r");
    size_t n = file ? fread(buf, 1, TEXT_MAX - 1, file) : 0;
    if (file) fclose(file);
    buf[n] = '\0';
    return buf;
}

char *read_text(const char *path) {
    static char text[TEXT_MAX];
    return read_into(text, path);
}

void write_text(const char *path, const char *text) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static pid_t start(const char *environment, const char *command) {
    char line[4096];
    snprintf(line, sizeof line, "%s exec '%s' %s", environment, MOTBENCH, command);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child) return child;
    int in = open("/dev/null", O_RDONLY), out = open("stdout", O_CREAT | O_TRUNC | O_WRONLY, 0600),
        err = open("stderr", O_CREAT | O_TRUNC | O_WRONLY, 0600);
    if (in < 0 || out < 0 || err < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0) _exit(126);
    execl("/bin/sh", "sh", "-c", line, (char *)NULL);
    _exit(127);
}

static outcome finish(pid_t child) {
    static char out[TEXT_MAX], err[TEXT_MAX];
    int status;
    while (waitpid(child, &status, 0) < 0) assert_int_equal(errno, EINTR);
    outcome o = {WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status), read_into(out, "stdout"),
                 read_into(err, "stderr")};
    return o;
}

outcome run_with(const char *environment, const char *command) { return finish(start(environment, command)); }
outcome run(const char *command) { return run_with("", command); }

outcome run_and_signal(const char *command, int number, const char *file, long bytes) {
    const struct timespec pause = {.tv_nsec = 20 * 1000 * 1000};
    struct stat st;
    pid_t child = start("", command);
    for (int i = 0; i < 3000 && (stat(file, &st) != 0 || st.st_size <= bytes); i++) nanosleep(&pause, NULL);
    assert_int_equal(kill(child, number), 0);
    return finish(child);
}

static void show(const outcome *o) {
    print_message("exit %d\nstdout: %.2000s\nstderr: %.2000s\n", o->code, o->out, o->err);
}

void expect_code(const outcome *o, int code) {
    if (o->code == code) return;
    show(o);
    fail_msg("exit %d, not %d", o->code, code);
}
static void expect_text(const outcome *o, const char *stream, const char *text) {
    if (strstr(stream, text)) return;
    show(o);
    fail_msg("no '%s'", text);
}
const char *after(const char *text, const char *what) {
    const char *at = strstr(text, what);
    if (!at) fail_msg("no '%s' in '%s'", what, text);
    return at + strlen(what);
}

void expect_out(const outcome *o, const char *text) { expect_text(o, o->out, text); }
void expect_err(const outcome *o, const char *text) { expect_text(o, o->err, text); }

int count_lines(const char *text) {
    int n = 0;
    for (; *text; text++) n += *text == '\n';
    return n;
}

void expect_refusal(const char *environment, const char *command, int code, const char *names, const char *says) {
    outcome o = run_with(environment, command);
    if (o.code != code || count_lines(o.err) != 1 || *o.out || strncmp(o.err, "motbench", 8)) {
        show(&o);
        fail_msg("'%s %s' is not refused with %d in one line", environment, command, code);
    }
    expect_err(&o, names);
    expect_err(&o, says);
}
