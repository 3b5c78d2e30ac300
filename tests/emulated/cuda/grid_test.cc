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

template <class Kernel> static void ends_the_process(const Kernel &kernel, const mot::launch &how) {
    const pid_t child = fork();
    if (child == 0) {
        fclose(stderr);
        MOT_LAUNCH(kernel, how, 0, 0);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
}

/* A thread that leaves before a barrier of all. */
static void a_thread_that_never_comes_ends_the_process(void **) {
    const auto kernel = [](int) {
        if (threadIdx.x) __syncthreads();
    };
    ends_the_process(kernel, two_blocks);
}

static const mot::launch two_clusters = {{4, 1, 1}, 64, 64 * sizeof(int), 2};

/* Every thread writes to its fellow in the other block of its cluster. */
static void blocks_of_a_cluster_meet(void **) {
    int seen[4][64] = {};
    const auto kernel = [&](int) {
        const unsigned i = threadIdx.x, rank = blockIdx.x % 2;
        cluster_barrier(); /* the other block has begun */
        ((int *)shared_of(1 - rank))[i] = (int)(blockIdx.x * 64 + i);
        cluster_barrier();
        seen[blockIdx.x][i] = ((int *)mot::dynamic_shared())[i];
        assert_int_equal(thread_of_cluster(), rank * 64 + i);
    };
    for (order o : {order::forward, order::backward}) {
        set_order(o);
        MOT_LAUNCH(kernel, two_clusters, 0, 0);
        for (int block = 0; block < 4; block++)
            for (int i = 0; i < 64; i++) assert_int_equal(seen[block][i], (block ^ 1) * 64 + i);
    }
}

static void memory_of_an_ended_block_ends_the_process(void **) {
    set_order(order::forward);
    ends_the_process([](int) { shared_of(0)[threadIdx.x] = 1; }, two_clusters); /* block 1, after block 0 */
    ends_the_process([](int) { shared_of(2); }, two_clusters);
}

int main() {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_thread_runs_once),
                                       cmocka_unit_test(barriers_order),
                                       cmocka_unit_test(a_missing_barrier_shows),
                                       cmocka_unit_test(lanes_exchange),
                                       cmocka_unit_test(a_thread_that_never_comes_ends_the_process),
                                       cmocka_unit_test(blocks_of_a_cluster_meet),
                                       cmocka_unit_test(memory_of_an_ended_block_ends_the_process)};
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
