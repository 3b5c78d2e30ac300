/* Properties that the layer has whatever its numbers are: checked through mot.h, against itself. */
#include "check_judge.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double u = 0x1p-24;

typedef struct lab {
    findings *found;
    mot_shape s;
    mot_options options;
    uint64_t seed;
    float *x, *controller, *w1, *w2, *p, *mixed, *y, *out, *other; /* out and other: results to compare */
    const char *property;
} lab;

/* ---- comparing ---- */

static bool ok(lab *l, const char *function, mot_status status) {
    return status == MOT_OK ||
           findings_fail(l->found, "%s: %s returned \"%s\"", l->property, function, mot_status_string(status));
}

static bool close_enough(lab *l, size_t at, double got, double expected, double tolerance) {
    double error = fabs(got - expected);
    l->found->result.compared++;
    if (!(error <= tolerance))
        return findings_fail(l->found, "%s: element %zu is %.9g, expected %.9g +- %.2g", l->property, at, got, expected,
                             tolerance);
    if (tolerance > 0) l->found->result.fraction = fmax(l->found->result.fraction, error / tolerance);
    return true;
}

static bool all_equal(lab *l, const float *got, const float *expected, size_t n, double factor) {
    for (size_t i = 0; i < n; i++)
        if (!close_enough(l, i, got[i], factor * expected[i], 0)) return false;
    return true;
}

/* Two results of the whole layer: rounding grows like the root of the number of terms, and the worst element is far
 * out. */
static double layer_tolerance(const lab *l, const float *result, size_t n) {
    const mot_shape *s = &l->s;
    double largest = 0;
    for (size_t i = 0; i < n; i++) largest = fmax(largest, fabs((double)result[i]));
    return 16 * u * largest * (4 + sqrt((double)(s->group_size + s->experts + s->d_model + s->d_expert)));
}

/* ---- running ---- */

static bool run_shape(lab *l, const mot_shape *s, const mot_strides *st, const float *x, float *out) {
    mot_layer *layer;
    if (!ok(l, "mot_layer_create", mot_layer_create(&layer, s, &l->options, NULL))) return false;
    bool done = ok(l, "mot_layer_set_weights", mot_layer_set_weights(layer, l->controller, l->w1, l->w2));
    if (done && st)
        done = ok(l, "mot_layer_run_strided", mot_layer_run_strided(layer, x, out, st));
    else if (done)
        done = ok(l, "mot_layer_run", mot_layer_run(layer, x, out));
    mot_layer_destroy(layer);
    return done;
}

static bool run(lab *l, const float *x, float *out) { return run_shape(l, &l->s, NULL, x, out); }

static bool route(lab *l, const float *x) {
    return ok(l, "mot_route", mot_route(&l->s, &l->options, x, l->controller, l->p));
}

static size_t tokens_size(const mot_shape *s) { return s->groups * s->group_size * s->d_model; }
static size_t slots_size(const mot_shape *s) { return s->groups * s->experts * s->d_model; }
static size_t weights_size(const mot_shape *s) { return s->groups * s->group_size * s->experts; }

static void fill(lab *l, mot_stage stage, enum mot_tensor tensor, float *to) {
    problem pb = problem_make(&l->s, stage, DATA_ZERO_MEAN, false, l->seed);
    data_fill(&pb, tensor, to);
}

static float *copy_of(const float *from, size_t n) {
    float *copy = malloc(n * sizeof *copy);
    return copy ? memcpy(copy, from, n * sizeof *copy) : NULL;
}

/* ---- the properties ---- */

