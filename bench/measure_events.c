/* measure_events.c: the pass with counters, apart from the timed ones. */
#include "measure_run.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void count_events(side *s, const counter_set *set) {
    counter_values *v = &s->out->counters;
    gbench_batch batch;
    s->counters = set;
    s->counted = (counter_values){0};
    if (gbench_run(s->index, &batch)) {
        *v = s->counted;
        for (int i = 0; i < batch.counter_count; i++)
            for (int j = 0; j < v->count; j++)
                if (strcmp(v->name[j], batch.counter_name[i]) == 0) v->value[j] = batch.counter[i];
    }
    s->counters = NULL;
}

/* Which counter could not be started, and why, is known beforehand. */
static void explain_missing(measurement *m, const counter_set *set) {
    m->counters.count = set->count;
    for (int i = 0; i < set->count; i++) {
        const char *why = counters_why_not(set->name[i]);
        memcpy(m->counters.name[i], set->name[i], COUNTER_NAME);
        m->counters.value[i] = NAN;
        snprintf(m->counters.reason[i], sizeof m->counters.reason[i], "%s", why ? why : "the counters did not start");
    }
}

void comparison_count_events(comparison *c) {
    const counter_set *set = &c->options.counters;
    for (size_t i = 0; set->count && i < c->count; i++) {
        measurement *m = c->side[i].out;
        if (c->stop && strcmp(c->stop, "interrupted") == 0) return;
        count_events(&c->side[i], set);
        if (m->counters.count == 0) explain_missing(m, set);
    }
}
