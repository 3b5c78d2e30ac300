#include "oracle_dot.h"

#include "bound.h"
#include "variance.h"

#include <math.h>
#include <string.h>

enum { CHUNK = 256 }; /* columns at a time, so that all sums stay in the first-level cache */
typedef struct sums {
    double b[CHUNK], value[CHUNK], absolute[CHUNK], squares[CHUNK], partials[CHUNK], carried[CHUNK], variance[CHUNK];
} sums;

static void load(double *restrict b, const matrix *m, size_t offset, size_t n) {
    if (m->stored.data)
        numbers_read(numbers_at(m->stored, offset), n, b);
    else
        memcpy(b, m->value + offset, n * sizeof *b);
}

static void add_products(sums *restrict s, double a, size_t n) {
    for (size_t j = 0; j < n; j++) {
        double product = a * s->b[j];
        s->value[j] += product;
        s->absolute[j] += fabs(product);
        s->squares[j] += product * product;
        s->partials[j] += s->value[j] * s->value[j];
    }
}

static void add_carried(sums *restrict s, double bound, double variance, size_t n) {
    for (size_t j = 0; j < n; j++) {
        s->carried[j] += bound * fabs(s->b[j]);
        s->variance[j] += variance * s->b[j] * s->b[j];
    }
}

static void add_variance(sums *restrict s, double square, const double *restrict variance, size_t n) {
    for (size_t j = 0; j < n; j++) s->variance[j] += square * variance[j];
}

/* What rounding a factor may change. */
static double factor_error(double v, double factor) {
    int exponent;
    if (factor == 0 || !isfinite(v)) return 0;
    const double bits = frexp(v, &exponent) / factor;
    return bits == rint(bits) ? 0 : factor * fabs(v);
}

static void sum_chunk(sums *s, vector a, const matrix *m, size_t k, size_t column, size_t n, arithmetic how) {
    memset(s, 0, sizeof *s);
    for (size_t i = 0; i < k; i++) {
        size_t offset = i * m->stride + column;
        double lost = fabs(a.value[i]) < how.flushed ? fabs(a.value[i]) : 0, cut = factor_error(a.value[i], how.factor);
        double bound = (a.bound ? a.bound[i] : 0) + lost + cut;
        double carried = (a.variance ? a.variance[i] : 0) + lost * lost + cut * cut / 3;
        load(s->b, m, offset, n);
        add_products(s, a.value[i], n);
        if (a.variance || lost > 0 || cut > 0) add_carried(s, bound, carried, n);
        if (m->variance) add_variance(s, a.value[i] * a.value[i] + carried, m->variance + offset, n);
    }
}

static double sum_of_absolute(const double *v, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += fabs(v[i]);
    return sum;
}

void oracle_dot(block *out, size_t row, vector a, matrix m, size_t k, arithmetic how) {
    sums s;
    /* Of b it is enough to know the sum of the products; where sums must be exact, so are its elements. */
    const double factor = how.exact_below > 0 ? 0 : how.factor;
    double underflow = bound_underflow(k, how.flushed > 0 ? sum_of_absolute(a.value, k) : 0, how.flushed);
    for (size_t column = 0; column < out->columns; column += CHUNK) {
        size_t n = out->columns - column < CHUNK ? out->columns - column : CHUNK, at = row * out->columns + column;
        sum_chunk(&s, a, &m, k, column, n, how);
        memcpy(out->value + at, s.value, n * sizeof *s.value);
        for (size_t j = 0; j < n; j++) {
            out->bound[at + j] = bound_dot(how.gamma + factor, underflow, s.absolute[j], s.carried[j], how.exact_below);
            out->variance[at + j] = variance_dot(k + how.extra, underflow, s.value[j], s.squares[j], s.partials[j]) +
                                    s.variance[j] + factor * factor / 3 * s.squares[j];
        }
    }
}
