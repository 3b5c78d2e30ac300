/* measure_side.h: inside of measure: the tensors that all contestants share, and one contestant ready to run. */
#ifndef BENCH_MEASURE_SIDE_H
#define BENCH_MEASURE_SIDE_H

#include "gbench.h"
#include "measure.h"
#include "measure_taint.h"
#include "rotate.h"

enum { TENSOR_COUNT = 8, TENSOR_WEIGHTS = MOT_CONTROLLER | MOT_W1 | MOT_W2 };

/* Tensors of one shape. Those in `rotating` exist `copies` times; call k uses copy k mod copies of each. */
typedef struct tensors {
    mot_shape shape;
    mot_dtype dtype;
    mot_strides strides;
    int present, rotating; /* bits of enum mot_tensor */
    size_t copies;
    cache_state cache;
    char note[96];          /* what a reader of any row on them has to know, or "" */
    rotor at[TENSOR_COUNT]; /* in the order of the bits */
} tensors;

/* Maps and fills the tensors in `present`; the rest of the struct is set. False: out of memory. */
bool tensors_make(tensors *, uint64_t seed);
void tensors_free(tensors *);
size_t tensor_bytes(const mot_shape *, mot_dtype, int tensor);
size_t tensors_bytes(const mot_shape *, mot_dtype, int set);

typedef struct side {
    const contestant *contestant;
    const tensors *tensors; /* those of its shape */
    int threads;
    bool layer;              /* its plan is a layer; else one step */
    int reads, writes;       /* bits, of what it meets in `tensors` */
    const mot_choice *packs; /* the step with packed weights, or NULL */
    const peer *peer;        /* the library that its first peer step belongs to, or NULL */
    rotor packed, workspace;
    size_t next;      /* number of the next call: which copies it meets */
    uint64_t outputs; /* hash of what it computes; every call must give it again */
    taint_probe *probe;
    disturbance disturbance;     /* of the last batch */
    bool warm, wrong;            /* warm up before a batch; a batch left other outputs than the first call */
    bool differs;                /* at the timed shape, from the witness, by more than rounding */
    const char *witness;         /* the first contestant's name, once compared with */
    double distance;             /* rms, relative */
    const counter_set *counters; /* not NULL: this batch counts */
    counter_values counted;
    double call_ns;    /* estimate of one call */
    int index;         /* in Google Benchmark's list */
    bool dropped;      /* far slower than the fastest */
    int turns;         /* takes part in this many rounds, from the first on */
    const char *taint; /* why the latest tainted sample is */
    measurement *out;
} side;

/* What the plan of a contestant reads, writes and packs. */
side side_of(const contestant *, measurement *out, int threads);
size_t side_packed_bytes(const side *, const mot_shape *);
size_t side_workspace_bytes(const side *, const mot_shape *);
int side_rotating(const side *, cache_state); /* tensors that rotate in this state; packed weights stand for W1 | W2 */
/* Maps, packs, runs once on poisoned outputs. False: out of memory. Sets side->wrong if outputs were left unwritten. */
bool side_prepare(side *, const tensors *);
void side_free(side *);
/* Outputs of a copy: every step-th element becomes a NaN that no arithmetic makes; is none left; a hash of them. */
void side_poison(const side *, size_t copy, size_t step);
bool side_written(const side *, size_t copy);
uint64_t side_hash(const side *, size_t copy);
double side_time_calls(side *, long calls);  /* ns of that many calls */
void side_batch(void *side, gbench_batch *); /* a gbench_body: warm up, poison, time, verify */

#endif
