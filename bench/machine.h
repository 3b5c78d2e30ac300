/* machine.h: facts of the host, and doctor's grades; reads /proc and /sys, changes nothing. */
#ifndef BENCH_MACHINE_H
#define BENCH_MACHINE_H

#include <jansson.h>
#include <stdbool.h>

json_t *machine_host(void);      /* the "host" object of SAMPLES.md */
json_t *machine_gpu(void);
json_t *machine_timer(void);
json_t *machine_counters(void);
json_t *machine_libraries(void);
json_t *machine_doctor(void);    /* array of {name, grade, found, advice} */

#endif
