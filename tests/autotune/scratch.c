#define _GNU_SOURCE
#include "scratch.h"

#include <dirent.h>
#include <ftw.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

int scratch_make(void **state) {
    char *folder = malloc(PATH_MAX);
    if (!folder || !getcwd(folder, PATH_MAX - 32) || !mkdtemp(strcat(folder, "/scratch-XXXXXX"))) return -1;
    *state = folder;
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

int scratch_remove(void **state) {
    int failed = nftw(*state, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(*state);
    return failed;
}

const char *scratch_path(const char *folder, const char *name) {
    static char path[8][PATH_MAX];
    static int next;
    char *buf = path[next++ % 8];
    snprintf(buf, PATH_MAX, "%s/%s", folder, name);
    return buf;
}

void scratch_write(const char *path, const char *text) {
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    assert_true(fputs(text, out) >= 0);
    assert_int_equal(fclose(out), 0);
}

char *scratch_read(const char *path) {
    char *text = NULL;
    size_t size = 0, used = 0;
    FILE *in = fopen(path, "r");
    if (!in) fail_msg("cannot read %s", path);
    do {
        text = realloc(text, size += 65536);
        assert_non_null(text);
        used += fread(text + used, 1, size - used - 1, in);
    } while (used == size - 1);
    text[used] = '\0';
    fclose(in);
    return text;
}

int scratch_count(const char *folder) {
    int count = 0;
    DIR *all = opendir(folder);
    assert_non_null(all);
    for (struct dirent *one; (one = readdir(all)) != NULL;) count += one->d_name[0] != '.';
    closedir(all);
    return count;
}
