#define _GNU_SOURCE
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

bool files_error(char *error, size_t size, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error, size, format, arguments);
    va_end(arguments);
    return false;
}

bool files_make_parents(const char *path, char *error, size_t size) {
    char folder[PATH_MAX];
    if (snprintf(folder, sizeof folder, "%s", path) >= (int)sizeof folder)
        return files_error(error, size, "%.60s…: the path is too long", path);
    for (char *slash = strchr(folder + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(folder, 0777) != 0 && errno != EEXIST)
            return files_error(error, size, "cannot make the folder %s: %s", folder, strerror(errno));
        *slash = '/';
    }
    return true;
}

/* ---- locks ----------------------------------------------------------------------------------------------------- */

static int open_lock(const char *path, char *error, size_t size) {
    char name[PATH_MAX];
    if (snprintf(name, sizeof name, "%s.lock", path) >= (int)sizeof name)
        errno = ENAMETOOLONG;
    else {
        int lock = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
        if (lock >= 0) return lock;
    }
    files_error(error, size, "cannot open the lock file %s.lock: %s", path, strerror(errno));
    return -1;
}

/* Open-file-description locks: per descriptor, so threads exclude each other too, and NFS carries them. */
int files_lock(const char *path, char *error, size_t size) {
    const struct timespec pause = {.tv_nsec = 1000 * 1000};
    int lock = open_lock(path, error, size);
    for (int tries = 0; lock >= 0 && tries < 30000; tries++) {
        struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        if (fcntl(lock, F_OFD_SETLK, &whole) == 0) return lock;
        if (errno != EAGAIN && errno != EACCES && errno != EINTR) break;
        nanosleep(&pause, NULL);
    }
    if (lock < 0) return -1;
    files_error(error, size, "cannot lock %s.lock: %s", path, strerror(errno));
    close(lock);
    return -1;
}

void files_unlock(int lock) {
    if (lock >= 0) close(lock);
}

/* ---- replacing a file ------------------------------------------------------------------------------------------ */

bool files_write_all(int fd, const char *data, size_t bytes) {
    while (bytes > 0) {
        ssize_t n = write(fd, data, bytes);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        data += n;
        bytes -= (size_t)n;
    }
    return true;
}

bool files_sync_folder(const char *path) {
    char folder[PATH_MAX];
    if (snprintf(folder, sizeof folder, "%s", path) >= (int)sizeof folder) return false;
    char *slash = strrchr(folder, '/');
    if (slash) slash[slash == folder] = '\0';
    int fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return false;
    bool ok = fsync(fd) == 0 || errno == EINVAL; /* some file systems cannot sync a folder */
    return close(fd) == 0 && ok;
}

static bool write_synced(int fd, const char *data, size_t bytes) {
    bool ok = files_write_all(fd, data, bytes) && fchmod(fd, 0644) == 0 && fsync(fd) == 0;
    int reason = errno;
    if (close(fd) != 0 && ok) return false;
    errno = reason;
    return ok;
}

bool files_replace(const char *path, const char *data, size_t bytes, char *error, size_t size) {
    char name[PATH_MAX];
    if (snprintf(name, sizeof name, "%s.XXXXXX", path) >= (int)sizeof name)
        return files_error(error, size, "%.60s…: the path is too long", path);
    int fd = mkostemp(name, O_CLOEXEC);
    if (fd < 0) return files_error(error, size, "cannot write beside %s: %s", path, strerror(errno));
    if (!write_synced(fd, data, bytes) || rename(name, path) != 0) {
        files_error(error, size, "cannot write %s: %s", path, strerror(errno));
        unlink(name);
        return false;
    }
    if (!files_sync_folder(path))
        return files_error(error, size, "cannot sync the folder of %s: %s", path, strerror(errno));
    return true;
}
