/* check.h: numerical agreement with the f64 oracle (three tests), memory guards, properties -> a verdict. */
#ifndef BENCH_CHECK_H
#define BENCH_CHECK_H

#include "candidates.h"

typedef enum verdict {
    VERDICT_PASS,
    VERDICT_MARGINAL,
    VERDICT_FAIL,
    VERDICT_SKIP,
    VERDICT_MISTRUSTED,
    VERDICT_CRASH,
    VERDICT_TIMEOUT
} verdict;
const char *verdict_name(verdict);

/* Data modes of accuracy.md. */
typedef enum data_mode {
    DATA_INTEGERS,
    DATA_ZERO_MEAN,
    DATA_POSITIVE,
    DATA_WIDE,
    DATA_CANCELLING,
    DATA_SPECIAL,
    DATA_MODE_COUNT
} data_mode;
const char *data_mode_name(data_mode);

typedef struct check_result {
    verdict verdict;
    char reason[192];    /* why it is not a PASS: the test, the tensor, the element, expected and got */
    double fraction;     /* worst |error| / bound over all elements (test 2; before storing), 0 if none was compared */
    double z_rms, z_max; /* test 3 */
    size_t compared;     /* elements compared; 0 can't be a PASS */
    uint64_t seed;
} check_result;

/* Runs `plan` (one step = that stage alone; a layer plan = the layer) on guarded, poisoned buffers with every data mode
 * and judges it: exact integers, componentwise bound, z; inputs unchanged, guards whole, MXCSR unchanged. The data type
 * is the plan's. Of bf16 the stages' roundings are part of what is expected: a stage must store the sum that is within
 * the bound rounded to nearest even, hence exactly what the oracle rounds to wherever the bound meets no tie.
 * strided: also with the strides of a (B,S,D) batch with a short last group. */
typedef struct check_options {
    uint64_t seed;
    int threads;
    bool strided;
    bool quick;          /* only integers and zero-mean data, the two that catch most */
    void (*enter)(void); /* of a peer library, called right before each of its turns; or NULL */
} check_options;
check_result check_plan(const mot_plan *, const mot_shape *, const check_options *);
check_result check_choice(const mot_choice *, const mot_shape *, const check_options *);

/* The same in a forked child with a time limit: CRASH and TIMEOUT become verdicts. */
check_result check_plan_forked(const mot_plan *, const mot_shape *, const check_options *, double timeout_s);

/* The two halves of it: checks that were begun run side by side, each on one CPU. Of CUDA kernels all is done at once.
 */
enum { CHECK_MOST_AT_ONCE = 64 };
typedef struct check_pending {
    int pid, fd; /* 0: result says it already */
    double timeout_s, end_s;
    check_result result;
} check_pending;
check_pending check_plan_begin(const mot_plan *, const mot_shape *, const check_options *, double timeout_s);
check_result check_plan_end(check_pending *);               /* waits for it; asked again, says the same */
void check_plan_end_any(check_pending *const *, int count); /* waits for one of these, which run, and ends it */
/* How many checks, 1 to `most`, of this shape find memory side by side. */
int check_fit_side_by_side(const mot_shape *, mot_dtype, int most);

/* Starts the one child in which all checks of CUDA kernels run, before this process uses the device itself. */
bool check_worker_start(void);

/* What measure demands: the verdict of this plan, remembered for the process per (data type, choices, shape with G
 * capped at 8 so that it is fast; tails and odd sizes are `motbench check`'s work). */
check_result check_before_timing(const mot_plan *, const mot_shape *);

/* Metamorphic properties of the public API on one ISA, which need no reference: columns of P sum to 1, permuted tokens
 * and groups, identical tokens, a zero weight column, the dense FFN, scaling by 2^k, low temperature, thread counts,
 * a short last group. */
check_result check_properties(const mot_shape *, mot_isa, mot_dtype, uint64_t seed);

/* The shapes of `motbench check`: curated odd sizes, then seeded random ones. */
size_t check_shapes(mot_shape *out, size_t capacity, const char *set /* "smoke", "ci", "full" */, uint64_t seed);

#endif
