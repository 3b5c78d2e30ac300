/* data.h: the problem that a check poses: a stage on a shape with seeded inputs. Counter-based (Philox): a value
 * depends on seed, mode, tensor and logical index only, so it is the same on any machine, in any order and any layout.
 */
#ifndef BENCH_DATA_H
#define BENCH_DATA_H

#include "check.h"

typedef struct problem {
    mot_shape shape;
    mot_strides strides; /* of x and out */
    mot_dtype dtype;     /* of all tensors; problem_make says MOT_F32 */
    mot_stage stage;     /* what is computed: decides which sums are made to cancel and which must stay exact */
    data_mode mode;
    float temperature;
    uint64_t seed;
} problem;

/* A contiguous problem, or one laid out as a padded (B,S,D) batch whose last groups are short. */
problem problem_make(const mot_shape *, mot_stage, data_mode, bool strided, uint64_t seed);

/* Elements from the first to past the last one of a tensor; gaps between rows of a strided x or out count. */
size_t problem_elements(const problem *, enum mot_tensor);

/* Fills a tensor (gaps of x and rows past a short group become NaN: nobody may use them). bf16 values are those of f32,
 * rounded. */
void data_fill(const problem *, enum mot_tensor, void *out);

/* Sums of products whose absolute values add up to less than this are exact in f32, in any order. 0: never. What
 * is stored of them may be rounded. */
double data_exact_below(const problem *);

/* What DATA_SPECIAL does to a group; all groups are ROLE_PLAIN in the other modes. */
typedef enum group_role { ROLE_PLAIN, ROLE_NAN, ROLE_INF, ROLE_DENORMAL } group_role;
group_role data_role(const problem *, size_t group);

#endif
