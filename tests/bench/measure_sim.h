/* measure_sim.h: a simulated clock and kernels that say what they cost, so that nothing depends on the machine. */
#ifndef TESTS_BENCH_MEASURE_SIM_H
#define TESTS_BENCH_MEASURE_SIM_H

#include "measure.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>
#include <cmocka.h>

extern int64_t sim_ns, sim_calls, sim_back_from; /* from this call on, calls seem to end before they begin */
extern double sim_drift;                         /* share by which everything has slowed down after 1000 calls */
extern int sim_taint_every;
extern pid_t sim_process; /* checks run in children: they cost nothing here */
uint64_t sim_tsc(void);
void sim_spend(double ns);
int simulate(void **state);   /* setup */
int real_again(void **state); /* teardown */

enum { CHEAP, DEARER, DEAR, ENDLESS, LAZY, HALFHEARTED, FORGETFUL, BENT, WRONG, KERNELS };
extern const mot_variant *right; /* mix, scalar */
extern mot_variant kernel[KERNELS];
extern const mot_shape shape;
extern const measure_options plain;
contestant make(int which);
measurement *compare(const int *which, size_t count, const measure_options *);

#endif
