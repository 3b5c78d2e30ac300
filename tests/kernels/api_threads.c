/* Threads: the same bits for any number, many callers of one layer, the host's own pool, fork. */
#include "api.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const mot_shape shape = {48, 16, 9, 130, 70}; /* enough work for several threads */

static void any_thread_count_gives_the_same_bits(void **state) {
    mot_isa isa = isa_or_skip(state);
    problem p = problem_new(shape, 1);
    size_t bytes = x_count(&shape) * sizeof(float);
    float *first = random_floats(x_count(&shape), 1, 1);
    for (int threads = 1; threads <= 16; threads++) {
        mot_options options = options_of(isa, threads);
        mot_layer *layer = layer_of(&p, &options);
        assert_int_equal(mot_layer_run(layer, p.x, p.out), MOT_OK);
        if (threads == 1) memcpy(first, p.out, bytes);
        assert_memory_equal(p.out, first, bytes);
        fill_nan(p.out, x_count(&shape));
        mot_layer_destroy(layer);
    }
    mot_free(first);
    problem_free(&p);
}

/* ---- many callers ---- */
enum { CALLERS = 8, CALLS = 20 };
typedef struct caller {
    const mot_layer *layer;
    const float *x, *want;
    int wrong;
} caller;

static void *call_many_times(void *argument) {
    caller *c = argument;
    size_t bytes = mot_layer_workspace_bytes(c->layer), count = x_count(&shape);
    void *workspace = mot_alloc(bytes);
    float *out = mot_alloc(count * sizeof *out);
    for (int i = 0; i < CALLS; i++) {
        memset(out, 0xFF, count * sizeof *out);
        mot_status status = mot_layer_run_ws(c->layer, c->x, out, workspace, bytes);
        c->wrong += status != MOT_OK || memcmp(out, c->want, count * sizeof *out) != 0;
    }
    mot_free(out);
    mot_free(workspace);
    return NULL;
}

static void one_layer_serves_many_threads(void **state) {
    (void)state;
    problem p = problem_new(shape, 2);
    mot_options options = options_of(MOT_ISA_BEST, 2);
    mot_layer *layer = layer_of(&p, &options);
    assert_int_equal(mot_layer_run(layer, p.x, p.out), MOT_OK);
    pthread_t thread[CALLERS];
    caller callers[CALLERS];
    for (int i = 0; i < CALLERS; i++) {
        callers[i] = (caller){layer, p.x, p.out, 0};
        assert_int_equal(pthread_create(&thread[i], NULL, call_many_times, &callers[i]), 0);
    }
    for (int i = 0; i < CALLERS; i++) {
        pthread_join(thread[i], NULL);
        assert_int_equal(callers[i].wrong, 0);
    }
    mot_layer_destroy(layer);
    problem_free(&p);
}

static void *create_and_run(void *argument) {
    caller *c = argument;
    for (int i = 0; i < 4; i++) {
        problem p = problem_new(shape, 2);
        mot_options options = options_of(MOT_ISA_BEST, 1);
        mot_layer *layer = NULL;
        mot_status status = mot_layer_create(&layer, &shape, &options, NULL);
        if (status == MOT_OK) status = mot_layer_set_weights(layer, p.controller, p.w1, p.w2);
        if (status == MOT_OK) status = mot_layer_run(layer, p.x, p.out);
        c->wrong += status != MOT_OK || memcmp(p.out, c->want, x_count(&shape) * sizeof(float)) != 0;
        mot_layer_destroy(layer);
        problem_free(&p);
    }
    return NULL;
}

static void layers_are_created_and_run_in_parallel(void **state) {
    (void)state;
    problem p = problem_new(shape, 2);
    mot_layer *layer = layer_of(&p, NULL);
    assert_int_equal(mot_layer_run(layer, p.x, p.out), MOT_OK);
    pthread_t thread[CALLERS];
    caller callers[CALLERS];
    for (int i = 0; i < CALLERS; i++) {
        callers[i] = (caller){.want = p.out};
        assert_int_equal(pthread_create(&thread[i], NULL, create_and_run, &callers[i]), 0);
    }
    for (int i = 0; i < CALLERS; i++) {
        pthread_join(thread[i], NULL);
        assert_int_equal(callers[i].wrong, 0);
    }
    mot_layer_destroy(layer);
    problem_free(&p);
}

