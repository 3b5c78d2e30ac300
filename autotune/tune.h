/* tune.h: check x measure x search -> the machine's profile. */
#ifndef AUTOTUNE_TUNE_H
#define AUTOTUNE_TUNE_H

#include "samples.h"
#include "shape.h"

typedef struct tune_options {
    int threads;
    double budget_s; /* for all shapes together */
    uint64_t seed;
    mot_isa isa;     /* a cap: of the data type the highest up to it */
    bool cuda;       /* a GPU's kernels; isa and threads then say nothing */
    bool unverified; /* of these also the ones that have never passed their check on a GPU */
    mot_dtype dtype;
    cache_state cache;
    const char *profile_path;        /* where the profile goes; NULL: tune_default_path */
    const char *journal_path;        /* NULL: tune_default_journal */
    bool resume;                     /* take up the journal: repeat no evaluation */
    bool dry_run;                    /* say what would be tried, time nothing */
    samples_writer *samples;         /* may be NULL */
    volatile const int *interrupted; /* non-zero (a signal came): keep the best so far and finish */
    /* done of total keys; best_ratio: the best confirmed time / the default's, 1: none yet. False: as an interrupt. */
    bool (*progress)(void *, const char *what, int done, int total, double best_ratio);
    void *progress_data;
} tune_options;

typedef struct tune_summary {
    int keys, evaluations, kept, interrupted;
} tune_summary;

/* Tunes every stage and the layer of every shape. The profile is written after each shape. False and error on trouble;
 * the profile then holds what was confirmed before. A shape that cannot be measured is passed over, with a word to
 * progress; if none can, that is an error. */
bool tune_run(const shape_list *, const tune_options *, tune_summary *, char *error, size_t error_size);
/* NULL if kernels of the GPU can be tuned, else the reason. */
const char *tune_why_not_cuda(bool unverified);
/* The plan that the profile at `path` has for this layer and the GPU that is here, as mot_cuda looks it up; false:
 * none. */
bool tune_find_cuda_layer(const char *path, const mot_shape *, mot_dtype, mot_plan *out);
/* Beside the CPU's profile "p.json" the GPU's, "p.cuda.json"; NULL: $XDG_CACHE_HOME/mot/<fingerprint of the GPU>.json.
 * False: no home. */
bool tune_cuda_path(char *buf, size_t size, const char *cpu_profile);
/* $MOT_PROFILE, else $XDG_CACHE_HOME/mot/<fingerprint>.json; $XDG_STATE_HOME/mot/trials.jsonl. False: no home. */
bool tune_default_path(char *buf, size_t size);
bool tune_default_journal(char *buf, size_t size);

#endif
