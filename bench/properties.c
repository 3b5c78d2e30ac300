/* Properties that the layer has whatever its numbers are: checked through mot.h, against itself. */
#include "properties_lab.h"

#include "bound.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double u = UNIT_ROUNDOFF;

static bool columns_sum_to_one(lab *l) {
    const mot_shape *s = &l->s;
    if (!lab_route(l, l->x)) return false;
    for (size_t i = 0; i < s->groups * s->experts; i++) {
        const float *column = l->p + i / s->experts * s->group_size * s->experts + i % s->experts;
        double sum = 0;
        for (size_t t = 0; t < s->group_size; t++) sum += column[t * s->experts];
        if (!lab_close(l, i, sum, 1, ((double)s->group_size + 8) * u + lab_rounding(l))) return false;
    }
    return true;
}

/* Blocks of `rows` rows, each block in reverse order of its rows. */
static void reverse(const float *from, float *to, size_t blocks, size_t rows, size_t columns) {
    for (size_t i = 0; i < blocks * rows; i++) {
        size_t source = i / rows * rows + (rows - 1 - i % rows);
        memcpy(to + i * columns, from + source * columns, columns * sizeof *to);
    }
}

/* Run on reversed blocks, the result must be the reversed result. */
static bool reversing_commutes(lab *l, size_t blocks, size_t rows, size_t columns) {
    size_t n = blocks * rows * columns;
    float *turned = malloc(2 * n * sizeof *turned);
    if (!turned) return findings_skip(l->found, "%s: out of memory", l->property);
    float *result = turned + n;
    reverse(l->x, turned, blocks, rows, columns);
    bool fine = lab_run(l, l->x, l->out) && lab_run(l, turned, l->other);
    if (fine) reverse(l->other, result, blocks, rows, columns);
    double tolerance = fine ? lab_tolerance(l, l->out, n) : 0;
    for (size_t i = 0; fine && i < n; i++) fine = lab_close(l, i, result[i], l->out[i], tolerance);
    free(turned);
    return fine;
}

static bool permuting_tokens(lab *l) { return reversing_commutes(l, l->s.groups, l->s.group_size, l->s.d_model); }
static bool permuting_groups(lab *l) { return reversing_commutes(l, 1, l->s.groups, l->s.group_size * l->s.d_model); }

static bool identical_tokens(lab *l) {
    const mot_shape *s = &l->s;
    size_t D = s->d_model;
    float *same = lab_copy(l->x, tokens_size(s));
    if (!same) return findings_skip(l->found, "%s: out of memory", l->property);
    for (size_t i = 0; i < s->groups * s->group_size; i++)
        memcpy(same + i * D, l->x + i / s->group_size * s->group_size * D, D * sizeof *same);
    /* In a narrow type both the weights and what is made of them are rounded. */
    double tolerance = 2 * ((double)s->group_size + 8) * u + 2 * lab_rounding(l);
    bool fine = lab_route(l, same) && lab_mix(l, same, l->mixed);
    for (size_t i = 0; fine && i < slots_size(s); i++) { /* mixed (E,G,D) */
        double token = same[i / D % s->groups * s->group_size * D + i % D];
        fine = lab_close(l, i, l->mixed[i], token, tolerance * fabs(token));
    }
    free(same);
    return fine;
}

static bool zero_column_adds_nothing(lab *l) {
    const mot_shape *s = &l->s;
    size_t row = s->groups * s->d_model, last = s->experts - 1;
    lab_fill_tensor(l, MOT_STAGE_REDISTRIBUTE, MOT_P, l->p);
    lab_fill_tensor(l, MOT_STAGE_REDISTRIBUTE, MOT_Y, l->y);
    for (size_t i = last; i < weights_size(s); i += s->experts) l->p[i] = 0;
    if (!lab_redistribute(l, l->out)) return false;
    for (size_t i = 0; i < row; i++) l->y[last * row + i] = 3 - 7 * l->y[last * row + i];
    return lab_redistribute(l, l->other) && lab_all_equal(l, l->other, l->out, tokens_size(s), 1);
}

