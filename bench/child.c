#include "child.h"

#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

bool child_read(int fd, void *data, size_t size) {
    for (char *at = data; size;) {
        const ssize_t n = read(fd, at, size);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        at += n, size -= (size_t)n;
    }
    return true;
}

bool child_write(int fd, const void *data, size_t size) {
    for (const char *at = data; size;) {
        const ssize_t n = write(fd, at, size);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        at += n, size -= (size_t)n;
    }
    return true;
}

bool child_ask(void (*ask)(void *), void *answer, size_t size) {
    int ends[2];
    if (pipe(ends)) return false;
    fflush(NULL); /* or the child would hold a second copy of what is buffered */
    const pid_t pid = fork();
    if (pid == 0) {
        ask(answer);
        _exit(child_write(ends[1], answer, size) ? 0 : 1);
    }
    close(ends[1]);
    const bool answered = pid > 0 && child_read(ends[0], answer, size);
    close(ends[0]);
    while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR) continue;
    return answered;
}
