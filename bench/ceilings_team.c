#include "ceilings_team.h"

#include "timer.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { PIECES = 8, CHUNK = 1 << 20, HUGE = 2 << 20, FMA_ROUNDS = 20000, SPINS = 20000 };

typedef struct member {
    team *team;
    pthread_t thread;
    int index, cpu;
    char *map, *memory; /* memory: the part of map that is aligned to huge pages */
    size_t map_bytes, bytes, cursor;
    double rate[PIECES];
    bool ready, stayed;
} member;

/* Between jobs the members sleep, so that a job on one thread has the machine to itself. */
struct team {
    int threads;
    member *member;
    cpu_set_t original; /* of the thread that called */
    pthread_mutex_t lock;
    pthread_cond_t begin, end;
    unsigned turn;          /* counts up with every task */
    int busy;               /* threads other than the caller that have not finished it */
    void (*task)(member *); /* NULL: go home */
    const team_job *job;
    atomic_int here; /* members at the starting line */
};

/* ---- one member ---- */

/* The member itself touches its pages, so that they lie on its node. */
static bool get_memory(member *m) {
    m->map_bytes = m->bytes + HUGE;
    m->map = mmap(NULL, m->map_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (m->map == MAP_FAILED) return m->map = NULL, false;
    m->memory = (char *)(((uintptr_t)m->map + HUGE - 1) / HUGE * HUGE);
    madvise(m->memory, m->bytes, MADV_HUGEPAGE); /* a wish */
    memset(m->memory, 0x3f, m->bytes);
    return true;
}

static bool pin(const member *m) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(m->cpu, &set);
    return sched_setaffinity(0, sizeof set, &set) == 0;
}

/* The next piece of the set; small sets are gone through several times so that a step is long for the clock. */
static double step(member *m, const team_job *job) {
    const peak_kernels *k = job->kernels;
    if (job->kind == TEAM_FMA) return k->fma(FMA_ROUNDS, 0.999f, 0.001f);
    const size_t span = job->kind == TEAM_READ ? job->set : job->set / 2;
    if (m->cursor >= span) m->cursor = 0;
    const size_t piece = span - m->cursor < CHUNK ? span - m->cursor : CHUNK;
    char *from = m->memory + m->cursor;
    size_t done = 0;
    m->cursor += piece;
    do {
        if (job->kind == TEAM_READ)
            k->read(from, piece);
        else
            (job->kind == TEAM_COPY ? k->copy : k->copy_nt)(from + span, from, piece);
        done += piece;
    } while (done + piece <= CHUNK && span <= CHUNK);
    return (double)done * (job->kind == TEAM_READ ? 1 : 2);
}

static void warm_up(member *m, const team_job *job) {
    if (job->resident) m->cursor = 0;
    size_t done = 0;
    do {
        step(m, job);
        done += CHUNK;
    } while (job->resident && done < job->set);
}

/* All start together; who waits long lets others run, since there may be fewer CPUs than threads. */
static void line_up(team *t) {
    atomic_fetch_add(&t->here, 1);
    for (int spins = 0; atomic_load(&t->here) < t->job->members; spins++)
        if (spins > SPINS)
            sched_yield();
        else
            __builtin_ia32_pause();
}

/* Pieces are aligned among the members by the clock, so that their rates may be added. A piece that was slept through
 * is 0: made up for later, it would be added to what the others did meanwhile. */
static double piece_rate(member *m, const team_job *job, int64_t deadline) {
    const int64_t begin = timer_now();
    int64_t now = begin;
    double done = 0;
    while (now < deadline) {
        done += step(m, job);
        now = timer_now();
    }
    return now > begin ? done / (double)(now - begin) : 0;
}

static void work(member *m) {
    const team_job *job = m->team->job;
    if (m->index >= job->members) return;
    warm_up(m, job);
    line_up(m->team);
    const int64_t begin = timer_now();
    for (int p = 0; p < PIECES; p++) m->rate[p] = piece_rate(m, job, begin + job->ns * (p + 1) / PIECES);
    m->stayed &= sched_getcpu() == m->cpu;
}

