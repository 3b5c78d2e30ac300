/* copies.h: work that a thread starts and that is surely done only when it waits for it. Threads first to last: it is
 * done at once; last to first: not before it must. */
#ifndef EMULATED_COPIES_H
#define EMULATED_COPIES_H

#include <functional>

namespace emulated {

void later(std::function<void()> work);
void commit();
void wait(unsigned groups_pending);

/* The same of the cluster's copy engines: a step does the oldest that is still to do, if there is one. */
void engine_later(std::function<void()> work);
void engine_step();

/* Faults: the waits of every thread do nothing; those for a phase of a barrier in shared memory, of the threads from
 * `first` to before `last`. */
void skip_waits(bool);
void skip_phases(unsigned first, unsigned last);
bool phase_skipped();
/* What a thread tells other blocks of its cluster it tells its own instead. */
void stay_at_home(bool);
unsigned told(unsigned block);

} // namespace emulated

#endif
