/* Memory that notices: guards on both sides, canaries, seals, and what an address is called. */
#include "workspace.h"

#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* Does touching `at` kill the process? */
static bool faults(const volatile void *at) {
    const pid_t pid = fork();
    int status;
    if (pid == 0) {
        signal(SIGSEGV, SIG_DFL);
        (void)*(const volatile char *)at;
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status);
}

static void both_sides_are_forbidden(void **state) {
    static const size_t sizes[] = {0, 4, 60, 4092, 4096, 4100, 40000};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        guarded right, left;
        assert_true(guarded_create(&right, "right", sizes[i], 4, SIDE_RIGHT));
        assert_true(guarded_create(&left, "left", sizes[i], 4, SIDE_LEFT));
        assert_true(faults((char *)right.data + sizes[i]));
        assert_true(faults((char *)left.data - 1));
        assert_false(sizes[i] > 0 && faults((char *)right.data + sizes[i] - 1));
        assert_false(sizes[i] > 0 && faults(left.data));
        guarded_destroy(&right), guarded_destroy(&left);
    }
}

static void the_other_direction_is_a_canary(void **state) {
    guarded right, left;
    long where = 0;
    (void)state;
    assert_true(guarded_create(&right, "right", 100, 4, SIDE_RIGHT));
    assert_true(guarded_create(&left, "left", 100, 4, SIDE_LEFT));
    guarded_poison(&right), guarded_poison(&left);
    assert_true(guarded_intact(&right, &where) && guarded_intact(&left, &where));
    ((char *)right.data)[-3] = 0;
    ((char *)left.data)[100] = 0;
    assert_false(guarded_intact(&right, &where));
    assert_int_equal(where, -3);
    assert_false(guarded_intact(&left, &where));
    assert_int_equal(where, 100);
    guarded_destroy(&right), guarded_destroy(&left);
}

/* Scratch starts on 64 bytes wherever it ends; what follows it is watched too. */
static void alignment_is_kept(void **state) {
    (void)state;
    for (size_t bytes = 0; bytes < 130; bytes++) {
        guarded g;
        long where;
        assert_true(guarded_create(&g, "scratch", bytes, 64, SIDE_RIGHT));
        assert_int_equal((uintptr_t)g.data % 64, 0);
        if (bytes % 64) {
            ((char *)g.data)[bytes] ^= 1;
            assert_false(guarded_intact(&g, &where));
        } else {
            assert_true(faults((char *)g.data + bytes));
        }
        guarded_destroy(&g);
    }
}

static void a_seal_breaks(void **state) {
    guarded g;
    (void)state;
    assert_true(guarded_create(&g, "x", 1000, 4, SIDE_RIGHT));
    guarded_poison(&g);
    assert_true(is_poison((numbers){g.data, MOT_F32}, 249));
    guarded_seal(&g);
    assert_true(guarded_sealed(&g));
    ((char *)g.data)[999] ^= 1;
    assert_false(guarded_sealed(&g));
    guarded_destroy(&g);
}

static void a_run_has_what_its_stage_needs(void **state) {
    const problem pb = problem_make(&(mot_shape){3, 4, 5, 6, 7}, MOT_STAGE_MIX, DATA_ZERO_MEAN, false, 1);
    workspace w;
    char text[96];
    (void)state;
    assert_true(workspace_create(&w, &pb, 128, 0, SIDE_RIGHT));
    assert_non_null(w.tensors.x), assert_non_null(w.tensors.p), assert_non_null(w.tensors.mixed);
    assert_null(w.tensors.w1), assert_null(w.tensors.y), assert_null(w.tensors.packed);
    assert_true(is_poison((numbers){w.tensors.mixed, MOT_F32}, 3 * 5 * 6 - 1));
    assert_true(is_poison((numbers){w.tensors.scratch, MOT_F32}, 0));
    assert_true(workspace_explain((float *)w.tensors.mixed + 3 * 5 * 6 + 1, text, sizeof text));
    assert_string_equal(text, "4 bytes past the end of mixed");
    assert_true(workspace_explain((float *)w.tensors.p - 1000, text, sizeof text));
    assert_non_null(strstr(text, "before the start of p"));
    assert_false(workspace_explain(&pb, text, sizeof text));
    workspace_destroy(&w);
    assert_false(workspace_explain(NULL, text, sizeof text));
}

/* Two numbers to a word: a tensor of an odd number of them ends, and is poisoned, where it should. */
static void bf16_takes_half_the_memory(void **state) {
    problem pb = problem_make(&(mot_shape){3, 5, 5, 7, 7}, MOT_STAGE_MIX, DATA_ZERO_MEAN, false, 1);
    workspace w;
    char text[96];
    (void)state;
    pb.dtype = MOT_BF16;
    assert_true(workspace_create(&w, &pb, 128, 0, SIDE_RIGHT));
    const numbers mixed = {w.tensors.mixed, MOT_BF16};
    assert_int_equal(workspace_tensor(&w, MOT_MIXED)->bytes, 3 * 5 * 7 * 2);
    for (size_t i = 0; i < 3 * 5 * 7; i++) assert_true(is_poison(mixed, i) && isnan(numbers_get(mixed, i)));
    assert_false(faults((mot_bf16 *)w.tensors.mixed + 3 * 5 * 7 - 1));
    assert_true(faults((mot_bf16 *)w.tensors.mixed + 3 * 5 * 7));
    assert_true(workspace_explain((mot_bf16 *)w.tensors.mixed + 3 * 5 * 7 + 1, text, sizeof text));
    assert_string_equal(text, "2 bytes past the end of mixed");
    ((mot_bf16 *)w.tensors.mixed)[0] = 0x7fc0; /* a NaN, as kernels make it */
    assert_false(is_poison(mixed, 0));
    workspace_destroy(&w);
}

static void memory_is_estimated(void **state) {
    (void)state;
    const mot_shape most = {SIZE_MAX, SIZE_MAX, SIZE_MAX, SIZE_MAX, SIZE_MAX}, weights = {1, 1, 1, 1 << 15, 1 << 16};
    for (mot_dtype d = MOT_F32; d <= MOT_BF16; d++) {
        const double tensors = 4.0 * (1 << 15) * (1 << 16) * (double)mot_dtype_bytes(d); /* w1, w2, and both packed */
        assert_true(workspace_estimate(&most, d) > memory_available());
        assert_true(workspace_estimate(&(mot_shape){1, 1, 1, 1, 1}, d) < memory_available());
        assert_true(workspace_estimate(&weights, d) > tensors && workspace_estimate(&weights, d) < 1.01 * tensors);
    }
    assert_true(memory_available() > 1e6);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(both_sides_are_forbidden),
                                       cmocka_unit_test(the_other_direction_is_a_canary),
                                       cmocka_unit_test(alignment_is_kept),
                                       cmocka_unit_test(a_seal_breaks),
                                       cmocka_unit_test(a_run_has_what_its_stage_needs),
                                       cmocka_unit_test(bf16_takes_half_the_memory),
                                       cmocka_unit_test(memory_is_estimated)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