static void set_up(member *m) { m->ready = pin(m) && get_memory(m); }

static void *member_main(void *data) {
    member *m = data;
    team *t = m->team;
    for (unsigned seen = 0;;) {
        pthread_mutex_lock(&t->lock);
        while (t->turn == seen) pthread_cond_wait(&t->begin, &t->lock);
        seen = t->turn;
        pthread_mutex_unlock(&t->lock);
        if (!t->task) return NULL;
        t->task(m);
        pthread_mutex_lock(&t->lock);
        if (--t->busy == 0) pthread_cond_signal(&t->end);
        pthread_mutex_unlock(&t->lock);
    }
}

/* ---- the team ---- */

static void call_all(team *t, void (*task)(member *)) {
    pthread_mutex_lock(&t->lock);
    t->task = task, t->busy = t->threads - 1, t->turn++;
    pthread_cond_broadcast(&t->begin);
    pthread_mutex_unlock(&t->lock);
    if (!task) return;
    task(&t->member[0]);
    pthread_mutex_lock(&t->lock);
    while (t->busy > 0) pthread_cond_wait(&t->end, &t->lock);
    pthread_mutex_unlock(&t->lock);
}

static void prepare(team *t, const topology *topology, int threads, const size_t *bytes) {
    for (int i = 0; i < threads; i++) {
        member *m = &t->member[i];
        m->team = t, m->index = i, m->cpu = topology->cpu[i], m->bytes = bytes[i], m->stayed = true;
    }
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->begin, NULL);
    pthread_cond_init(&t->end, NULL);
    sched_getaffinity(0, sizeof t->original, &t->original);
}

/* The caller is thread 0. */
static bool start_threads(team *t, int threads) {
    for (t->threads = 1; t->threads < threads; t->threads++) {
        member *m = &t->member[t->threads];
        if (pthread_create(&m->thread, NULL, member_main, m)) return false;
    }
    return true;
}

static bool all_ready(const team *t, char *error, size_t error_size) {
    for (int i = 0; i < t->threads; i++)
        if (!t->member[i].ready) {
            const size_t mib = t->member[i].bytes >> 20;
            snprintf(error, error_size, "thread %d cannot be pinned to CPU %d or has no %zu MiB of memory", i,
                     t->member[i].cpu, mib);
            return false;
        }
    return true;
}

team *team_create(const topology *topology, int threads, const size_t *bytes, char *error, size_t error_size) {
    team *t = calloc(1, sizeof *t);
    member *members = calloc((size_t)threads, sizeof *members);
    if (!t || !members) {
        free(t), free(members);
        return snprintf(error, error_size, "out of memory"), NULL;
    }
    t->member = members;
    prepare(t, topology, threads, bytes);
    if (!start_threads(t, threads)) {
        snprintf(error, error_size, "only %d of %d threads could be started", t->threads, threads);
    } else {
        call_all(t, set_up);
        if (all_ready(t, error, error_size)) return t;
    }
    team_destroy(t);
    return NULL;
}

double team_run(team *t, const team_job *job) {
    double best = 0;
    t->job = job;
    atomic_store(&t->here, 0);
    call_all(t, work);
    for (int p = 0; p < PIECES; p++) {
        double sum = 0;
        for (int i = 0; i < job->members; i++) sum += t->member[i].rate[p];
        if (sum > best) best = sum;
    }
    return best;
}

bool team_stayed(const team *t) {
    for (int i = 0; i < t->threads; i++)
        if (!t->member[i].stayed) return false;
    return true;
}

void team_destroy(team *t) {
    if (!t) return;
    call_all(t, NULL);
    for (int i = 0; i < t->threads; i++) {
        member *m = &t->member[i];
        if (i > 0) pthread_join(m->thread, NULL);
        if (m->map) munmap(m->map, m->map_bytes);
    }
    sched_setaffinity(0, sizeof t->original, &t->original);
    pthread_mutex_destroy(&t->lock);
    pthread_cond_destroy(&t->begin);
    pthread_cond_destroy(&t->end);
    free(t->member);
    free(t);
}
