/* A child that does one check after the other: starting CUDA takes too long to do it for each, and a process that has
 * started it has no children that can use it. It must be started before this process uses the device itself. */
#include "check_forked.h"

#include "child.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Pointers in it are good in the child: it is a copy of this process. */
typedef struct request {
    mot_plan plan;
    mot_shape shape;
    check_options options;
} request;

static struct {
    pid_t pid; /* 0: none */
    int to, from;
} worker;

static void work(int from, int to) {
    request q;
    check_child_begin(to);
    while (child_read(from, &q, sizeof q)) {
        const check_result r = check_plan(&q.plan, &q.shape, &q.options);
        if (!child_write(to, &r, sizeof r) || r.verdict == VERDICT_CRASH) break;
    }
    _exit(0);
}

bool check_worker_start(void) {
    int there[2], back[2];
    if (worker.pid) return true;
    if (pipe(there)) return false;
    if (pipe(back)) return close(there[0]), close(there[1]), false;
    fflush(NULL);
    worker.pid = fork();
    if (worker.pid == 0) {
        close(there[1]);
        close(back[0]);
        work(there[0], back[1]);
    }
    close(there[0]);
    close(back[1]);
    worker.to = there[1], worker.from = back[0];
    if (worker.pid > 0) return true;
    worker.pid = 0;
    return close(worker.to), close(worker.from), false;
}

static int stop(void) {
    int status = 0;
    close(worker.to);
    close(worker.from);
    kill(worker.pid, SIGKILL);
    while (waitpid(worker.pid, &status, 0) < 0) continue;
    worker.pid = 0;
    return status;
}

static check_result ended(const char *why, uint64_t seed, verdict v) {
    check_result r = {.verdict = v, .seed = seed};
    snprintf(r.reason, sizeof r.reason, "%s", why);
    return r;
}

check_result check_plan_worker(const mot_plan *plan, const mot_shape *s, const check_options *options,
                               double timeout_s) {
    const request q = {*plan, *s, *options};
    char text[64];
    check_result r;
    if (!check_worker_start()) return ended("fork", q.options.seed, VERDICT_SKIP);
    const bool asked = child_write(worker.to, &q, sizeof q);
    if (asked && !check_wait_for(worker.from, timeout_s)) {
        snprintf(text, sizeof text, "no result after %g s", timeout_s);
        return stop(), ended(text, q.options.seed, VERDICT_TIMEOUT);
    }
    if (!asked || !child_read(worker.from, &r, sizeof r))
        return stop(), ended("the process that used the device ended", q.options.seed, VERDICT_CRASH);
    if (r.verdict == VERDICT_CRASH) stop();
    return r;
}
