#define _GNU_SOURCE
#include "journal.h"

#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { MAX_LINE = 1 << 20 };

struct journal {
    int fd;
    char env[320], path[4096], error[4400];
    json_t *lines; /* id -> line */
};

void journal_time(char buf[24]) {
    time_t now = time(NULL);
    struct tm utc;
    gmtime_r(&now, &utc);
    strftime(buf, 24, "%Y-%m-%dT%H:%M:%SZ", &utc);
}

/* ---- opening --------------------------------------------------------------------------------------------------- */

static void remember(journal *j, json_t *line) {
    const char *id = json_string_value(json_object_get(line, "id"));
    const char *env = json_string_value(json_object_get(line, "env"));
    if (id && env && strcmp(env, j->env) == 0) json_object_set(j->lines, id, line);
}

/* Whole lines only; what is no JSON or far too long is passed over. */
static void read_lines(journal *j, FILE *in) {
    char *text = NULL;
    size_t capacity = 0;
    for (ssize_t n; (n = getline(&text, &capacity, in)) > 0;) {
        if (text[n - 1] != '\n' || n > MAX_LINE) continue;
        json_t *line = json_loadb(text, (size_t)n, JSON_REJECT_DUPLICATES, NULL);
        if (line) remember(j, line);
        json_decref(line);
    }
    free(text);
}

/* A line torn by a crash must not swallow the next one. */
static bool close_torn_line(journal *j, off_t bytes) {
    char last = '\n';
    if (bytes > 0 && pread(j->fd, &last, 1, bytes - 1) != 1) return false;
    return last == '\n' || files_write_all(j->fd, "\n", 1);
}

static bool open_file(journal *j, bool resume, char *error, size_t size) {
    struct stat st;
    j->fd = open(j->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0666);
    if (j->fd < 0) return files_error(error, size, "cannot open the journal %s: %s", j->path, strerror(errno));
    if (fstat(j->fd, &st) != 0 || !S_ISREG(st.st_mode))
        return files_error(error, size, "the journal %s is not a regular file", j->path);
    if (!close_torn_line(j, st.st_size) || !files_sync_folder(j->path))
        return files_error(error, size, "cannot write the journal %s: %s", j->path, strerror(errno));
    if (!resume) return true;
    FILE *in = fopen(j->path, "re");
    if (!in) return files_error(error, size, "cannot read the journal %s: %s", j->path, strerror(errno));
    read_lines(j, in);
    fclose(in);
    return true;
}

bool journal_open(journal **out, const char *path, const char *env, bool resume, char *error, size_t size) {
    *out = NULL;
    if (!files_make_parents(path, error, size)) return false;
    journal *j = calloc(1, sizeof *j);
    if (!j || !(j->lines = json_object())) {
        free(j);
        return files_error(error, size, "out of memory");
    }
    j->fd = -1;
    snprintf(j->env, sizeof j->env, "%s", env);
    snprintf(j->path, sizeof j->path, "%s", path);
    if (open_file(j, resume, error, size))
        *out = j;
    else
        journal_close(j);
    return *out != NULL;
}

void journal_close(journal *j) {
    if (!j) return;
    if (j->fd >= 0) close(j->fd); /* every line was fsynced */
    json_decref(j->lines);
    free(j);
}

/* ---- use ------------------------------------------------------------------------------------------------------- */

const json_t *journal_find(const journal *j, const char *id) { return json_object_get(j->lines, id); }
const char *journal_error(const journal *j) { return j->error; }

static bool write_line(journal *j, const json_t *line) {
    char *text = json_dumps(line, JSON_COMPACT | JSON_REAL_PRECISION(9));
    if (!text) return files_error(j->error, sizeof j->error, "out of memory");
    size_t bytes = strlen(text);
    text[bytes] = '\n'; /* in place of the terminator: one write, so that two tuners' lines do not mix */
    bool ok = files_write_all(j->fd, text, bytes + 1) && fdatasync(j->fd) == 0;
    if (!ok) files_error(j->error, sizeof j->error, "cannot write the journal %s: %s", j->path, strerror(errno));
    free(text);
    return ok;
}

bool journal_append(journal *j, json_t *line) {
    char now[24];
    journal_time(now);
    bool ok = line && json_object_set_new(line, "env", json_string(j->env)) == 0 &&
              json_object_set_new(line, "time", json_string(now)) == 0;
    if (!ok)
        files_error(j->error, sizeof j->error, "out of memory");
    else if ((ok = write_line(j, line)))
        remember(j, line);
    json_decref(line);
    return ok;
}
