/* oracle_vector.h: a whole unit of a linear stage tested in O(n^2): C.v against A.(B.v) in f64. For units of big shapes
 * that are not compared element by element; it sees any single wrong element. */
#ifndef BENCH_ORACLE_VECTOR_H
#define BENCH_ORACLE_VECTOR_H

#include "data.h"

/* Whether the output is a product of two of the stage's inputs. */
bool vector_applies(const problem *, enum mot_tensor output);

/* The worst |difference| / bound over the unit's rows (infinite where the bound is 0 and they differ), and its row. */
double vector_test(const problem *, const mot_choice *, const mot_tensors *, enum mot_tensor output, size_t unit,
                   const float *got, size_t *row);

#endif
