#include "copies.h"

#include "grid.h"

#include <deque>
#include <vector>

namespace emulated {

struct queue {
    unsigned cluster; /* that it belongs to: what a thread never waited for is forgotten */
    std::vector<std::function<void()>> open;
    std::deque<std::vector<std::function<void()>>> committed;
};

static std::vector<queue> queues;
static bool skipped, at_home;
static unsigned first_deaf, last_deaf;

static queue &mine() {
    const size_t thread = thread_of_cluster();
    if (queues.size() <= thread) queues.resize(thread + 1);
    queue &q = queues[thread];
    if (q.cluster != clusters_begun()) q = {clusters_begun(), {}, {}};
    return q;
}

void skip_waits(bool s) { skipped = s; }
void skip_phases(unsigned first, unsigned last) { first_deaf = first, last_deaf = last; }
bool phase_skipped() { return thread_index().x >= first_deaf && thread_index().x < last_deaf; }

void stay_at_home(bool s) { at_home = s; }
unsigned told(unsigned block) { return at_home ? rank_of_block() : block; }

void later(std::function<void()> work) {
    if (current_order() == order::forward)
        work();
    else
        mine().open.push_back(std::move(work));
}

void commit() {
    queue &q = mine();
    q.committed.push_back(std::move(q.open));
    q.open.clear();
}

void wait(unsigned groups_pending) {
    queue &q = mine();
    if (skipped) return;
    for (; q.committed.size() > groups_pending; q.committed.pop_front())
        for (auto &work : q.committed.front()) work();
}

static std::deque<std::function<void()>> engine;
static unsigned engine_cluster;

void engine_later(std::function<void()> work) {
    if (engine_cluster != clusters_begun()) engine.clear(), engine_cluster = clusters_begun();
    engine.push_back(std::move(work));
    if (current_order() == order::forward) engine_step();
}

void engine_step() {
    if (engine.empty() || engine_cluster != clusters_begun()) return;
    const std::function<void()> work = std::move(engine.front());
    engine.pop_front();
    work();
}

} // namespace emulated
