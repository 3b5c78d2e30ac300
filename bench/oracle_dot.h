/* oracle_dot.h: one row of a product in f64, with the bound and the variance of the f32 sums that a kernel makes. */
#ifndef BENCH_ORACLE_DOT_H
#define BENCH_ORACLE_DOT_H

#include "numbers.h"
#include "oracle.h"

/* A row vector of k numbers, with the errors it carries (NULL: it is exact). */
typedef struct vector {
    const double *value, *bound, *variance;
} vector;

/* k rows of a matrix, `stride` elements apart: a tensor's own, or f64 with a variance. */
typedef struct matrix {
    numbers stored;
    const double *value, *variance;
    size_t stride;
} matrix;

/* How a kernel adds up: gamma of its chain, `extra` roundings at the end (part of gamma), below which sum of absolute
 * values it makes no error, and below which number it may see 0. factor: 0, or how far a factor is rounded relative to
 * itself before it is multiplied, unless it has so few bits already. */
typedef struct arithmetic {
    double gamma, exact_below, flushed, factor;
    size_t extra;
} arithmetic;

/* Row `row` of out = a . m, k terms each. */
void oracle_dot(block *out, size_t row, vector a, matrix m, size_t k, arithmetic);

#endif
