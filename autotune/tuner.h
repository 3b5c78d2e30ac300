/* tuner.h: inside of tune: one run of the tuner, a key of it, and timed, checked, journalled evaluations. */
#ifndef AUTOTUNE_TUNER_H
#define AUTOTUNE_TUNER_H

#include "cpu.h"
#include "journal.h"
#include "search.h"
#include "tune.h"

enum { TUNER_TEXT = 512, TUNER_BATCH = 8, TUNER_RACE_ROUNDS = 12 };
#define TUNER_GRACE 0.1 /* of the budget: how far a last confirmation may run over */

typedef struct tuner {
    const tune_options *options;
    const mot_variant *const *variants; /* what is tuned: libmot's, or a test's */
    size_t variant_count;
    mot_cpu_facts cpu;
    journal *journal;
    json_t *entries; /* results of the shape in work, for profile_write */
    json_t *seeds;   /* entries of the profile that was there */
    tune_summary summary;
    double end_s; /* of the whole run, on the clock of tuner_now */
    int keys_done, keys_total;
    double best_ratio; /* best confirmed choice / default so far */
    bool stopped;      /* progress said so */
    char *error;
    size_t error_size;
} tuner;

/* What is tuned in one go. */
typedef struct tuner_key {
    const mot_shape *shape;
    mot_stage stage;
    char text[TUNER_TEXT]; /* "experts|g64…|t2|cold-weights|avx512|f32" */
    mot_plan incumbent;    /* the default */
    double search_end_s;   /* after that no more candidates */
    double end_s;          /* after that no race of more than one */
    double share_s;        /* of the budget */
    double default_ns;     /* last known, 0: not yet */
} tuner_key;

/* Time and interval of a plan against the incumbent's in the same rounds. ratio: plan / incumbent; INFINITY: rejected.
 */
typedef struct timing {
    double ratio, low, high;
    double ns, low_ns, high_ns, default_ns;
    int rounds;
} timing;

double tuner_now(void); /* s, monotonic */
bool tuner_interrupted(const tuner *);
/* Calls progress; false: stop. */
bool tuner_report(tuner *, const tuner_key *, const char *what);

/* Contestants besides the default whose packed weights fit the memory that a measurement may take, 1..TUNER_BATCH. */
size_t tuner_side_limit(const tuner *, const tuner_key *);
/* How many of `count` the time that is left can race; 1: no race, since one needs only its confirmation. */
size_t tuner_affordable(const tuner *, const tuner_key *, size_t count);
/* Rounds of the last comparison; fewer under an interrupt or when time is short, 0: it cannot be had any more. */
int tuner_confirm_rounds(const tuner *, const tuner_key *);

/* "a{x=1}+b": the choices of a plan. */
void plan_print(char *buf, size_t size, const mot_plan *);
json_t *plan_choices(const mot_plan *); /* array of texts */
bool plan_parse(mot_plan *, const json_t *choices, const mot_variant *const *variants, size_t count);
bool plan_equal(const mot_plan *, const mot_plan *);

typedef enum phase { PHASE_TRIAL, PHASE_RACE, PHASE_CONFIRM } phase;
/* Checks and times plans against the key's incumbent, journals each; what the journal knows is not repeated. Rejected
 * plans get ratio INFINITY, plans not reached NAN. At most TUNER_BATCH plans. False: stop (interrupted, or an error).
 */
bool tuner_time(tuner *, tuner_key *, const mot_plan *, size_t count, phase, int rounds, timing *out);

/* The last word on a plan: a comparison of its own, and if it won that, the full check. ratio NAN: there was no time.
 */
bool tuner_confirm(tuner *, tuner_key *, const mot_plan *, timing *out);
/* All data modes, in a forked child. */
bool tuner_passes_fully(const tuner *, const tuner_key *, const mot_plan *);

/* A key's outcome into the journal, the entries and the samples. `t` as confirmed. */
bool tuner_result(tuner *, const tuner_key *, const mot_plan *winner, const timing *t, const search_result *);
/* The journal has an outcome of this key, from a run with at least this budget. */
bool tuner_settled(const tuner *, const tuner_key *);
/* Takes it up; true: nothing is left to do. best: the plan that holds now for this key. */
bool tuner_resume(tuner *, const tuner_key *, mot_plan *best);

/* Tunes one stage: `best` is the winner or the default. False: error. */
bool tune_stage(tuner *, tuner_key *, mot_plan *best);
/* Tunes the layer out of the stages' winners (by stage; steps 0: none). False: error. */
bool tune_layer(tuner *, tuner_key *, const mot_plan best[MOT_STAGE_COUNT]);

/* tune_run with any list of variants. */
bool tune_variants(const shape_list *, const tune_options *, const mot_variant *const *variants, size_t count,
                   tune_summary *, char *error, size_t error_size);

#endif