static bool columns_sum_to_one(lab *l) {
    const mot_shape *s = &l->s;
    if (!route(l, l->x)) return false;
    for (size_t i = 0; i < s->groups * s->experts; i++) {
        const float *column = l->p + i / s->experts * s->group_size * s->experts + i % s->experts;
        double sum = 0;
        for (size_t t = 0; t < s->group_size; t++) sum += column[t * s->experts];
        if (!close_enough(l, i, sum, 1, ((double)s->group_size + 8) * u)) return false;
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
    bool fine = run(l, l->x, l->out) && run(l, turned, l->other);
    if (fine) reverse(l->other, result, blocks, rows, columns);
    double tolerance = fine ? layer_tolerance(l, l->out, n) : 0;
    for (size_t i = 0; fine && i < n; i++) fine = close_enough(l, i, result[i], l->out[i], tolerance);
    free(turned);
    return fine;
}

static bool permuting_tokens(lab *l) { return reversing_commutes(l, l->s.groups, l->s.group_size, l->s.d_model); }
static bool permuting_groups(lab *l) { return reversing_commutes(l, 1, l->s.groups, l->s.group_size * l->s.d_model); }

static bool identical_tokens(lab *l) {
    const mot_shape *s = &l->s;
    size_t D = s->d_model;
    float *same = copy_of(l->x, tokens_size(s));
    if (!same) return findings_skip(l->found, "%s: out of memory", l->property);
    for (size_t i = 0; i < s->groups * s->group_size; i++)
        memcpy(same + i * D, l->x + i / s->group_size * s->group_size * D, D * sizeof *same);
    bool fine = route(l, same) && ok(l, "mot_mix", mot_mix(s, &l->options, same, l->p, l->mixed));
    for (size_t i = 0; fine && i < slots_size(s); i++) { /* mixed (E,G,D) */
        double token = same[i / D % s->groups * s->group_size * D + i % D];
        fine = close_enough(l, i, l->mixed[i], token, 2 * ((double)s->group_size + 8) * u * fabs(token));
    }
    free(same);
    return fine;
}

static bool redistribute(lab *l, float *out) {
    return ok(l, "mot_redistribute", mot_redistribute(&l->s, &l->options, l->y, l->p, out));
}

static bool zero_column_adds_nothing(lab *l) {
    const mot_shape *s = &l->s;
    size_t row = s->groups * s->d_model, last = s->experts - 1;
    fill(l, MOT_STAGE_REDISTRIBUTE, MOT_P, l->p);
    fill(l, MOT_STAGE_REDISTRIBUTE, MOT_Y, l->y);
    for (size_t i = last; i < weights_size(s); i += s->experts) l->p[i] = 0;
    if (!redistribute(l, l->out)) return false;
    for (size_t i = 0; i < row; i++) l->y[last * row + i] = 3 - 7 * l->y[last * row + i];
    return redistribute(l, l->other) && all_equal(l, l->other, l->out, tokens_size(s), 1);
}

/* One token a group and one expert: the layer is the expert. */
static bool one_expert_is_the_dense_ffn(lab *l) {
    const mot_shape one = {l->s.groups, 1, 1, l->s.d_model, l->s.d_expert};
    size_t n = one.groups * one.d_model;
    if (!run_shape(l, &one, NULL, l->x, l->out)) return false;
    if (!ok(l, "mot_experts", mot_experts(&one, &l->options, l->x, l->w1, l->w2, l->other))) return false;
    double tolerance = layer_tolerance(l, l->out, n);
    for (size_t i = 0; i < n; i++)
        if (!close_enough(l, i, l->other[i], l->out[i], tolerance)) return false;
    return true;
}

static void scale(float *v, size_t n, float factor) {
    for (size_t i = 0; i < n; i++) v[i] *= factor;
}

static bool mix_scales(lab *l) {
    const mot_shape *s = &l->s;
    fill(l, MOT_STAGE_MIX, MOT_P, l->p);
    if (!ok(l, "mot_mix", mot_mix(s, &l->options, l->x, l->p, l->mixed))) return false;
    scale(l->p, weights_size(s), 32);
    return ok(l, "mot_mix", mot_mix(s, &l->options, l->x, l->p, l->y)) &&
           all_equal(l, l->y, l->mixed, slots_size(s), 32);
}

static bool redistribute_scales(lab *l) {
    fill(l, MOT_STAGE_REDISTRIBUTE, MOT_P, l->p);
    fill(l, MOT_STAGE_REDISTRIBUTE, MOT_Y, l->y);
    if (!redistribute(l, l->out)) return false;
    scale(l->y, slots_size(&l->s), 0x1p-7F);
    return redistribute(l, l->other) && all_equal(l, l->other, l->out, tokens_size(&l->s), 0x1p-7);
}

/* The relu is linear for factors above 0. */
static bool experts_scale(lab *l) {
    const mot_shape *s = &l->s;
    float *result = malloc(slots_size(s) * sizeof *result);
    if (!result) return findings_skip(l->found, "%s: out of memory", l->property);
    fill(l, MOT_STAGE_EXPERTS, MOT_MIXED, l->mixed);
    bool fine = ok(l, "mot_experts", mot_experts(s, &l->options, l->mixed, l->w1, l->w2, l->y));
    scale(l->mixed, slots_size(s), 8);
    fine = fine && ok(l, "mot_experts", mot_experts(s, &l->options, l->mixed, l->w1, l->w2, result)) &&
           all_equal(l, result, l->y, slots_size(s), 8);
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
    if (!route(l, l->x)) return false;
    cold.options.temperature = 0x1p-20F;
    float *warm = copy_of(l->p, weights_size(s));
    if (!warm) return findings_skip(l->found, "%s: out of memory", l->property);
    bool fine = route(&cold, l->x);
    for (size_t i = 0; fine && i < s->groups * E; i++) {
        size_t column = i / E * s->group_size * E + i % E;
        double first, second;
        size_t at = winner(warm + column, s->group_size, E, &first, &second);
        if (second > 0.999 * first) continue; /* near a tie: not cold enough */
        for (size_t t = 0; fine && t < s->group_size; t++)
            fine = close_enough(l, column + t * E, l->p[column + t * E], t == at, 4 * u);
    }
    free(warm);
    return fine;
}

static bool threads_agree(lab *l) {
    lab other = *l;
    size_t n = tokens_size(&l->s);
    l->options.threads = 1;
    if (!run(l, l->x, l->out)) return false;
    double tolerance = layer_tolerance(l, l->out, n);
    for (other.options.threads = 2; other.options.threads <= 4; other.options.threads++) {
        if (!run(&other, l->x, l->other)) return false;
        for (size_t i = 0; i < n; i++)
            if (!close_enough(l, i, l->other[i], l->out[i], tolerance)) return false;
    }
    return true;
}

static bool runs_repeat(lab *l) {
    size_t n = tokens_size(&l->s);
    if (!run(l, l->x, l->out) || !run(l, l->x, l->other)) return false;
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
    if (!ok(l, "mot_strides_batch", mot_strides_batch(&st, &batch, s->group_size + rest, 1))) return false;
    if (!run_shape(l, &batch, &st, l->x, l->out) || !run_shape(l, &small, NULL, l->x + full, l->other)) return false;
    double tolerance = layer_tolerance(l, l->other, rest * D);
    for (size_t i = 0; i < rest * D; i++)
        if (!close_enough(l, i, l->out[full + i], l->other[i], tolerance)) return false;
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

static bool lab_fill(lab *l) {
    const mot_shape *s = &l->s;
    size_t tokens = tokens_size(s), slots = slots_size(s), expert = s->experts * s->d_model * s->d_expert;
    size_t n = 3 * tokens + 2 * slots + weights_size(s) + s->d_model * s->experts + 2 * expert;
    float *memory = malloc((n + 1) * sizeof *memory);
    if (!memory) return false;
    l->x = memory;
    l->out = l->x + tokens;
    l->other = l->out + tokens;
    l->mixed = l->other + tokens;
    l->y = l->mixed + slots;
    l->p = l->y + slots;
    l->controller = l->p + weights_size(s);
    l->w1 = l->controller + s->d_model * s->experts;
    l->w2 = l->w1 + expert;
    fill(l, MOT_STAGE_LAYER, MOT_X, l->x);
    fill(l, MOT_STAGE_LAYER, MOT_CONTROLLER, l->controller);
    fill(l, MOT_STAGE_LAYER, MOT_W1, l->w1);
    fill(l, MOT_STAGE_LAYER, MOT_W2, l->w2);
    return true;
}

check_result check_properties(const mot_shape *s, mot_isa isa, uint64_t seed) {
    findings f = {.result = {.verdict = VERDICT_PASS, .seed = seed}};
    lab start = {.found = &f, .s = *s, .seed = seed, .property = "set-up"};
    if (workspace_estimate(s) > memory_available() || !lab_fill(&start)) {
        f.result.verdict = VERDICT_SKIP;
        strcpy(f.result.reason, "out of memory");
        return f.result;
    }
    mot_options_default(&start.options);
    start.options.isa = isa;
    start.options.threads = 1; /* one property is about more */
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
