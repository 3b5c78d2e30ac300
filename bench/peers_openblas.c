/* peers_openblas.c: OpenBLAS as a peer, used as its manual would have it for many small products: called from inside a
 * parallel region (ours), one thread a call. The OpenMP flavour; the serial one is not safe there.
 * Rows of tokens are read in place through the leading dimension. Only file that includes cblas.h. */
#include "peers.h"

#include <cblas.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* row-major C (m,n) = alpha * A.B; beta = 0, so C is not read. One row is a matrix times a vector, which this release
 * does not find out by itself. */
static void multiply(CBLAS_TRANSPOSE transpose_a, size_t m, size_t n, size_t k, float alpha, const float *a, size_t lda,
                     const float *b, size_t ldb, float *c, size_t ldc) {
    if (m == 1 && transpose_a == CblasNoTrans)
        cblas_sgemv(CblasRowMajor, CblasTrans, (blasint)k, (blasint)n, alpha, b, (blasint)ldb, a, 1, 0, c, 1);
    else
        cblas_sgemm(CblasRowMajor, transpose_a, CblasNoTrans, (blasint)m, (blasint)n, (blasint)k, alpha, a,
                    (blasint)lda, b, (blasint)ldb, 0, c, (blasint)ldc);
}

/* ---- one group per unit ---- */

static size_t groups(const mot_shape *s) { return s->groups; }

/* Softmax over the rows of l (tokens, experts), column by column; largest and sum hold `experts` each. */
static void softmax_columns(float *l, size_t tokens, size_t experts, float *largest, float *sum) {
    memcpy(largest, l, experts * sizeof *l);
    memset(sum, 0, experts * sizeof *sum);
    for (size_t t = 1; t < tokens; t++)
        for (size_t e = 0; e < experts; e++)
            largest[e] = l[t * experts + e] > largest[e] ? l[t * experts + e] : largest[e];
    for (size_t t = 0; t < tokens; t++)
        for (size_t e = 0; e < experts; e++) sum[e] += l[t * experts + e] = expf(l[t * experts + e] - largest[e]);
    for (size_t t = 0; t < tokens; t++)
        for (size_t e = 0; e < experts; e++) l[t * experts + e] /= sum[e];
}

static void route(const mot_shape *s, const mot_tensors *t, const mot_config *config, mot_range r) {
    const size_t E = s->experts, D = s->d_model;
    float *largest = t->scratch;
    (void)config;
    for (size_t g = r.begin; g < r.end; g++) {
        const size_t tokens = mot_group_tokens(s, &t->strides, g);
        const float *x = (const float *)t->x + mot_group_offset(&t->strides, g);
        float *p = (float *)t->p + g * s->group_size * E;
        multiply(CblasNoTrans, tokens, E, D, 1 / t->temperature, x, t->strides.token_stride, t->controller, E, p, E);
        softmax_columns(p, tokens, E, largest, largest + E);
    }
}

static size_t route_scratch(const mot_shape *s, const mot_config *config) {
    (void)config;
    return 2 * s->experts * sizeof(float);
}

static void mix(const mot_shape *s, const mot_tensors *t, const mot_config *config, mot_range r) {
    const size_t E = s->experts, D = s->d_model;
    (void)config;
    for (size_t g = r.begin; g < r.end; g++) {
        const float *x = (const float *)t->x + mot_group_offset(&t->strides, g);
        const float *p = (const float *)t->p + g * s->group_size * E;
        multiply(CblasTrans, E, D, mot_group_tokens(s, &t->strides, g), 1, p, E, x, t->strides.token_stride,
                 (float *)t->mixed + g * D, s->groups * D);
    }
}

static void redistribute(const mot_shape *s, const mot_tensors *t, const mot_config *config, mot_range r) {
    const size_t E = s->experts, D = s->d_model;
    (void)config;
    for (size_t g = r.begin; g < r.end; g++) {
        const float *p = (const float *)t->p + g * s->group_size * E;
        float *out = (float *)t->out + mot_group_offset(&t->strides, g);
        multiply(CblasNoTrans, mot_group_tokens(s, &t->strides, g), D, E, 1, p, E, (const float *)t->y + g * D,
                 s->groups * D, out, t->strides.token_stride);
    }
}

