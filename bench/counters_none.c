/* counters_none.c: a build without PAPI still understands its names, and says what is missing. */
#include "counters_internal.h"

#include <math.h>
#include <string.h>

static const char *const presets[] = {"PAPI_TOT_CYC", "PAPI_TOT_INS", "PAPI_L1_DCM", "PAPI_L2_DCM",
                                      "PAPI_L3_TCM",  "PAPI_TLB_DM",  "PAPI_FP_OPS", "PAPI_BR_MSP"};
static int started;

const char *hardware_provider(void) { return "none (built without PAPI)"; }
size_t hardware_count(void) { return sizeof presets / sizeof *presets; }
const char *hardware_name(size_t index) { return presets[index]; }

bool hardware_accepts(const char *name) {
    for (size_t i = 0; i < hardware_count(); i++)
        if (strcmp(name, presets[i]) == 0) return true;
    return false;
}

const char *hardware_why_not(const char *name) {
    (void)name;
    return "built without PAPI: install libpapi-dev and build again";
}

void hardware_start(const char *const *names, int count, char (*reason)[COUNTER_REASON]) {
    for (started = 0; started < count; started++) strcpy(reason[started], hardware_why_not(names[started]));
}

void hardware_stop(double *values) {
    for (int i = 0; i < started; i++) values[i] = NAN;
}
