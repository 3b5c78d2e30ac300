/* numbers.h: elements of a tensor of any data type, read as f64 and written rounded, and what that rounding does.
 * Shares no code with libmot. */
#ifndef BENCH_NUMBERS_H
#define BENCH_NUMBERS_H

#include "kernel.h"

/* Elements of a tensor, from the one that `data` points to on. */
typedef struct numbers {
    const void *data;
    mot_dtype dtype;
} numbers;

numbers numbers_at(numbers, size_t element);
double numbers_get(numbers, size_t i);
void numbers_read(numbers, size_t n, double *restrict to);
/* How many of n have these bits under `mask`: a pattern of 16 bits, which an f32 must have in both halves. */
size_t numbers_count(numbers, size_t n, uint16_t mask, uint16_t bits);
/* How many of n are infinite or NaN. */
size_t numbers_count_unfinite(numbers, size_t n);

/* From element `at` on; rounded to nearest even. */
void numbers_write(mot_dtype, void *tensor, size_t at, const float *restrict from, size_t n);

/* A sum in f32 is rounded once more where a narrower type stores it. Of f32 the sum itself is stored: the last rounding
 * is one of the sum's. */
double stored(mot_dtype, double sum);
double stored_half_step(mot_dtype, double sum); /* the largest error of that rounding; 0: there is none */

/* How far a sum must have been from `exact` to be stored as `got`: with the rounding taken out, what a kernel did
 * before it shows. Above 0 wherever got is not what is stored of `exact`. Both finite. */
double stored_error(mot_dtype, double got, double exact);

/* How far what is stored of sum +- reach can be from what is stored of the sum. */
double stored_spread(mot_dtype, double sum, double reach);

/* A number with a smaller absolute value may count as 0; 0: none may. */
double flushed_below(mot_dtype);

#endif
