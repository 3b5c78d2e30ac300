/* check_forked.h: inside of check: what its two kinds of children share. */
#ifndef BENCH_CHECK_FORKED_H
#define BENCH_CHECK_FORKED_H

#include "check.h"

/* In the child, first: signals become a CRASH verdict written to `report`, and work stays on this thread. */
void check_child_begin(int report);
bool check_wait_for(int fd, double timeout_s); /* the child said something or died; false: the time is over */

/* Of CUDA kernels: as check_plan_forked, in one child that stays. */
check_result check_plan_worker(const mot_plan *, const mot_shape *, const check_options *, double timeout_s);

#endif
