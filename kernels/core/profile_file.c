/* profile_file.c: profiles as files, and where they are looked for. */
#define _GNU_SOURCE
#include "profile.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_BYTES = 16 << 20, PATH_BYTES = 4096 };

/* ---- one file -------------------------------------------------------------------------------------------------- */

/* O_NONBLOCK: opening a FIFO must not wait for a writer. */
static mot_status open_regular(const char *path, int *fd, size_t *bytes) {
    struct stat st;
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (*fd < 0) return errno == ENOENT || errno == ENOTDIR ? MOT_ERROR_PROFILE_NOT_FOUND : MOT_ERROR_PROFILE_IO;
    if (fstat(*fd, &st) != 0 || !S_ISREG(st.st_mode)) return MOT_ERROR_PROFILE_IO;
    if (st.st_size > MAX_BYTES) return MOT_ERROR_PROFILE_FORMAT;
    *bytes = (size_t)st.st_size;
    return MOT_OK;
}

static bool read_all(int fd, char *data, size_t bytes) {
    for (size_t done = 0; done < bytes;) {
        ssize_t n = read(fd, data + done, bytes - done);
        if (n == 0 || (n < 0 && errno != EINTR)) return false;
        if (n > 0) done += (size_t)n;
    }
    return true;
}

static mot_status load_fd(mot_profile **out, int fd, size_t bytes, const mot_profile_owner *owner) {
    char *data = malloc(bytes + 1);
    if (!data) return MOT_ERROR_MEMORY;
    const bool whole = read_all(fd, data, bytes);
    const mot_status status = whole ? mot_profile_read(out, data, bytes, owner) : MOT_ERROR_PROFILE_IO;
    free(data);
    return status;
}

mot_status mot_profile_read_file(mot_profile **out, const char *path, const mot_profile_owner *owner) {
    if (!out) return MOT_ERROR_NULL;
    *out = NULL;
    if (!path) return MOT_ERROR_NULL;
    int fd;
    size_t bytes;
    mot_status status = open_regular(path, &fd, &bytes);
    if (status == MOT_OK) status = load_fd(out, fd, bytes, owner);
    if (fd >= 0) close(fd);
    return status;
}

/* ---- the search path ------------------------------------------------------------------------------------------- */

static bool fits(int printed, size_t size) { return printed >= 0 && (size_t)printed < size; }

bool mot_xdg_folder(char *buf, size_t size, const char *variable, const char *fallback) {
    const char *base = getenv(variable), *home = getenv("HOME");
    if (base && base[0] == '/') return fits(snprintf(buf, size, "%s/mot", base), size);
    return home && home[0] == '/' && fits(snprintf(buf, size, "%s/%s/mot", home, fallback), size);
}

/* The folder above the lib or bin that holds this code, so that an installed tree can be moved. */
static bool prefix_folder(char *buf, size_t size) {
    static const char anchor = 0;
    Dl_info info;
    if (!dladdr(&anchor, &info) || !info.dli_fname || info.dli_fname[0] != '/') return false;
    if (!fits(snprintf(buf, size, "%s", info.dli_fname), size)) return false;
    for (char *slash; (slash = strrchr(buf, '/')) != NULL;) {
        *slash = '\0';
        const char *base = strrchr(buf, '/');
        if (base && (strcmp(base, "/lib") == 0 || strcmp(base, "/lib64") == 0 || strcmp(base, "/bin") == 0)) {
            size_t length = (size_t)(base - buf);
            return fits(snprintf(buf + length, size - length, "/share/mot"), size - length);
        }
    }
    return false;
}

/* The index-th folder; an empty text where this one does not exist for us. */
static bool folder_at(size_t index, char *buf, size_t size) {
    bool found = false;
    switch (index) {
    case 0:
        found = mot_xdg_folder(buf, size, "XDG_CONFIG_HOME", ".config");
        break;
    case 1:
        found = mot_xdg_folder(buf, size, "XDG_CACHE_HOME", ".cache");
        break;
    case 2:
        found = fits(snprintf(buf, size, "/etc/mot"), size);
        break;
    case 3:
        found = prefix_folder(buf, size);
        break;
    default:
        return false;
    }
    if (!found) buf[0] = '\0';
    return true;
}

bool mot_profile_folder_path(size_t index, const char *machine, char *buf, size_t size) {
    char folder[PATH_BYTES];
    if (size == 0) return false;
    for (size_t i = 0; folder_at(i, folder, sizeof folder); i++)
        if (folder[0] && index-- == 0) return fits(snprintf(buf, size, "%s/%s.json", folder, machine), size);
    return false;
}

mot_status mot_profile_read_found(mot_profile **out, const mot_profile_owner *owner) {
    char path[PATH_BYTES + 256];
    if (!out) return MOT_ERROR_NULL;
    *out = NULL;
    for (size_t i = 0; mot_profile_folder_path(i, owner->machine, path, sizeof path); i++) {
        mot_status status = mot_profile_read_file(out, path, owner);
        if (status != MOT_ERROR_PROFILE_NOT_FOUND) return status;
    }
    return MOT_ERROR_PROFILE_NOT_FOUND;
}