/* ---- the host's pool: every task on a thread of its own, last first ---- */
typedef struct pool {
    atomic_int calls, tasks;
} pool;
typedef struct job {
    mot_task task;
    void *data;
    int index;
} job;

static void *run_job(void *argument) {
    job *j = argument;
    j->task(j->data, j->index);
    return NULL;
}

static void run_on_pool(void *context, mot_task task, void *data, int count) {
    pool *pool = context;
    pthread_t thread[64];
    job jobs[64];
    pool->calls++;
    pool->tasks += count;
    if (count > 64) abort();
    for (int i = count - 1; i >= 0; i--) {
        jobs[i] = (job){task, data, i};
        if (pthread_create(&thread[i], NULL, run_job, &jobs[i])) abort();
    }
    for (int i = 0; i < count; i++) pthread_join(thread[i], NULL);
}

static void the_host_s_pool_is_used(void **state) {
    (void)state;
    problem p = problem_new(shape, 3);
    mot_options options = options_of(MOT_ISA_BEST, 3);
    mot_layer *layer = layer_of(&p, &options);
    size_t count = x_count(&shape);
    float *want = random_floats(count, 1, 1);
    assert_int_equal(mot_layer_run(layer, p.x, want), MOT_OK);

    pool pool = {0, 0};
    assert_int_equal(mot_set_threads_callback(run_on_pool, &pool), MOT_OK);
    assert_int_equal(mot_layer_run(layer, p.x, p.out), MOT_OK);
    assert_memory_equal(p.out, want, count * sizeof *want);
    int calls = pool.calls;
    assert_true(calls >= 3);
    assert_true(pool.tasks > calls && pool.tasks <= 3 * calls);

    assert_int_equal(mot_set_threads_callback(NULL, NULL), MOT_OK);
    fill_nan(p.out, count);
    assert_int_equal(mot_layer_run(layer, p.x, p.out), MOT_OK);
    assert_memory_equal(p.out, want, count * sizeof *want);
    assert_int_equal(pool.calls, calls);
    mot_free(want);
    mot_layer_destroy(layer);
    problem_free(&p);
}

/* A pool that runs nothing proves that all the work goes through it. */
static void run_nothing(void *context, mot_task task, void *data, int count) {
    (void)context, (void)task, (void)data, (void)count;
}

static void nothing_is_computed_beside_the_pool(void **state) {
    (void)state;
    problem p = problem_new(shape, 4);
    mot_options options = options_of(MOT_ISA_BEST, 4);
    mot_layer *layer = layer_of(&p, &options);
    assert_int_equal(mot_set_threads_callback(run_nothing, NULL), MOT_OK);
    assert_int_equal(mot_layer_run(layer, p.x, p.out), MOT_OK);
    assert_int_equal(mot_set_threads_callback(NULL, NULL), MOT_OK);
    for (size_t i = 0; i < x_count(&shape); i++) assert_true(p.out[i] != p.out[i]);
    mot_layer_destroy(layer);
    problem_free(&p);
}

/* A parent that has used the built-in threads forks; the child computes the same, in time. */
static void a_forked_child_computes_too(void **state) {
    (void)state;
    problem p = problem_new(shape, 5);
    mot_options options = options_of(MOT_ISA_BEST, 4);
    mot_layer *layer = layer_of(&p, &options);
    size_t bytes = x_count(&shape) * sizeof(float);
    float *out = random_floats(x_count(&shape), 1, 1);
    assert_int_equal(mot_layer_run(layer, p.x, p.out), MOT_OK);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        alarm(20);
        mot_status status = mot_layer_run(layer, p.x, out);
        _exit(status != MOT_OK || memcmp(out, p.out, bytes) != 0);
    }
    int result = -1;
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_false(WIFSIGNALED(result)); /* SIGALRM: the child hangs */
    assert_int_equal(WEXITSTATUS(result), 0);
    mot_free(out);
    mot_layer_destroy(layer);
    problem_free(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        EACH_ISA(any_thread_count_gives_the_same_bits),           cmocka_unit_test(one_layer_serves_many_threads),
        cmocka_unit_test(layers_are_created_and_run_in_parallel), cmocka_unit_test(the_host_s_pool_is_used),
        cmocka_unit_test(nothing_is_computed_beside_the_pool),    cmocka_unit_test(a_forked_child_computes_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
