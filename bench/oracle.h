/* oracle.h: the layer in f64, one unit of output at a time, each number with the error bound that a kernel's sum may
 * have before it is stored (compare by stored_error) and the variance of what is stored. A unit is a group; of the
 * experts stage it is one row (e,g). Nothing here shares code with libmot. */
#ifndef BENCH_ORACLE_H
#define BENCH_ORACLE_H

#include "data.h"

/* rows x columns numbers in f64, row by row. */
typedef struct block {
    size_t rows, columns;
    double *value, *bound, *variance;
} block;

typedef struct oracle oracle;

/* `choice` gives the depth of the addition chains; NULL: plain loops. NULL if out of memory. */
oracle *oracle_create(const problem *, const mot_choice *);
void oracle_destroy(oracle *);

/* How many units an output has, and what one costs in multiplications. */
size_t oracle_units(const problem *);
double oracle_unit_cost(const problem *);

/* What `output` (MOT_P, MOT_MIXED, MOT_Y or MOT_OUT) of the problem's stage must be for unit `unit`, from the stage's
 * own inputs in t: MIXED of the front stage is that of the kernel's own P. The block is valid until the next call. Of a
 * whole layer the variance is propagated through all stages, each of which takes what the one before has stored; its
 * bound says nothing. */
const block *oracle_unit(oracle *, const mot_tensors *t, enum mot_tensor output, size_t unit);

/* The same of one row only, of MOT_MIXED or MOT_OUT of a linear stage; the block's other rows say nothing. */
const block *oracle_row(oracle *, const mot_tensors *t, enum mot_tensor output, size_t unit, size_t row);

/* gamma of a dot product of k terms as the stage's linear part computes it. */
double oracle_gamma(const problem *, const mot_choice *or_null, size_t k);

/* Where row `row` of the unit lies in the output tensor, in elements. */
size_t oracle_row_offset(const problem *, enum mot_tensor output, size_t unit, size_t row);

#endif
