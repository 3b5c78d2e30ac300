/* Every instruction set is usable: in this build they are plain C. The real functions are renamed by the build. */
#include "cpu.h"

mot_isa mot_cpu_isa(void) { return MOT_ISA_AMX; }

const char *mot_cpu_why_not(mot_isa isa) {
    (void)isa;
    return NULL;
}