/* ---- experts: a unit is one row of one expert, so any number of threads shares evenly; a call takes all rows of its
 * range that belong to one expert, up to ROWS, so that the hidden block stays bounded ---- */

enum { ROWS = 1024 };

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

static size_t expert_rows(const mot_shape *s) { return s->experts * s->groups; }

static size_t experts_scratch(const mot_shape *s, const mot_config *config) {
    (void)config;
    return least(s->groups, ROWS) * s->d_expert * sizeof(float);
}

static void relu(float *v, size_t n) {
    for (size_t i = 0; i < n; i++) v[i] = v[i] < 0 ? 0 : v[i]; /* NaN stays */
}

static void experts(const mot_shape *s, const mot_tensors *t, const mot_config *config, mot_range r) {
    const size_t G = s->groups, D = s->d_model, H = s->d_expert;
    float *hidden = t->scratch;
    (void)config;
    for (size_t row = r.begin, rows; row < r.end; row += rows) {
        const size_t e = row / G;
        rows = least(least(r.end, (e + 1) * G) - row, ROWS);
        const float *mixed = (const float *)t->mixed + row * D;
        multiply(CblasNoTrans, rows, H, D, 1, mixed, D, (const float *)t->w1 + e * D * H, H, hidden, H);
        relu(hidden, rows * H);
        multiply(CblasNoTrans, rows, D, H, 1, hidden, H, (const float *)t->w2 + e * H * D, D, (float *)t->y + row * D,
                 D);
    }
}

/* ---- the descriptors ---- */

/* Sizes and leading dimensions that blasint holds. Strides come later; a token of the batches that check and bench lay
 * out is at most a batch row away, which is a dimension here too. */
static bool fits(const mot_shape *s, const mot_config *config) {
    size_t row;
    (void)config;
    return !__builtin_mul_overflow(s->groups, s->d_model, &row) && row <= INT_MAX / 2 && s->group_size <= INT_MAX &&
           s->experts <= INT_MAX && s->d_expert <= INT_MAX;
}

static size_t chain(size_t k, const mot_config *config) {
    (void)config;
    return k; /* no promise by the library: the longest possible */
}

#define VARIANT(stage_name, STAGE, units_fn, scratch_fn)                                                               \
    {                                                                                                                  \
        .name = #stage_name "_blas_openblas", .stage = MOT_STAGE_##STAGE, .isa = MOT_ISA_SCALAR, .dtype = MOT_F32,     \
        .supports = fits, .units = units_fn, .scratch_bytes = scratch_fn, .depth = chain, .run = stage_name            \
    }
static const mot_variant variants[] = {VARIANT(route, ROUTE, groups, route_scratch), VARIANT(mix, MIX, groups, NULL),
                                       VARIANT(experts, EXPERTS, expert_rows, experts_scratch),
                                       VARIANT(redistribute, REDISTRIBUTE, groups, NULL)};

/* "OpenBLAS 0.3.21 Cooperlake, openmp": the core decides its kernels; who set it in the environment is told so. */
static const char *version(void) {
    static const char *const threading[] = {"serial", "pthreads", "openmp"};
    static char text[128];
    char name[32] = "OpenBLAS", number[32] = "";
    const int flavour = openblas_get_parallel();
    sscanf(openblas_get_config(), "%31s %31s", name, number);
    snprintf(text, sizeof text, "%s %s %s%s, %s", name, number, openblas_get_corename(),
             getenv("OPENBLAS_CORETYPE") ? " (by OPENBLAS_CORETYPE)" : "",
             flavour >= 0 && flavour < 3 ? threading[flavour] : "unknown threading");
    return text;
}

static void enter(void) { openblas_set_num_threads(1); }

const peer peer_openblas = {.library = "openblas",
                            .version = version,
                            .enter = enter,
                            .variants = variants,
                            .variant_count = sizeof variants / sizeof *variants};
