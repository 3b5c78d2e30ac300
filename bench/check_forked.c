/* A check in a forked child: a kernel that crashes or hangs costs a verdict, not the process. */
#include "check_forked.h"

#include "workspace.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ---- the child ---- */

static int report_fd;       /* the child's end of the pipe */
static check_result doomed; /* what a signal handler reports */

static void report(const check_result *r) {
    ssize_t written;
    do written = write(report_fd, r, sizeof *r); /* less than PIPE_BUF: whole or not at all */
    while (written < 0 && errno == EINTR);
    _exit(written == (ssize_t)sizeof *r ? 0 : 1);
}

/* The process is lost anyway, so snprintf in a handler is worth its risk: it names the tensor. The attribute: qemu 7.2
 * calls handlers on a misaligned stack. */
__attribute__((force_align_arg_pointer)) static void on_signal(int number, siginfo_t *info, void *context) {
    (void)context;
    char place[96] = "";
    const char *name = sigabbrev_np(number);
    bool near = (number == SIGSEGV || number == SIGBUS) && workspace_explain(info->si_addr, place, sizeof place);
    snprintf(doomed.reason, sizeof doomed.reason, "SIG%s%s%s", name ? name : "?", near ? " " : "", place);
    report(&doomed);
}

static void catch_signals(void) {
    static const int fatal[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
    static char stack[64 * 1024];
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESETHAND};
    sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL);
    for (size_t i = 0; i < sizeof fatal / sizeof fatal[0]; i++) sigaction(fatal[i], &action, NULL);
}

/* Instead of OpenMP, whose threads did not survive the fork: the same split on this thread, whose environment is
 * watched. */
static void serial(void *context, mot_task task, void *data, int count) {
    (void)context;
    for (int i = 0; i < count; i++) task(data, i);
}

void check_child_begin(int fd) {
    report_fd = fd;
    doomed = (check_result){.verdict = VERDICT_CRASH};
    catch_signals();
    mot_status always_ok = mot_set_threads_callback(serial, NULL);
    (void)always_ok;
}

static void child(int fd, const mot_plan *plan, const mot_shape *s, const check_options *options) {
    check_child_begin(fd);
    doomed.seed = options->seed;
    const check_result r = check_plan(plan, s, options);
    report(&r);
}

/* ---- the parent ---- */

static double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* One of them said something, or its process died; false: the time is over. */
static bool wait_any(struct pollfd *asked, int count, double end_s) {
    for (;;) {
        double left = end_s - now_s();
        if (left <= 0) return false;
        int ready = poll(asked, (nfds_t)count, left > 1e6 ? 1000000000 : (int)(left * 1e3) + 1);
        if (ready > 0) return true;
        if (ready < 0 && errno != EINTR) return false;
    }
}

bool check_wait_for(int fd, double timeout_s) {
    return wait_any(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, now_s() + timeout_s);
}

static int reap(pid_t pid) {
    int status = 0;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR) return 0;
    return status;
}

static void died(check_result *r, int status) {
    r->verdict = VERDICT_CRASH;
    if (WIFSIGNALED(status))
        snprintf(r->reason, sizeof r->reason, "killed by signal %d (%s)", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
    else
        snprintf(r->reason, sizeof r->reason, "the process ended with status %d before the check did",
                 WEXITSTATUS(status));
}

/* What it sent, if it sent anything; else what became of it. */
static check_result collect(const check_pending *p) {
    check_result r = {.verdict = VERDICT_CRASH, .seed = p->result.seed}, sent;
    const bool in_time = check_wait_for(p->fd, p->end_s - now_s());
    if (!in_time) kill(p->pid, SIGKILL);
    ssize_t got;
    do got = read(p->fd, &sent, sizeof sent);
    while (got < 0 && errno == EINTR);
    int status = reap(p->pid);
    if (got == (ssize_t)sizeof sent) return sent;
    if (in_time) return died(&r, status), r;
    r.verdict = VERDICT_TIMEOUT;
    snprintf(r.reason, sizeof r.reason, "no result after %g s", p->timeout_s);
    return r;
}

static check_result no_child(const char *what, uint64_t seed) {
    check_result r = {.verdict = VERDICT_SKIP, .seed = seed};
    snprintf(r.reason, sizeof r.reason, "%s: %s", what, strerror(errno));
    return r;
}

check_pending check_plan_begin(const mot_plan *plan, const mot_shape *s, const check_options *options,
                               double timeout_s) {
    check_pending p = {.timeout_s = timeout_s, .end_s = now_s() + timeout_s, .result.seed = options->seed};
    int ends[2];
    if (plan_is_cuda(plan)) return p.result = check_plan_worker(plan, s, options, timeout_s), p;
    if (pipe(ends) != 0) return p.result = no_child("pipe", options->seed), p;
    fflush(NULL); /* or the child would hold a second copy of what is buffered */
    p.pid = fork();
    if (p.pid == 0) {
        close(ends[0]);
        child(ends[1], plan, s, options);
    }
    close(ends[1]);
    p.fd = ends[0];
    if (p.pid > 0) return p;
    p.result = no_child("fork", options->seed);
    close(p.fd);
    return p.pid = 0, p;
}

check_result check_plan_end(check_pending *p) {
    if (p->pid == 0) return p->result;
    p->result = collect(p);
    close(p->fd);
    p->pid = 0;
    return p->result;
}

void check_plan_end_any(check_pending *const *p, int count) {
    struct pollfd asked[CHECK_MOST_AT_ONCE];
    double end_s = INFINITY; /* of the first that has no more time */
    for (int i = 0; i < count; i++) {
        asked[i] = (struct pollfd){.fd = p[i]->fd, .events = POLLIN};
        end_s = fmin(end_s, p[i]->end_s);
    }
    const bool said = wait_any(asked, count, end_s);
    int i = 0;
    while (i + 1 < count && !(said ? asked[i].revents != 0 : p[i]->end_s <= end_s)) i++;
    check_plan_end(p[i]);
}

check_result check_plan_forked(const mot_plan *plan, const mot_shape *s, const check_options *options,
                               double timeout_s) {
    check_pending p = check_plan_begin(plan, s, options, timeout_s);
    return check_plan_end(&p);
}

int check_fit_side_by_side(const mot_shape *s, mot_dtype dtype, int most) {
    const double fit = memory_available() / (2 * workspace_estimate(s, dtype));
    return fit >= most ? most : fit > 1 ? (int)fit : 1;
}
