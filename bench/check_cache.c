/* The check that stands before every timing, done once per process for each plan and kind of shape. */
#include "check.h"

#include "measure_hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GROUPS = 8, EXPERTS = 4, TIMEOUT_S = 60 };

typedef struct entry {
    uint64_t key;
    check_result result;
} entry;
static entry *entries; /* of the process; measuring is single-threaded */
static size_t entry_count;

static const entry *find(uint64_t key) {
    for (size_t i = 0; i < entry_count; i++)
        if (entries[i].key == key) return &entries[i];
    return NULL;
}

static void remember(uint64_t key, const check_result *r) {
    entry *grown = realloc(entries, (entry_count + 1) * sizeof *grown);
    if (!grown) return; /* it will be checked again */
    entries = grown;
    entries[entry_count++] = (entry){key, *r};
}

static uint64_t key_of(const mot_plan *plan, const mot_shape *s) {
    char text[sizeof *s + 1 + MOT_MAX_STEPS * 160] = {0};
    size_t n = sizeof *s;
    memcpy(text, s, n);
    text[n++] = (char)mot_plan_dtype(plan);
    for (int i = 0; i < plan->steps && n < sizeof text; i++) {
        int printed = mot_choice_print(text + n, sizeof text - n, &plan->step[i]);
        n += printed > 0 ? (size_t)printed + 1 : 0;
    }
    return hash_memory(text, sizeof text);
}

/* Groups are alike, and so are the experts of the experts stage; a whole layer is run to see that its steps fit
 * together. */
static mot_shape capped(const mot_plan *plan, mot_shape s) {
    bool experts_alike = plan->steps > 1 || plan->step[0].variant->stage == MOT_STAGE_EXPERTS;
    if (s.groups > GROUPS) s.groups = GROUPS;
    if (experts_alike && s.experts > EXPERTS) s.experts = EXPERTS;
    return s;
}

static void (*enter_of(const mot_plan *plan))(void) {
    const peer *p = candidate_peer(plan->step[0].variant);
    return p ? p->enter : NULL;
}

static check_result check_once(const mot_plan *plan, const mot_shape *s) {
    uint64_t key = key_of(plan, s);
    const entry *known = find(key);
    if (known) return known->result;
    check_options options = {.seed = 1, .threads = 2, .strided = true, .quick = true, .enter = enter_of(plan)};
    check_result r = check_plan_forked(plan, s, &options, TIMEOUT_S);
    remember(key, &r);
    return r;
}

/* What can't be checked on few groups is checked on all of them. */
static check_result check_capped(const mot_plan *plan, const mot_shape *s) {
    mot_shape few = capped(plan, *s);
    check_result r = check_once(plan, &few);
    return r.verdict == VERDICT_SKIP ? check_once(plan, s) : r;
}

check_result check_before_timing(const mot_plan *plan, const mot_shape *s) {
    for (int i = 0; plan->steps > 1 && i < plan->steps; i++) {
        mot_plan step = {.steps = 1, .step = {plan->step[i]}};
        check_result r = check_capped(&step, s);
        if (r.verdict != VERDICT_PASS) return r;
    }
    return check_capped(plan, s);
}