/* One token a group and one expert: the layer is the expert. */
static bool one_expert_is_the_dense_ffn(lab *l) {
    const mot_shape one = {l->s.groups, 1, 1, l->s.d_model, l->s.d_expert};
    size_t n = one.groups * one.d_model;
    if (!lab_run_shape(l, &one, NULL, l->x, l->out)) return false;
    if (!lab_experts(l, &one, l->x, l->other)) return false;
    double tolerance = lab_tolerance(l, l->out, n);
    for (size_t i = 0; i < n; i++)
        if (!lab_close(l, i, l->other[i], l->out[i], tolerance)) return false;
    return true;
}

static void scale(float *v, size_t n, float factor) {
    for (size_t i = 0; i < n; i++) v[i] *= factor;
}

static bool mix_scales(lab *l) {
    const mot_shape *s = &l->s;
    lab_fill_tensor(l, MOT_STAGE_MIX, MOT_P, l->p);
    if (!lab_mix(l, l->x, l->mixed)) return false;
    scale(l->p, weights_size(s), 32);
    return lab_mix(l, l->x, l->y) && lab_all_equal(l, l->y, l->mixed, slots_size(s), 32);
}

static bool redistribute_scales(lab *l) {
    lab_fill_tensor(l, MOT_STAGE_REDISTRIBUTE, MOT_P, l->p);
    lab_fill_tensor(l, MOT_STAGE_REDISTRIBUTE, MOT_Y, l->y);
    if (!lab_redistribute(l, l->out)) return false;
    scale(l->y, slots_size(&l->s), 0x1p-7F);
    return lab_redistribute(l, l->other) && lab_all_equal(l, l->other, l->out, tokens_size(&l->s), 0x1p-7);
}

/* The relu is linear for factors above 0. */
static bool experts_scale(lab *l) {
    const mot_shape *s = &l->s;
    float *result = malloc(slots_size(s) * sizeof *result);
    if (!result) return findings_skip(l->found, "%s: out of memory", l->property);
    lab_fill_tensor(l, MOT_STAGE_EXPERTS, MOT_MIXED, l->mixed);
    bool fine = lab_experts(l, s, l->mixed, l->y);
    scale(l->mixed, slots_size(s), 8);
    fine = fine && lab_experts(l, s, l->mixed, result) && lab_all_equal(l, result, l->y, slots_size(s), 8);
    free(result);
    return fine;
}

static bool scaling_is_exact(lab *l) { return mix_scales(l) && redistribute_scales(l) && experts_scale(l); }

/* The largest and the second largest of a column of p; the largest one's place. */
static size_t winner(const float *column, size_t n, size_t stride, double *first, double *second) {
    size_t at = 0;
    *first = *second = 0;
    for (size_t t = 0; t < n; t++) {
        double v = column[t * stride];
        if (v > *first)
            *second = *first, *first = v, at = t;
        else if (v > *second)
            *second = v;
    }
    return at;
}

static bool low_temperature_is_top_1(lab *l) {
    const mot_shape *s = &l->s;
    size_t E = s->experts;
    lab cold = *l;
    if (!lab_route(l, l->x)) return false;
    cold.options.temperature = 0x1p-20F;
    float *warm = lab_copy(l->p, weights_size(s));
    if (!warm) return findings_skip(l->found, "%s: out of memory", l->property);
    bool fine = lab_route(&cold, l->x);
    for (size_t i = 0; fine && i < s->groups * E; i++) {
        size_t column = i / E * s->group_size * E + i % E;
        double first, second;
        size_t at = winner(warm + column, s->group_size, E, &first, &second);
        if (second > (0.999 - 4 * lab_rounding(l)) * first) continue; /* near a tie: not cold enough */
        for (size_t t = 0; fine && t < s->group_size; t++)
            fine = lab_close(l, column + t * E, l->p[column + t * E], t == at, 4 * u);
    }
    free(warm);
    return fine;
}

