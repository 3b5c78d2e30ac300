/* machine.h: facts of the host, and doctor's grades; reads /proc and /sys, changes nothing. */
#ifndef BENCH_MACHINE_H
#define BENCH_MACHINE_H

#include <jansson.h>
#include <stdbool.h>

/* Objects of SAMPLES.md, valid JSON whatever the machine calls itself; what is unknown is null. NULL: out of memory. */
json_t *machine_host(void);
json_t *machine_gpu(void);
json_t *machine_timer(void);
json_t *machine_counters(void);
json_t *machine_libraries(void);
json_t *machine_doctor(void); /* array of {name, grade, found, advice} */
struct mot_cpuid;
json_t *machine_doctor_isas(const struct mot_cpuid *); /* its rows of instruction sets, for this processor */

/* Any bytes as a JSON string: control characters and invalid UTF-8 become '?'. NULL: null. */
json_t *machine_text(const char *);
/* Seam for tests: /proc, /sys and /etc are read below `root`; "" or NULL is the machine. */
void machine_set_root(const char *root);

#endif
