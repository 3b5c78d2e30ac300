/* grid.h: runs a grid of CUDA threads on one CPU thread: cluster after cluster of blocks (most are of one), each thread
 * of a cluster on a stack of its own, taking turns at barriers only. */
#ifndef EMULATED_GRID_H
#define EMULATED_GRID_H

#include <cstddef>
#include <functional>

namespace emulated {

struct index3 {
    unsigned x, y, z;
};

/* Of the thread that runs. */
const index3 &thread_index();
const index3 &block_index();
const index3 &block_size();
const index3 &grid_size();
unsigned char *dynamic_shared();
unsigned rank_of_block();     /* its number in the cluster */
unsigned thread_of_cluster(); /* the thread's number, block after block */
unsigned clusters_begun();    /* by the process so far */

/* Shared memory of a block of this cluster; one whose threads have all ended has none any more: the process ends. */
unsigned char *shared_of(unsigned rank);

/* Threads of a cluster take turns first to last, or last to first, and copies to shared memory that run by themselves
 * arrive as early, or as late, as they may: a kernel that lacks a barrier is right in one of the two at most. */
enum class order { forward, backward };
void set_order(order);
order current_order();

/* Waits for `count` threads at one of 16 barriers of the block; 0 is that of __syncthreads. A thread that never
 * arrives: the process ends with a line that says so. */
void barrier(unsigned id, unsigned count);
void cluster_barrier(); /* of all threads of all blocks of the cluster */

/* The process ends: the GPU would have done anything. */
[[noreturn]] void stop(const char *why);

/* From now on the threads of a block run past the barrier 0 that would be the number-th they come to; -1: past none. */
void skip_barrier(int number);
void skip_cluster_barrier(int number); /* the same of cluster_barrier */

/* Waits until `ready` says so. Other threads must make it so. */
void wait_until(const std::function<bool()> &ready);

/* All 32 threads of a warp put in a pointer; one of them, once, sees those of all, and then all go on. */
enum { WARP = 32 };
void together(void *mine, const std::function<void(void *const *of_lane)> &once);

/* cluster: blocks of one, side by side along x. Dynamic shared memory is poisoned before each block and ends where
 * shared_bytes ends. */
void run(const unsigned blocks[3], unsigned cluster, unsigned threads, size_t shared_bytes,
         const std::function<void()> &thread);

} // namespace emulated

#endif
