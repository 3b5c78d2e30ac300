/* machine_files.h: small files of /proc and /sys, below a root that tests may move. */
#ifndef BENCH_MACHINE_FILES_H
#define BENCH_MACHINE_FILES_H

#include <stdbool.h>
#include <stddef.h>

void machine_set_root(const char *root); /* NULL or "": the machine itself */
const char *machine_root(void);

/* The file's text, at most size-1 bytes, without trailing white space. False: there is none, or it is empty. */
bool machine_read(char *buf, size_t size, const char *path);
bool machine_exists(const char *path);
/* Its first number; false: no file, or no number. */
bool machine_number(double *out, const char *path);
/* The number after `key` ("MemAvailable:") in a file of lines. */
bool machine_keyed(double *out, const char *path, const char *key);

bool machine_is_virtual(void); /* /proc/cpuinfo has the hypervisor flag */
/* "kvm", "none", "vmware, docker": the hypervisor, then the container. */
void machine_virtualisation(char *buf, size_t size);
double machine_steal_percent(void);    /* since boot, of all CPU time; negative: unknown */
double machine_memory_available(void); /* bytes: MemAvailable, capped by the cgroup's limit; 0: unknown */

#endif
