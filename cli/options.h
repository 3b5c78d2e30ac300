/* options.h: the flags that verbs share, read from the environment (MOTBENCH_<FLAG>) and the command line. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "counters.h"
#include "filter.h"
#include "measure.h"
#include "shape.h"

typedef enum flag {
    FLAG_SHAPE,
    FLAG_SHAPES,
    FLAG_MODEL,
    FLAG_STAGE,
    FLAG_ISA,
    FLAG_DTYPE,
    FLAG_FILTER,
    FLAG_CHOICE,
    FLAG_THREADS,
    FLAG_CPUS,
    FLAG_CACHE,
    FLAG_COUNTERS,
    FLAG_REQUIRE_COUNTERS,
    FLAG_SEED,
    FLAG_REPEAT,
    FLAG_MIN_TIME,
    FLAG_MAX_NOISE,
    FLAG_TIMEOUT,
    FLAG_BUDGET,
    FLAG_QUICK,
    FLAG_STRICT,
    FLAG_NO_CEILINGS,
    FLAG_PROFILE,
    FLAG_PEERS,
    FLAG_JOURNAL,
    FLAG_RESUME,
    FLAG_DRY_RUN,
    FLAG_UNVERIFIED,
    FLAG_FORMAT,
    FLAG_JSON,
    FLAG_OUT,
    FLAG_OUT_DIR,
    FLAG_COUNT
} flag;
#define FLAG(name) (UINT32_C(1) << FLAG_##name)
#define FLAGS_SHAPES (FLAG(SHAPE) | FLAG(SHAPES) | FLAG(MODEL))
#define FLAGS_OUTPUT (FLAG(FORMAT) | FLAG(JSON) | FLAG(OUT))

#define DTYPE(name) (UINT32_C(1) << MOT_##name)
#define DTYPES_ALL (DTYPE(F32) | DTYPE(BF16))

/* Beside the bits of mot_isa: the kernels on a GPU. */
#define ISA_CUDA (UINT32_C(1) << 31)

enum { MAX_OUTS = 8, MAX_SETS = 16, MAX_CHOICES = 16, MAX_THREAD_COUNTS = 16, MAX_ARGS = 32 };

/* Shapes that came from one flag. */
typedef struct shape_set {
    const char *name; /* of --shapes, else "" */
    shape_list list;
} shape_set;

struct verb;
typedef struct options {
    const struct verb *verb;
    int argc;
    char **argv;   /* the whole command line */
    uint32_t seen; /* flags that were given, as bits */

    shape_set set[MAX_SETS];
    int sets;
    uint32_t stages, isas, caches; /* bits of mot_stage, mot_isa and ISA_CUDA, cache_state; 0: not said */
    uint32_t dtypes;               /* bits of mot_dtype; never 0 after parsing */
    mot_isa cap;                   /* MOT_ISA, or MOT_ISA_BEST */
    filter *filter;
    const char *choices[MAX_CHOICES];
    int choice_count;
    int threads[MAX_THREAD_COUNTS], thread_counts; /* never empty after parsing */
    counter_set counters;
    uint64_t seed;
    int repeat; /* 0: not said, as the times below */
    double min_time_s, max_noise, timeout_s, budget_s;
    bool require_counters, quick, strict, no_ceilings, peers, resume, dry_run, unverified;
    const char *profile, *journal, *out_dir;
    const char *format; /* one of the verb's */
    char first_format[16];
    char *kept[FLAG_COUNT]; /* values from the environment, cut into words */
    const char *out[MAX_OUTS];
    int outs;
    const char *arg[MAX_ARGS];
    int args;
} options;

static inline bool options_dtype(const options *o, mot_dtype d) { return o->dtypes >> d & 1; }
static inline bool options_seen(const options *o, flag f) { return o->seen >> f & 1; }

/* Reads argv[2..]; exits with EXIT_USAGE and one line on stderr, or after --help. */
void options_parse(options *, const struct verb *, int argc, char **argv);
void options_free(options *);

#endif
