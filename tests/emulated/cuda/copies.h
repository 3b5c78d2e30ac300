/* copies.h: work that a thread starts and that is surely done only when it waits for it. Threads first to last: it is
 * done at once; last to first: not before it must. */
#ifndef EMULATED_COPIES_H
#define EMULATED_COPIES_H

#include <functional>

namespace emulated {

void later(std::function<void()> work);
void commit();
void wait(unsigned groups_pending);

/* The waits of every thread do nothing: must be caught. */
void skip_waits(bool);

} // namespace emulated

#endif
