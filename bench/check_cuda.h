/* check_cuda.h: a run of a check on the device: what is in the host's workspace goes there between guards of its own,
 * is worked on, and comes back. What judges it does not see the difference. */
#ifndef BENCH_CHECK_CUDA_H
#define BENCH_CHECK_CUDA_H

#include "check_judge.h"

/* Scratch memory is the device's alone, the workspace has none. False: a finding. An error of CUDA's is a CRASH: the
 * process must not use the device again. */
bool cuda_execute(findings *, const mot_plan *, const mot_shape *, workspace *, const char *where);

#endif
