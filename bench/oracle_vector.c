#include "oracle_vector.h"

#include "bound.h"
#include "data_random.h"
#include "numbers.h"
#include "oracle.h"
#include "variance.h"

#include <math.h>

bool vector_applies(const problem *pb, enum mot_tensor output) {
    return pb->stage != MOT_STAGE_LAYER && (output == MOT_MIXED || output == MOT_OUT);
}

/* C = A.B of one unit: A from p, B the tokens or the experts' outputs. */
typedef struct product {
    numbers a, b;
    size_t rows, k, n, a_row, a_step, b_row;
} product;

static product product_of(const problem *pb, const mot_tensors *t, enum mot_tensor output, size_t group) {
    const mot_shape *s = &pb->shape;
    size_t tokens = mot_group_tokens(s, &pb->strides, group), E = s->experts, D = s->d_model;
    numbers p = numbers_at((numbers){t->p, pb->dtype}, group * s->group_size * E);
    if (output == MOT_MIXED)
        return (product){.a = p,
                         .a_row = 1,
                         .a_step = E,
                         .rows = E,
                         .k = tokens,
                         .n = D,
                         .b = numbers_at((numbers){t->x, pb->dtype}, mot_group_offset(&pb->strides, group)),
                         .b_row = pb->strides.token_stride};
    return (product){.a = p,
                     .a_row = E,
                     .a_step = 1,
                     .rows = tokens,
                     .k = E,
                     .n = D,
                     .b = numbers_at((numbers){t->y, pb->dtype}, group * D),
                     .b_row = s->groups * D};
}

enum { CHUNK = 256 };

/* row . v, |row| . |v| and what storing the row may have changed of the first; v: small integers, a stream of their
 * own. */
typedef struct row_sum {
    double sum, absolute, variance;
} row_sum;

static row_sum dot_v(const problem *pb, numbers row, size_t n) {
    uint32_t word[CHUNK];
    double value[CHUNK];
    row_sum r = {0};
    for (size_t i = 0; i < n; i++) {
        size_t at = i % CHUNK, count = n - i < CHUNK ? n - i : CHUNK;
        if (at == 0)
            random_words(pb->seed, ~(uint64_t)0, i, count, word), numbers_read(numbers_at(row, i), count, value);
        double v = (word[at] & 1 ? 1.0 : -1.0) * (1 + (word[at] >> 1 & 3)), product = value[at] * v;
        r.sum += product, r.absolute += fabs(product);
        r.variance += v * v * variance_stored(stored_half_step(row.dtype, value[at]));
    }
    return r;
}

/* Sums of f64 are not exact either, except those of integers. */
static double row_bound(const problem *pb, const product *m, double gamma, double absolute, row_sum got) {
    double rounded = Z_MAX_LIMIT * sqrt(got.variance), roundings = (double)(m->k + 2 * m->n) * 0x1p-52;
    if (pb->stage != MOT_STAGE_FRONT && data_exact_below(pb) > 0) return rounded;
    double underflow = (double)m->n * bound_underflow(m->k, absolute, flushed_below(pb->dtype));
    return gamma * absolute + roundings * (absolute + got.absolute) + underflow + rounded;
}

/* What rows first, first + 1, … of A.(B.v) are, and the same of absolute values. */
static void expected_rows(const problem *pb, const product *m, size_t first, size_t rows, double *sum,
                          double *absolute) {
    for (size_t r = 0; r < rows; r++) sum[r] = absolute[r] = 0;
    for (size_t k = 0; k < m->k; k++) {
        row_sum b = dot_v(pb, numbers_at(m->b, k * m->b_row), m->n);
        for (size_t r = 0; r < rows; r++) {
            double weight = numbers_get(m->a, (first + r) * m->a_row + k * m->a_step);
            sum[r] += weight * b.sum, absolute[r] += fabs(weight) * b.absolute;
        }
    }
}

double vector_test(const problem *pb, const mot_choice *choice, const mot_tensors *t, enum mot_tensor output,
                   size_t unit, numbers got, size_t *row) {
    product m = product_of(pb, t, output, unit);
    double worst = 0, gamma = oracle_gamma(pb, choice, m.k), sum[CHUNK], absolute[CHUNK];
    for (size_t r = 0; r < m.rows; r++) {
        if (r % CHUNK == 0) expected_rows(pb, &m, r, m.rows - r < CHUNK ? m.rows - r : CHUNK, sum, absolute);
        row_sum g = dot_v(pb, numbers_at(got, oracle_row_offset(pb, output, unit, r)), m.n);
        double error = fabs(g.sum - sum[r % CHUNK]), bound = row_bound(pb, &m, gamma, absolute[r % CHUNK], g);
        double fraction = error == 0 ? 0 : error / bound;
        if (!(fraction <= worst) && !isnan(worst)) worst = fraction, *row = r;
    }
    return worst;
}
