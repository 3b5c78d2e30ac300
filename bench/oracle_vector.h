/* oracle_vector.h: a whole unit of a linear stage tested in O(n^2): C.v against A.(B.v) in f64. For units of big shapes
 * that are not compared element by element. In f32 it sees any single wrong element; among the roundings of bf16 only a
 * wrong row, or an element that has little to do with the right one: compare a row of each unit too. */
#ifndef BENCH_ORACLE_VECTOR_H
#define BENCH_ORACLE_VECTOR_H

#include "data.h"
#include "numbers.h"

/* Whether the output is a product of two of the stage's inputs. */
bool vector_applies(const problem *, enum mot_tensor output);

/* The worst |difference| / bound over the unit's rows (infinite where the bound is 0 and they differ), and its row. */
double vector_test(const problem *, const mot_choice *, const mot_tensors *, enum mot_tensor output, size_t unit,
                   numbers got, size_t *row);

#endif
