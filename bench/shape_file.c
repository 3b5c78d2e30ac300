/* shape_file.c: reads small text files that somebody else wrote: no FIFO, device, folder or binary, and not too large.
 */
#include "shape_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The open file's size, or -1 with the reason. O_NONBLOCK: opening a FIFO must not wait for its writer. */
static off_t open_regular(const char *path, int *fd, size_t limit, char *error, size_t error_size) {
    struct stat st;
    *fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (*fd < 0 || fstat(*fd, &st) != 0) {
        shape_fail(error, error_size, "cannot read '%.200s': %s", path, strerror(errno));
        return -1;
    }
    if (!S_ISREG(st.st_mode)) {
        shape_fail(error, error_size, "'%.200s' is %s: name a regular file", path,
                   S_ISDIR(st.st_mode)    ? "a folder"
                   : S_ISFIFO(st.st_mode) ? "a pipe"
                                          : "no regular file");
        return -1;
    }
    if ((size_t)st.st_size > limit) {
        shape_fail(error, error_size, "'%.200s' has %lld bytes: at most %zu are read", path, (long long)st.st_size,
                   limit);
        return -1;
    }
    return st.st_size;
}

/* Reads until the end or `size` bytes; -1 on an error. */
static ssize_t read_whole(int fd, char *data, size_t size) {
    size_t done = 0;
    while (done < size) {
        ssize_t n = read(fd, data + done, size - done);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return -1;
        if (n == 0) break;
        done += (size_t)n;
    }
    return (ssize_t)done;
}

static bool is_text(const char *data, size_t size) {
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)data[i] < 0x20 && !strchr("\t\n\r", data[i] ? data[i] : 1)) return false;
    return true;
}

char *shape_read_file(const char *path, size_t limit, size_t *size, char *error, size_t error_size) {
    int fd;
    char *data = NULL;
    off_t bytes = open_regular(path, &fd, limit, error, error_size);
    ssize_t got = -1;
    if (bytes >= 0 && !(data = malloc((size_t)bytes + 1)))
        shape_fail(error, error_size, "out of memory for '%.200s'", path);
    if (data && (got = read_whole(fd, data, (size_t)bytes)) < 0)
        shape_fail(error, error_size, "cannot read '%.200s': %s", path, strerror(errno));
    if (fd >= 0) close(fd);
    if (got >= 0 && !is_text(data, (size_t)got)) {
        shape_fail(error, error_size, "'%.200s' is binary: name a text file", path);
        got = -1;
    }
    if (got < 0) {
        free(data);
        return NULL;
    }
    data[got] = '\0';
    *size = (size_t)got;
    return data;
}
