/* bench_jobs.h: what `motbench bench` times: shapes x threads x cache states x data types x stages, with the
 * contestants of each. */
#ifndef CLI_BENCH_JOBS_H
#define CLI_BENCH_JOBS_H

#include "contestants.h"
#include "options.h"

enum { CONTESTANTS_MAX = 64 };

/* One comparison: all of it is timed interleaved. */
typedef struct bench_job {
    mot_shape shape;   /* of those that bring none of their own: the dense FFN beside the layers does */
    const char *group; /* the sweep it belongs to, or "" */
    const char *stage; /* a stage's name, or "layer" */
    int threads;
    cache_state cache;
    mot_dtype dtype;
    bool cuda; /* on the GPU; threads is then 1 */
    contestant contestant[CONTESTANTS_MAX];
    size_t count;
    char *own_name[MAX_CHOICES]; /* of contestants that were tuned or chosen, which have no name elsewhere; or NULL */
} bench_job;

typedef struct bench_jobs {
    bench_job *item;
    size_t count, capacity;
} bench_jobs;

/* The stage of a contestant: the job's, or "dense" for the FLOP-matched dense FFN. */
const char *bench_stage(const bench_job *, const contestant *);
bool bench_has_dense(const bench_job *);

/* o->sets must not be empty. profile may be NULL. EXIT_OK, or an exit code after a line on stderr. */
int bench_jobs_make(bench_jobs *, const options *, const mot_profile *);
void bench_jobs_free(bench_jobs *);

/* "<choice>/<shape>/t2/cold-weights", as in the sample file. */
void bench_jobs_print(const bench_jobs *);

/* --profile, else the machine's; NULL with EXIT_OK if there is none. */
int bench_profile(mot_profile **, const options *);

#endif
