/* fake_tree.h: a throw-away root folder with /proc and /sys files of a test's choosing. Needs _GNU_SOURCE. */
#ifndef TESTS_FAKE_TREE_H
#define TESTS_FAKE_TREE_H

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct fake_tree {
    char root[32];
} fake_tree;

static inline void fake_tree_create(fake_tree *tree) {
    strcpy(tree->root, "fake_tree_XXXXXX");
    if (!mkdtemp(tree->root)) abort();
}

/* path begins with a slash; folders on the way are made. */
static inline void fake_tree_write(const fake_tree *tree, const char *path, const char *text) {
    char full[512];
    snprintf(full, sizeof full, "%s%s", tree->root, path);
    for (char *slash = strchr(full, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        if (mkdir(full, 0700) && errno != EEXIST) abort();
        *slash = '/';
    }
    FILE *f = fopen(full, "w");
    if (!f || fputs(text, f) < 0 || fclose(f)) abort();
}

static inline int fake_tree_remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw) {
    (void)st, (void)kind, (void)ftw;
    return remove(path);
}

static inline void fake_tree_destroy(const fake_tree *tree) {
    nftw(tree->root, fake_tree_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

#endif
