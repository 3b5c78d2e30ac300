#include "copies.h"

#include "grid.h"

#include <deque>
#include <vector>

namespace emulated {

struct queue {
    unsigned block; /* that it belongs to: what a block never waited for is forgotten */
    std::vector<std::function<void()>> open;
    std::deque<std::vector<std::function<void()>>> committed;
};

static std::vector<queue> queues;
static bool skipped;

static queue &mine() {
    const size_t thread = thread_index().x;
    if (queues.size() <= thread) queues.resize(thread + 1);
    queue &q = queues[thread];
    if (q.block != blocks_begun()) q = {blocks_begun(), {}, {}};
    return q;
}

void skip_waits(bool s) { skipped = s; }

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

} // namespace emulated