static bool threads_agree(lab *l) {
    lab other = *l;
    size_t n = tokens_size(&l->s);
    l->options.threads = 1;
    if (!lab_run(l, l->x, l->out)) return false;
    double tolerance = lab_tolerance(l, l->out, n);
    for (other.options.threads = 2; other.options.threads <= 4; other.options.threads++) {
        if (!lab_run(&other, l->x, l->other)) return false;
        for (size_t i = 0; i < n; i++)
            if (!lab_close(l, i, l->other[i], l->out[i], tolerance)) return false;
    }
    return true;
}

static bool runs_repeat(lab *l) {
    size_t n = tokens_size(&l->s);
    if (!lab_run(l, l->x, l->out) || !lab_run(l, l->x, l->other)) return false;
    l->found->result.compared += n;
    return memcmp(l->out, l->other, n * sizeof(float)) == 0 || findings_fail(l->found, "%s: they differ", l->property);
}

/* A batch of B = T + rest sequences of one position: its last group is the group of `rest` tokens. */
static bool short_group_is_a_small_group(lab *l) {
    const mot_shape *s = &l->s;
    size_t rest = s->group_size / 2, D = s->d_model;
    mot_shape batch = *s, small = {1, rest, s->experts, D, s->d_expert};
    mot_strides st;
    if (rest == 0 || s->groups < 2) return true; /* x holds no such batch */
    size_t full = s->group_size * D;
    if (!lab_ok(l, "mot_strides_batch", mot_strides_batch(&st, &batch, s->group_size + rest, 1))) return false;
    if (!lab_run_shape(l, &batch, &st, l->x, l->out) || !lab_run_shape(l, &small, NULL, l->x + full, l->other))
        return false;
    double tolerance = lab_tolerance(l, l->other, rest * D);
    for (size_t i = 0; i < rest * D; i++)
        if (!lab_close(l, i, l->out[full + i], l->other[i], tolerance)) return false;
    return true;
}

/* ---- all of them ---- */

static const struct {
    const char *name;
    bool (*holds)(lab *);
} properties[] = {
    {"columns of P sum to 1", columns_sum_to_one},
    {"permuted tokens", permuting_tokens},
    {"permuted groups", permuting_groups},
    {"identical tokens", identical_tokens},
    {"a zero weight column", zero_column_adds_nothing},
    {"one expert is the dense FFN", one_expert_is_the_dense_ffn},
    {"scaling by 2^k", scaling_is_exact},
    {"low temperature is top-1", low_temperature_is_top_1},
    {"thread counts agree", threads_agree},
    {"two runs are identical", runs_repeat},
    {"a short last group", short_group_is_a_small_group},
};

check_result check_properties(const mot_shape *s, mot_isa isa, mot_dtype dtype, uint64_t seed) {
    findings f = {.result = {.verdict = VERDICT_PASS, .seed = seed}};
    lab start = {.found = &f, .s = *s, .seed = seed, .property = "set-up"};
    mot_options_default(&start.options);
    start.options.isa = isa;
    start.options.dtype = dtype;
    start.options.threads = 1; /* one property is about more */
    if (workspace_estimate(s, dtype) > memory_available() || !lab_fill(&start)) {
        f.result.verdict = VERDICT_SKIP;
        strcpy(f.result.reason, "out of memory");
        return f.result;
    }
    for (size_t i = 0; i < sizeof properties / sizeof properties[0]; i++) {
        lab l = start;
        l.property = properties[i].name;
        if (!properties[i].holds(&l)) break;
    }
    if (f.result.verdict == VERDICT_PASS && f.result.compared == 0) {
        f.result.verdict = VERDICT_SKIP;
        strcpy(f.result.reason, "no groups: nothing was compared");
    }
    free(start.x);
    return f.result;
}
