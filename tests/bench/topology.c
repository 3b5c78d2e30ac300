/* topology.c: this machine's cores, and threads that stay where they are put. */
#define _GNU_SOURCE
#include "topology_internal.h"

#include "cpu.h"
#include "threads.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static void test_load(void **state) {
    (void)state;
    topology t;
    cpu_set_t allowed;
    assert_true(topology_load(&t));
    assert_int_equal(sched_getaffinity(0, sizeof allowed, &allowed), 0);
    assert_true(t.cores >= 1 && t.cores <= t.pus && t.pus == t.cpu_count && t.smt >= 1);
    assert_true(t.packages >= 1 && t.numa_nodes >= 1 && t.core_kinds >= 1 && t.memory > 1 << 20);
    assert_true(t.threads >= 1 && t.threads <= t.cores);
    for (int i = 0; i < t.cpu_count; i++) {
        assert_true(CPU_ISSET(t.cpu[i], &allowed));
        for (int j = 0; j < i; j++) assert_int_not_equal(t.cpu[i], t.cpu[j]);
    }
}

static void test_quota_caps_threads(void **state) {
    (void)state;
    topology t = {.cores = 8};
    const struct {
        double quota;
        int threads;
    } rows[] = {{0, 8}, {0.5, 1}, {1, 1}, {1.5, 2}, {2, 2}, {7.01, 8}, {64, 8}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        topology_finish(&t, rows[i].quota);
        assert_int_equal(t.threads, rows[i].threads);
    }
}

typedef struct masks {
    cpu_set_t of[64];
} masks;
static void note_mask(void *data, int i) { sched_getaffinity(0, sizeof(cpu_set_t), &((masks *)data)->of[i]); }

static void note_thread(void *data, int i) { ((pid_t *)data)[i] = gettid(); }
/* A build without OpenMP has one thread, and says so when more are to be pinned. */
static bool has_threads(void) {
    pid_t thread[2];
    mot_threads_run(note_thread, thread, 2);
    return thread[0] != thread[1];
}

static void test_pin(void **state) {
    (void)state;
    topology t, again;
    masks m;
    cpu_set_t before, after;
    char error[256] = "";
    assert_true(topology_load(&t));
    sched_getaffinity(0, sizeof before, &before);
    const int most = !has_threads() ? 1 : t.cores < 64 ? t.cores : 64;
    for (int threads = 1; threads <= most; threads++) {
        if (!topology_pin(&t, threads, error, sizeof error)) fail_msg("%s", error);
        assert_true(topology_verify(&t, threads));
        mot_threads_run(note_mask, &m, threads);
        for (int i = 0; i < threads; i++) {
            assert_int_equal(CPU_COUNT(&m.of[i]), 1);
            assert_true(CPU_ISSET(t.cpu[i], &m.of[i]));
        }
        assert_true(topology_load(&again)); /* what the process may use has not changed */
        assert_int_equal(again.pus, t.pus);
        topology_unpin();
        mot_threads_run(note_mask, &m, threads);
        for (int i = 0; i < threads; i++) assert_true(CPU_EQUAL(&m.of[i], &before));
    }
    topology_unpin();
    sched_getaffinity(0, sizeof after, &after);
    assert_true(CPU_EQUAL(&before, &after));
}

static void test_verify_sees_a_move(void **state) {
    (void)state;
    topology t;
    cpu_set_t elsewhere;
    char error[256] = "";
    assert_true(topology_load(&t));
    assert_true(topology_pin(&t, 1, error, sizeof error));
    assert_true(topology_verify(&t, 1));
    sched_getaffinity(0, sizeof elsewhere, &elsewhere);
    CPU_ZERO(&elsewhere);
    CPU_SET(t.cpu[t.cpu_count - 1], &elsewhere);
    if (t.cpu_count > 1) { /* with one CPU there is nowhere to go */
        assert_int_equal(sched_setaffinity(0, sizeof elsewhere, &elsewhere), 0);
        assert_false(topology_verify(&t, 1));
    }
    topology_unpin();
}

static void test_pin_errors(void **state) {
    (void)state;
    topology t;
    cpu_set_t before, after;
    char error[256] = "";
    assert_true(topology_load(&t));
    sched_getaffinity(0, sizeof before, &before);
    assert_false(topology_pin(&t, 0, error, sizeof error));
    assert_non_null(strstr(error, "at least 1"));
    assert_false(topology_pin(&t, t.cpu_count + 1, error, sizeof error));
    assert_non_null(strstr(error, "may use"));
    assert_false(topology_verify(&t, 0));
    assert_false(topology_verify(&t, t.cpu_count + 1));
    t.cpu[0] = CPU_SETSIZE - 1; /* no such CPU on any machine that runs tests */
    assert_false(topology_pin(&t, 1, error, sizeof error));
    assert_non_null(strstr(error, "cannot be pinned to CPU 1023"));
    sched_getaffinity(0, sizeof after, &after);
    assert_true(CPU_EQUAL(&before, &after));
}

/* A pool that runs everything on one thread must not pass as two pinned threads. */
static void one_thread(void *context, mot_task task, void *data, int count) {
    (void)context;
    for (int i = 0; i < count; i++) task(data, i);
}
static void test_fewer_threads(void **state) {
    (void)state;
    topology t;
    char error[256] = "";
    assert_true(topology_load(&t));
    if (t.cpu_count < 2) {
        print_message("SKIP: this process may use only one CPU\n");
        skip();
    }
    assert_int_equal(mot_set_threads_callback(one_thread, NULL), MOT_OK);
    assert_false(topology_pin(&t, 2, error, sizeof error));
    assert_int_equal(mot_set_threads_callback(NULL, NULL), MOT_OK);
    assert_non_null(strstr(error, "fewer run"));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_load),       cmocka_unit_test(test_quota_caps_threads),
                                       cmocka_unit_test(test_pin),        cmocka_unit_test(test_verify_sees_a_move),
                                       cmocka_unit_test(test_pin_errors), cmocka_unit_test(test_fewer_threads)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
