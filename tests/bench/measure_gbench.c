/* measure_gbench.c: the C interface over Google Benchmark: batches, manual time, counters, order, silence. */
#include "gbench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

typedef struct body_data {
    double seconds_per_call;
    int batches;
    long calls;
} body_data;

static char order[16];

static void body(void *data, gbench_batch *b) {
    body_data *d = data;
    strcat(order, d->seconds_per_call > 1e-6 ? "B" : "A");
    d->batches++;
    d->calls += b->iterations;
    b->seconds = d->seconds_per_call * (double)b->iterations;
    b->counter_count = 2;
    strcpy(b->counter_name[0], "PAPI_TOT_CYC");
    strcpy(b->counter_name[1], "page_faults");
    b->counter[0] = 1234.5;
    b->counter[1] = 0;
}

static void one_body_call_per_batch(void **state) {
    body_data d = {.seconds_per_call = 2e-6};
    gbench_batch r;
    (void)state;
    assert_int_equal(gbench_add("mix_avx2_6x16{dc=1}/g1(t2)*", body, &d, 1000), 0);
    assert_true(gbench_run(0, &r));
    assert_int_equal(d.batches, 1);
    assert_int_equal(d.calls, 1000);
    assert_int_equal(r.iterations, 1000);
    assert_true(r.seconds > 1.999999e-3 && r.seconds < 2.000001e-3);
}

static void counters_come_out(void **state) {
    body_data d = {.seconds_per_call = 1};
    gbench_batch r;
    int found = 0;
    (void)state;
    gbench_add("x", body, &d, 1);
    assert_true(gbench_run(0, &r));
    assert_int_equal(r.counter_count, 2);
    for (int i = 0; i < r.counter_count; i++)
        found += (strcmp(r.counter_name[i], "PAPI_TOT_CYC") == 0 && r.counter[i] == 1234.5) ||
                 (strcmp(r.counter_name[i], "page_faults") == 0 && r.counter[i] == 0);
    assert_int_equal(found, 2);
}

static void the_caller_decides_whose_turn_it_is(void **state) {
    body_data a = {.seconds_per_call = 1e-7}, b = {.seconds_per_call = 1e-5};
    static const int turn[] = {1, 0, 0, 1, 1};
    gbench_batch r;
    (void)state;
    order[0] = 0;
    assert_int_equal(gbench_add("same name", body, &a, 3), 0);
    assert_int_equal(gbench_add("same name", body, &b, 3), 1);
    for (int i = 0; i < 5; i++) assert_true(gbench_run(turn[i], &r));
    assert_string_equal(order, "BAABB");
}

static void many_indexes_are_kept_apart(void **state) {
    body_data d[12];
    gbench_batch r;
    (void)state;
    for (int i = 0; i < 12; i++) {
        d[i] = (body_data){.seconds_per_call = i + 1};
        assert_int_equal(gbench_add("y", body, &d[i], 1), i);
    }
    order[0] = 0;
    assert_true(gbench_run(1, &r) && r.seconds == 2); /* 1 is a prefix of 10 and 11 */
    assert_true(gbench_run(11, &r) && r.seconds == 12);
}

static void bad_times_pass_through(void **state) {
    body_data d = {.seconds_per_call = -1};
    gbench_batch r;
    (void)state;
    gbench_add("backwards", body, &d, 1);
    assert_true(gbench_run(0, &r));
    assert_true(r.seconds == -1);
}

static void an_unknown_index_fails(void **state) {
    gbench_batch r;
    (void)state;
    assert_false(gbench_run(0, &r));
    assert_false(gbench_run(-1, &r));
}

static void nothing_is_printed(void **state) {
    body_data d = {.seconds_per_call = 1};
    gbench_batch r;
    FILE *f = tmpfile();
    (void)state;
    assert_non_null(f);
    fflush(NULL);
    const int out = dup(1), err = dup(2);
    assert_true(out >= 0 && err >= 0 && dup2(fileno(f), 1) == 1 && dup2(fileno(f), 2) == 2);
    gbench_add("silent", body, &d, 1);
    const bool ran = gbench_run(0, &r) && !gbench_run(1, &r); /* the library complains aloud of what it cannot find */
    fflush(NULL);
    dup2(out, 1);
    dup2(err, 2);
    close(out);
    close(err);
    assert_true(ran);
    assert_int_equal(lseek(fileno(f), 0, SEEK_END), 0);
    fclose(f);
}

static int start_afresh(void **state) {
    (void)state;
    gbench_clear();
    order[0] = 0;
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup(one_body_call_per_batch, start_afresh),
                                       cmocka_unit_test_setup(counters_come_out, start_afresh),
                                       cmocka_unit_test_setup(the_caller_decides_whose_turn_it_is, start_afresh),
                                       cmocka_unit_test_setup(many_indexes_are_kept_apart, start_afresh),
                                       cmocka_unit_test_setup(bad_times_pass_through, start_afresh),
                                       cmocka_unit_test_setup(an_unknown_index_fails, start_afresh),
                                       cmocka_unit_test_setup(nothing_is_printed, start_afresh)};
    if (!gbench_version()) {
        puts("SKIP: built without Google Benchmark");
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
