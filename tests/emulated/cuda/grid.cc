#include "grid.h"

#include "fiber.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

namespace emulated {

struct rendezvous {
    unsigned arrived, generation;
    void *of_lane[WARP];
};

struct cuda_block {
    index3 index;
    unsigned char *shared;
    unsigned live; /* threads that have not ended */
    rendezvous barriers[16];
    std::vector<rendezvous> warps;
};

/* One CUDA thread: a fiber that runs the kernel once for each cluster, and what it waits for. */
struct cuda_thread {
    std::unique_ptr<fiber> stack;
    const std::function<bool()> *ready; /* NULL: it may run */
    cuda_block *block;
    index3 index;
    int barriers, meetings; /* passed: of the block, of the cluster */
    bool done;
};

static std::vector<cuda_thread> threads;
static std::vector<cuda_block> cluster;
static rendezvous meeting; /* of the cluster */
static cuda_thread *running;
static const std::function<void()> *kernel;
static index3 block_of, grid_of;
static order how = order::forward;
static int skipped = -1, skipped_of_cluster = -1;
static unsigned begun;

const index3 &thread_index() { return running->index; }
const index3 &block_index() { return running->block->index; }
const index3 &block_size() { return block_of; }
const index3 &grid_size() { return grid_of; }
unsigned char *dynamic_shared() { return running->block->shared; }
unsigned rank_of_block() { return (unsigned)(running->block - cluster.data()); }
unsigned thread_of_cluster() { return (unsigned)(running - threads.data()); }
void set_order(order o) { how = o; }
unsigned clusters_begun() { return begun; }
void skip_barrier(int number) { skipped = number; }
void skip_cluster_barrier(int number) { skipped_of_cluster = number; }
order current_order() { return how; }

/* ---- waiting ---- */

void wait_until(const std::function<bool()> &ready) {
    if (ready()) return;
    running->ready = &ready;
    running->stack->pause();
}

/* True: this thread is the last one. */
static bool arrive(rendezvous *r, unsigned count) {
    if (++r->arrived < count) return false;
    r->arrived = 0, r->generation++;
    return true;
}

static void wait_for_others(const rendezvous *r, unsigned generation) {
    wait_until([=] { return r->generation != generation; });
}

void barrier(unsigned id, unsigned count) {
    rendezvous *r = &running->block->barriers[id];
    if (id == 0 && running->barriers++ == skipped) return;
    const unsigned generation = r->generation;
    if (!arrive(r, count)) wait_for_others(r, generation);
}

void cluster_barrier() {
    if (running->meetings++ == skipped_of_cluster) return;
    const unsigned generation = meeting.generation;
    if (!arrive(&meeting, (unsigned)cluster.size() * block_of.x)) wait_for_others(&meeting, generation);
}

void together(void *mine, const std::function<void(void *const *of_lane)> &once) {
    rendezvous *r = &running->block->warps[running->index.x / WARP];
    const unsigned generation = r->generation;
    r->of_lane[running->index.x % WARP] = mine;
    if (r->arrived + 1 == WARP) once(r->of_lane);
    if (!arrive(r, WARP)) wait_for_others(r, generation);
}

/* ---- running ---- */

void stop(const char *why) {
    fprintf(stderr, "block %u, thread %u: %s\n", running->block->index.x, running->index.x, why);
    abort();
}

unsigned char *shared_of(unsigned rank) {
    if (rank >= cluster.size()) stop("a block outside of the cluster");
    if (cluster[rank].live == 0) stop("shared memory of a block that has ended");
    return cluster[rank].shared;
}

static void life(size_t at) {
    for (;;) {
        (*kernel)();
        threads[at].done = true;
        threads[at].block->live--;
        threads[at].stack->pause();
    }
}

static void have_threads(unsigned count) {
    for (size_t i = threads.size(); i < count; i++) {
        threads.emplace_back();
        threads[i].stack.reset(new fiber([i] { life(i); }));
    }
}

/* True: it ran. */
static bool give_turn(cuda_thread *t) {
    if (t->done || (running = t, t->ready && !(*t->ready)())) return false;
    t->ready = nullptr;
    t->stack->resume();
    return true;
}

/* Number `at` of `count` things in the order of turns. */
static unsigned in_order(unsigned at, unsigned count) { return how == order::forward ? at : count - 1 - at; }

/* A turn for each thread of a block; true: one of them ran. */
static bool give_turns(unsigned rank) {
    const unsigned count = block_of.x;
    bool any = false;
    for (unsigned i = 0; i < count; i++) any |= give_turn(&threads[rank * count + in_order(i, count)]);
    return any;
}

/* The first block that can go on does: they drift apart as far as they may. */
static void run_cluster() {
    const unsigned blocks = (unsigned)cluster.size();
    begun++;
    for (unsigned i = 0; i < blocks;) i = give_turns(in_order(i, blocks)) ? 0 : i + 1;
    for (unsigned i = 0; i < blocks * block_of.x; i++)
        if (running = &threads[i], !running->done) stop("waits for threads that never come");
}

/* Of exactly so many bytes: AddressSanitizer sees one past the end. */
static unsigned char *poisoned(size_t bytes) {
    void *memory;
    if (posix_memalign(&memory, 1024, bytes)) abort();
    return (unsigned char *)memset(memory, 0xff, bytes);
}

/* Its first block is at `first`. */
static void set_up(const index3 &first, size_t shared_bytes) {
    const unsigned count = block_of.x;
    for (unsigned rank = 0; rank < cluster.size(); rank++) {
        cuda_block *block = &cluster[rank];
        *block = {{first.x + rank, first.y, first.z}, poisoned(shared_bytes), count, {}, {}};
        block->warps.resize((count + WARP - 1) / WARP);
        for (unsigned i = 0; i < count; i++) {
            cuda_thread *t = &threads[rank * count + i];
            t->block = block, t->index = {i, 0, 0}, t->barriers = t->meetings = 0, t->done = false;
        }
    }
}

void run(const unsigned blocks[3], unsigned of_cluster, unsigned count, size_t shared_bytes,
         const std::function<void()> &thread) {
    kernel = &thread;
    grid_of = {blocks[0], blocks[1], blocks[2]}, block_of = {count, 1, 1};
    have_threads(of_cluster * count);
    cluster.resize(of_cluster);
    if (blocks[0] % of_cluster) fprintf(stderr, "a grid of no whole clusters\n"), abort();
    for (unsigned z = 0; z < blocks[2]; z++)
        for (unsigned y = 0; y < blocks[1]; y++)
            for (unsigned x = 0; x < blocks[0]; x += of_cluster) {
                set_up({x, y, z}, shared_bytes);
                run_cluster();
                for (cuda_block &block : cluster) free(block.shared);
            }
}

} // namespace emulated
