/* The emulation itself: who runs, barriers, shuffles, and what a missing barrier looks like. */
#include "judge.h"

#include <sys/wait.h>
#include <unistd.h>

using namespace emulated;

static const mot::launch two_blocks = {{2, 1, 1}, 64, 64 * sizeof(int)};

static void every_thread_runs_once(void **) {
    int runs[2][64] = {};
    MOT_LAUNCH([&](int one) { runs[blockIdx.x][threadIdx.x] += one; }, two_blocks, 0, 1);
    for (auto &block : runs)
        for (int n : block) assert_int_equal(n, 1);
}

/* Every thread reads what its neighbour wrote. */
static int neighbours_seen(bool with_barrier) {
    int seen = 0;
    auto kernel = [&](bool wait) {
        int *shared = (int *)mot::dynamic_shared(), i = (int)threadIdx.x;
        shared[i] = i + 1;
        if (wait) __syncthreads();
        seen += shared[(i + 1) % 64] == (i + 1) % 64 + 1;
    };
    MOT_LAUNCH(kernel, two_blocks, 0, with_barrier);
    return seen;
}

static void barriers_order(void **) {
    for (order o : {order::forward, order::backward}) {
        set_order(o);
        assert_int_equal(neighbours_seen(true), 128);
    }
}

static void a_missing_barrier_shows(void **) {
    set_order(order::forward);
    assert_true(neighbours_seen(false) < 128);
}

static void lanes_exchange(void **) {
    float sum[64];
    auto kernel = [&](int) {
        float v = (float)threadIdx.x;
        for (int mask = 16; mask; mask /= 2) v += __shfl_xor_sync(~0U, v, mask);
        sum[threadIdx.x] = v;
    };
    MOT_LAUNCH(kernel, two_blocks, 0, 0);
    for (int i = 0; i < 64; i++) assert_true(sum[i] == (i < 32 ? 496 : 496 + 32 * 32));
}

/* A thread that leaves before a barrier of all. */
static void a_thread_that_never_comes_ends_the_process(void **) {
    const pid_t child = fork();
    if (child == 0) {
        fclose(stderr);
        auto kernel = [](int) {
            if (threadIdx.x) __syncthreads();
        };
        MOT_LAUNCH(kernel, two_blocks, 0, 0);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
}

int main() {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_thread_runs_once), cmocka_unit_test(barriers_order),
                                       cmocka_unit_test(a_missing_barrier_shows), cmocka_unit_test(lanes_exchange),
                                       cmocka_unit_test(a_thread_that_never_comes_ends_the_process)};
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
