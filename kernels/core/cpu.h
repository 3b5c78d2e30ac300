/* cpu.h: what the processor AND the operating system let us run, with a seam for tests. */
#ifndef MOT_CORE_CPU_H
#define MOT_CORE_CPU_H

#include "mot/mot.h"

#include <stdbool.h>

/* Raw words that decide; tests fill them in by hand. */
typedef struct mot_cpuid {
    uint32_t leaf1_ecx, leaf7_ebx, leaf7_1_eax;
    uint64_t xcr0; /* 0 when OSXSAVE is off */
    uint32_t leaf7_edx;
    uint32_t tiles; /* 1: the system lets this process use AMX's registers */
} mot_cpuid;

mot_cpuid mot_cpu_read(void);
mot_isa mot_cpu_best(const mot_cpuid *); /* AVX2 needs AVX, FMA, XCR0 bits 1-2; AVX-512 also bits 5-7; AMX 17-18 */
mot_isa mot_cpu_isa(void);               /* mot_cpu_best(mot_cpu_read()), cached */
const char *mot_cpu_why_not(mot_isa);    /* NULL if usable, else "no avx512f in CPUID", "the OS has not enabled …" */
const char *mot_cpu_why_not_on(const mot_cpuid *, mot_isa); /* the same for words filled in by hand */

/* What the built-in choices depend on beside the ISA: later kinds are AMD's too. */
typedef enum mot_cpu_kind { MOT_CPU_OTHER = 1, MOT_CPU_AMD, MOT_CPU_ZEN5 } mot_cpu_kind;
mot_cpu_kind mot_cpu_kind_here(void); /* cached */

/* vendor, family, model, stepping, cores, cache sizes; and their text form, the profile's fingerprint:
 * "AuthenticAMD-26-2-1-avx512-c2-l1d48-l2_1024-l3_32768". `isa` and cores are what the process may use. */
typedef struct mot_cpu_facts {
    char vendor[13], brand[49];
    unsigned family, model, stepping;
    int cores;          /* usable by this process: affinity, capped by the cgroup's quota */
    size_t l1d, l2, l3; /* bytes, 0 if unknown */
} mot_cpu_facts;
/* Asks the system for AMX's registers, once for the whole process: Linux wants that since signal frames become 8 KiB
 * larger with them. True if they may be used. */
bool mot_cpu_allow_tiles(void);
void mot_cpu_describe(mot_cpu_facts *);
void mot_cpu_identify(mot_cpu_facts *); /* CPUID's part of it: all but cores */
void mot_cpu_fingerprint(char *buf, size_t size);
int mot_cpu_threads(void); /* allowed CPUs, capped by ceil(quota) */
int mot_cpu_allowed(void); /* CPUs in the affinity mask */
/* CPUs that the cgroup's quota (v1 or v2, the tightest up to the top) allows, 0 if there is none. `root` goes before
 * /proc and /sys: "" is the machine, tests have trees of their own. */
double mot_cpu_quota(const char *root);

#endif
