#include "counters_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *counters_provider(void) { return hardware_provider(); }
size_t counters_known(void) { return software_count() + hardware_count(); }

const char *counters_known_name(size_t index) {
    if (index >= counters_known()) return NULL;
    return index < software_count() ? software_name(index) : hardware_name(index - software_count());
}

static bool understood(const char *name) { return software_find(name) >= 0 || hardware_accepts(name); }

const char *counters_why_not(const char *name) {
    if (software_find(name) >= 0) return NULL;
    return hardware_accepts(name) ? hardware_why_not(name) : "no such counter";
}

/* ---- names ---- */

/* Levenshtein's distance of two short names. */
static int distance(const char *a, const char *b) {
    int row[COUNTER_NAME + 1];
    const int n = (int)strlen(b);
    for (int j = 0; j <= n; j++) row[j] = j;
    for (int i = 0; a[i]; i++) {
        int diagonal = row[0];
        row[0] = i + 1;
        for (int j = 0; j < n; j++) {
            const int replaced = diagonal + (a[i] != b[j]);
            diagonal = row[j + 1];
            const int shorter = row[j] < diagonal ? row[j] : diagonal;
            row[j + 1] = replaced < shorter + 1 ? replaced : shorter + 1;
        }
    }
    return row[n];
}

/* The known names that a wrong one may have meant. */
static void name_near(const char *wrong, char *buf, size_t size) {
    enum { NEAR = 3 };
    const int far = (int)strlen(wrong) / 3 + 2;
    size_t used = 0;
    const char *last[NEAR] = {NULL};
    buf[0] = 0;
    for (int k = 0; k < NEAR; k++) {
        int least = far;
        for (size_t i = 0; i < counters_known(); i++) {
            const char *name = counters_known_name(i);
            if (strlen(name) > COUNTER_NAME - 1 || name == last[0] || name == last[1]) continue;
            const int d = distance(wrong, name);
            if (d < least) least = d, last[k] = name;
        }
        if (!last[k] || used >= size) return;
        used += (size_t)snprintf(buf + used, size - used, "%s%s", k ? ", " : "; near it: ", last[k]);
    }
}

static bool add(counter_set *set, const char *name, size_t length, char *error, size_t error_size) {
    char own[COUNTER_NAME], near[4 * COUNTER_NAME];
    snprintf(own, sizeof own, "%.*s", (int)length, name);
    if (length == 0) return snprintf(error, error_size, "an empty counter name in the list"), false;
    if (length >= sizeof own || !understood(own)) {
        name_near(own, near, sizeof near);
        snprintf(error, error_size, "unknown counter '%.64s'%s (all names: motbench list counters)", own, near);
        return false;
    }
    for (int i = 0; i < set->count; i++)
        if (strcmp(set->name[i], own) == 0) return true;
    if (set->count == COUNTER_MAX)
        return snprintf(error, error_size, "more than %d counters at once", COUNTER_MAX), false;
    strcpy(set->name[set->count++], own);
    return true;
}

/* Few enough to fit every PMU at once. */
static void add_auto(counter_set *set) {
    static const char *const wishes[] = {"PAPI_TOT_CYC", "PAPI_TOT_INS", "PAPI_L1_DCM", "PAPI_L2_DCM"};
    char ignored[8];
    for (size_t i = 0; i < software_count(); i++)
        add(set, software_name(i), strlen(software_name(i)), ignored, sizeof ignored);
    for (size_t i = 0; i < sizeof wishes / sizeof *wishes; i++)
        if (!counters_why_not(wishes[i])) add(set, wishes[i], strlen(wishes[i]), ignored, sizeof ignored);
}

bool counters_parse(counter_set *set, const char *text, char *error, size_t error_size) {
    memset(set, 0, sizeof *set);
    if (strcmp(text, "none") == 0) return true;
    if (strcmp(text, "auto") == 0) return add_auto(set), true;
    for (const char *p = text;; p++) {
        const size_t length = strcspn(p, ",");
        if (!add(set, p, length, error, error_size)) return false;
        p += length;
        if (!*p) return true;
    }
}

/* ---- counting ---- */

static struct {
    bool on;
    counter_set set;
    int software[COUNTER_MAX]; /* index, or -1: hardware */
    double begin[COUNTER_MAX];
    char reason[COUNTER_MAX][COUNTER_REASON]; /* of the hardware ones, in their order */
} active;

bool counters_start(const counter_set *set) {
    const char *hardware[COUNTER_MAX];
    int count = 0;
    if (active.on) return false;
    memset(&active, 0, sizeof active);
    active.on = true, active.set = *set;
    for (int i = 0; i < set->count; i++)
        if ((active.software[i] = software_find(set->name[i])) < 0) hardware[count++] = active.set.name[i];
    if (count > 0) hardware_start(hardware, count, active.reason);
    for (int i = 0; i < set->count; i++)
        if (active.software[i] >= 0) active.begin[i] = software_read(active.software[i]);
    return true;
}

void counters_stop(counter_values *out, double calls) {
    double hardware[COUNTER_MAX];
    int used = 0;
    memset(out, 0, sizeof *out);
    if (!active.on) return;
    out->count = active.set.count;
    for (int i = 0; i < out->count; i++) /* before the hardware's own system calls */
        if (active.software[i] >= 0) out->value[i] = (software_read(active.software[i]) - active.begin[i]) / calls;
    for (int i = 0; i < out->count; i++) used += active.software[i] < 0;
    if (used > 0) hardware_stop(hardware);
    for (int i = 0, h = 0; i < out->count; i++) {
        strcpy(out->name[i], active.set.name[i]);
        if (active.software[i] >= 0) continue;
        strcpy(out->reason[i], active.reason[h]);
        out->value[i] = hardware[h++] / calls;
    }
    active.on = false;
}
