#include "grid.h"

#include "fiber.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

namespace emulated {

/* One CUDA thread: a fiber that runs the kernel once for each block, and what it waits for. */
struct cuda_thread {
    std::unique_ptr<fiber> stack;
    const std::function<bool()> *ready; /* NULL: it may run */
    index3 index;
    int barriers; /* passed */
    bool done;
};

struct rendezvous {
    unsigned arrived, generation;
    void *of_lane[WARP];
};

static std::vector<cuda_thread> threads;
static cuda_thread *running;
static const std::function<void()> *kernel;
static index3 block_at, block_of, grid_of;
static unsigned char *shared_memory;
static rendezvous barriers[16];
static std::vector<rendezvous> warps;
static order how = order::forward;
static int skipped = -1;
static unsigned begun;

const index3 &thread_index() { return running->index; }
const index3 &block_index() { return block_at; }
const index3 &block_size() { return block_of; }
const index3 &grid_size() { return grid_of; }
unsigned char *dynamic_shared() { return shared_memory; }
void set_order(order o) { how = o; }
unsigned blocks_begun() { return begun; }
void skip_barrier(int number) { skipped = number; }
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
    rendezvous *r = &barriers[id];
    if (id == 0 && running->barriers++ == skipped) return;
    const unsigned generation = r->generation;
    if (!arrive(r, count)) wait_for_others(r, generation);
}

void together(void *mine, const std::function<void(void *const *of_lane)> &once) {
    rendezvous *r = &warps[running->index.x / WARP];
    const unsigned generation = r->generation;
    r->of_lane[running->index.x % WARP] = mine;
    if (r->arrived + 1 == WARP) once(r->of_lane);
    if (!arrive(r, WARP)) wait_for_others(r, generation);
}

/* ---- running ---- */

void stop(const char *why) {
    fprintf(stderr, "block %u, thread %u: %s\n", block_at.x, running->index.x, why);
    abort();
}

static void life(size_t at) {
    for (;;) {
        (*kernel)();
        threads[at].done = true;
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
    if (t->done || (t->ready && !(*t->ready)())) return false;
    t->ready = nullptr;
    running = t;
    t->stack->resume();
    return true;
}

static void run_block(unsigned count) {
    bool any = true;
    begun++;
    for (unsigned i = 0; i < count; i++) threads[i].index = {i, 0, 0}, threads[i].barriers = 0, threads[i].done = false;
    while (any) {
        any = false;
        for (unsigned i = 0; i < count; i++) any |= give_turn(&threads[how == order::forward ? i : count - 1 - i]);
    }
    for (unsigned i = 0; i < count; i++)
        if (running = &threads[i], !running->done) stop("waits for threads that never come");
}

/* Of exactly so many bytes: AddressSanitizer sees one past the end. */
static unsigned char *poisoned(size_t bytes) {
    void *memory;
    if (posix_memalign(&memory, 1024, bytes)) abort();
    return (unsigned char *)memset(memory, 0xff, bytes);
}

void run(const unsigned blocks[3], unsigned count, size_t shared_bytes, const std::function<void()> &thread) {
    kernel = &thread;
    grid_of = {blocks[0], blocks[1], blocks[2]}, block_of = {count, 1, 1};
    have_threads(count);
    warps.assign((count + WARP - 1) / WARP, {});
    for (block_at.z = 0; block_at.z < blocks[2]; block_at.z++)
        for (block_at.y = 0; block_at.y < blocks[1]; block_at.y++)
            for (block_at.x = 0; block_at.x < blocks[0]; block_at.x++) {
                shared_memory = poisoned(shared_bytes);
                run_block(count);
                free(shared_memory);
            }
}

} // namespace emulated
