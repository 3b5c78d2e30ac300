#include "oracle_vector.h"

#include "bound.h"
#include "data_random.h"
#include "oracle.h"

#include <math.h>

bool vector_applies(const problem *pb, enum mot_tensor output) {
    return pb->stage != MOT_STAGE_LAYER && (output == MOT_MIXED || output == MOT_OUT);
}

/* C = A.B of one unit: A from p, B the tokens or the experts' outputs. */
typedef struct product {
    const float *a, *b;
    size_t rows, k, n, a_row, a_step, b_row;
} product;

static product product_of(const problem *pb, const mot_tensors *t, enum mot_tensor output, size_t group) {
    const mot_shape *s = &pb->shape;
    size_t tokens = mot_group_tokens(s, &pb->strides, group), E = s->experts, D = s->d_model;
    const float *p = (const float *)t->p + group * s->group_size * E;
    if (output == MOT_MIXED)
        return (product){.a = p,
                         .a_row = 1,
                         .a_step = E,
                         .rows = E,
                         .k = tokens,
                         .n = D,
                         .b = (const float *)t->x + mot_group_offset(&pb->strides, group),
                         .b_row = pb->strides.token_stride};
    return (product){.a = p,
                     .a_row = E,
                     .a_step = 1,
                     .rows = tokens,
                     .k = E,
                     .n = D,
                     .b = (const float *)t->y + group * D,
                     .b_row = s->groups * D};
}

enum { CHUNK = 256 };

/* row . v and |row| . |v|; v: small integers, a stream of their own. */
static void dot_v(const problem *pb, const float *row, size_t n, double *sum, double *absolute) {
    uint32_t word[CHUNK];
    *sum = *absolute = 0;
    for (size_t i = 0; i < n; i++) {
        if (i % CHUNK == 0) random_words(pb->seed, ~(uint64_t)0, i, n - i < CHUNK ? n - i : CHUNK, word);
        double v = (word[i % CHUNK] & 1 ? 1.0 : -1.0) * (1 + (word[i % CHUNK] >> 1 & 3)), product = row[i] * v;
        *sum += product, *absolute += fabs(product);
    }
}

/* Sums of f64 are not exact either, except those of integers. */
static double row_bound(const product *m, double gamma, double absolute, double got_absolute, double exact_below) {
    if (exact_below > 0) return 0;
    double roundings = (double)(m->k + 2 * m->n) * 0x1p-52;
    return gamma * absolute + roundings * (absolute + got_absolute) + (double)(m->k * m->n) * UNDERFLOW_STEP;
}

/* What rows first, first + 1, … of A.(B.v) are, and the same of absolute values. */
static void expected_rows(const problem *pb, const product *m, size_t first, size_t rows, double *sum,
                          double *absolute) {
    for (size_t r = 0; r < rows; r++) sum[r] = absolute[r] = 0;
    for (size_t k = 0; k < m->k; k++) {
        double s, a;
        dot_v(pb, m->b + k * m->b_row, m->n, &s, &a);
        for (size_t r = 0; r < rows; r++) {
            double weight = m->a[(first + r) * m->a_row + k * m->a_step];
            sum[r] += weight * s, absolute[r] += fabs(weight) * a;
        }
    }
}

double vector_test(const problem *pb, const mot_choice *choice, const mot_tensors *t, enum mot_tensor output,
                   size_t unit, const float *got, size_t *row) {
    product m = product_of(pb, t, output, unit);
    double exact_below = pb->stage == MOT_STAGE_FRONT ? 0 : data_exact_below(pb), worst = 0;
    double gamma = oracle_gamma(pb, choice, m.k), sum[CHUNK], absolute[CHUNK];
    for (size_t r = 0; r < m.rows; r++) {
        if (r % CHUNK == 0) expected_rows(pb, &m, r, m.rows - r < CHUNK ? m.rows - r : CHUNK, sum, absolute);
        double s, a;
        dot_v(pb, got + oracle_row_offset(pb, output, unit, r), m.n, &s, &a);
        double error = fabs(s - sum[r % CHUNK]), bound = row_bound(&m, gamma, absolute[r % CHUNK], a, exact_below);
        double fraction = error == 0 ? 0 : error / bound;
        if (!(fraction <= worst) && !isnan(worst)) worst = fraction, *row = r;
    }
    return worst;
}
