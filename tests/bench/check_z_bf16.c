/* The calibration of bf16: what z correct kernels have, of every stage and of whole layers, and what wrong ones. */
#include "check.h"
#include "data.h"
#include "numbers.h"
#include "oracle.h"
#include "plain_kernels.h"
#include "variance.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- correct kernels ---- */

static const mot_shape shapes[] = {{5, 16, 8, 64, 96}, {3, 32, 32, 48, 40}, {6, 11, 13, 37, 129}, {2, 8, 8, 512, 256}};
static double least_rms = INFINITY, greatest_rms, greatest_z;

static void calibrate(const mot_plan *plan, const mot_shape *s, uint64_t seed) {
    const check_options options = {.seed = seed, .threads = 1, .strided = true};
    const check_result r = check_plan(plan, s, &options);
    if (r.verdict != VERDICT_PASS) fail_msg("%s: %s", verdict_name(r.verdict), r.reason);
    least_rms = fmin(least_rms, r.z_rms), greatest_rms = fmax(greatest_rms, r.z_rms);
    greatest_z = fmax(greatest_z, r.z_max);
}

/* One rounding in the end makes 1; a few draws are a bit more or less. */
static void correct_stages_have_rms_1(void **state) {
    const mot_variant v[] = {plain_bf16_variant("route", MOT_STAGE_ROUTE, plain_bf16_route),
                             plain_bf16_variant("mix", MOT_STAGE_MIX, plain_bf16_mix),
                             plain_bf16_variant("experts", MOT_STAGE_EXPERTS, plain_bf16_experts),
                             plain_bf16_variant("redistribute", MOT_STAGE_REDISTRIBUTE, plain_bf16_redistribute)};
    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        for (uint64_t seed = 1; seed <= 3; seed++)
            for (size_t k = 0; k < 4; k++)
                calibrate(&(mot_plan){.steps = 1, .step = {{.variant = &v[k]}}}, &shapes[i], seed);
    print_message("correct stages: rms %.2f to %.2f, max %.2f\n", least_rms, greatest_rms, greatest_z);
    assert_true(least_rms > 0.8 && greatest_rms < 1.25);
    assert_true(greatest_z < 4);
}

/* ---- whole layers ---- */

typedef enum fault { NONE, CUT, WEIGHT, HIDDEN, EXPERT } fault;

/* All tensors of one group, which lie at the same place in both types. */
typedef struct layer {
    problem pb;
    mot_tensors t;
    mot_bf16 *memory, *x, *controller, *w1, *w2, *p, *mixed, *y, *out;
} layer;

static layer layer_of(const mot_shape *s, data_mode mode, uint64_t seed) {
    layer l = {.pb = problem_make(s, MOT_STAGE_LAYER, mode, false, seed)};
    const size_t tokens = s->group_size * s->d_model, slots = s->experts * s->d_model;
    const size_t weights = s->group_size * s->experts, expert = slots * s->d_expert;
    l.pb.dtype = MOT_BF16;
    l.memory = malloc((2 * tokens + 3 * slots + weights + 2 * expert) * sizeof *l.memory);
    assert_non_null(l.memory);
    l.x = l.memory, l.out = l.x + tokens, l.controller = l.out + tokens, l.mixed = l.controller + slots;
    l.y = l.mixed + slots, l.p = l.y + slots, l.w1 = l.p + weights, l.w2 = l.w1 + expert;
    l.t = (mot_tensors){.x = l.x, .controller = l.controller, .w1 = l.w1, .w2 = l.w2, .p = l.p, .mixed = l.mixed};
    l.t.y = l.y, l.t.out = l.out, l.t.strides = l.pb.strides, l.t.temperature = l.pb.temperature;
    data_fill(&l.pb, MOT_X, l.x), data_fill(&l.pb, MOT_CONTROLLER, l.controller);
    data_fill(&l.pb, MOT_W1, l.w1), data_fill(&l.pb, MOT_W2, l.w2);
    return l;
}

/* One step of bf16 towards zero, for half of the numbers: what cutting makes of rounding. */
static void cut(mot_bf16 *v, size_t n) {
    for (size_t i = 0; i < n; i++) v[i] = (mot_bf16)(v[i] - (i * 0x9e3779b9U >> 16 & 1 && v[i] & 0x7fff));
}

static void run(layer *l, fault fault) {
    const mot_shape *s = &l->pb.shape;
    const size_t slots = s->experts * s->d_model;
    const mot_range group = {0, 1};
    l->t.scratch = malloc((s->group_size + s->d_expert) * sizeof(float));
    assert_non_null(l->t.scratch);
    if (fault == HIDDEN) memset(l->w2 + 7 * s->d_model, 0, s->d_model * sizeof *l->w2);
    plain_bf16_route(s, &l->t, NULL, group);
    if (fault == WEIGHT) l->p[5] += 1;
    if (fault == CUT) cut(l->p, s->group_size * s->experts);
    plain_bf16_mix(s, &l->t, NULL, group);
    if (fault == CUT) cut(l->mixed, slots);
    plain_bf16_experts(s, &l->t, NULL, (mot_range){0, s->experts});
    if (fault == CUT) cut(l->y, slots);
    if (fault == EXPERT) memcpy(l->y, l->y + s->d_model, s->d_model * sizeof *l->y);
    plain_bf16_redistribute(s, &l->t, NULL, group);
    if (fault == CUT) cut(l->out, s->group_size * s->d_model);
    free(l->t.scratch);
}

static z_tally layer_z(const mot_shape *s, data_mode mode, fault fault, uint64_t seed) {
    layer l = layer_of(s, mode, seed);
    z_tally z = {.independent = Z_RMS_COUNT, .stored = true};
    oracle *o = oracle_create(&l.pb, NULL);
    const block *b = oracle_unit(o, &l.t, MOT_OUT, 0);
    run(&l, fault);
    for (size_t i = 0; i < b->rows * b->columns; i++) z_add(&z, widen_bf16(l.out[i]) - b->value[i], b->variance[i]);
    oracle_destroy(o);
    free(l.memory);
    return z;
}

static const mot_shape one_group[] = {
    {1, 16, 4, 256, 1024}, {1, 8, 8, 64, 96}, {1, 32, 32, 48, 40}, {1, 5, 13, 37, 129}};
enum { SHAPES = sizeof one_group / sizeof one_group[0], SEEDS = 4 };

/* Less than 1 where a tie is so near that both of its sides are right. Much less where sums are made to cancel: they do
 * so with their errors, which the variance takes for independent. */
static void correct_layers_have_rms_1(void **state) {
    double least = INFINITY, greatest = 0, max = 0;
    (void)state;
    for (size_t i = 0; i < SHAPES; i++)
        for (data_mode mode = DATA_ZERO_MEAN; mode <= DATA_CANCELLING; mode++)
            for (uint64_t seed = 1; seed <= SEEDS; seed++) {
                const z_tally z = layer_z(&one_group[i], mode, NONE, seed);
                if (mode != DATA_CANCELLING) least = fmin(least, z_rms(&z));
                greatest = fmax(greatest, z_rms(&z)), max = fmax(max, z.max);
            }
    print_message("correct layers: rms %.2f to %.2f, max %.2f\n", least, greatest, max);
    assert_true(least > 0.4 && greatest < 1.25);
    assert_true(max < 4);
}

static void faults_show(void **state) {
    static const struct {
        const char *name;
        fault fault;
        size_t shape;
        double rms, max; /* at least */
    } faults[] = {{"all that is stored cut", CUT, 0, 8, 50},
                  {"all that is stored cut", CUT, 2, 8, 50},
                  {"one of 1024 hidden units dropped", HIDDEN, 0, 20, 300},
                  {"one of 40 hidden units dropped", HIDDEN, 2, 20, 300},
                  {"one weight off by a step", WEIGHT, 2, 0, 9},
                  {"another expert's output", EXPERT, 0, 50, 300}};
    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        const z_tally z = layer_z(&one_group[faults[i].shape], DATA_ZERO_MEAN, faults[i].fault, 1);
        print_message("%s: rms %.2f, max %.1f\n", faults[i].name, z_rms(&z), z.max);
        assert_true(z_rms(&z) >= faults[i].rms && z.max >= faults[i].max);
        assert_false(z_passes(&z));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(correct_stages_have_rms_1),
                                       cmocka_unit_test(correct_layers_have_rms_1), cmocka_unit_test(faults_show)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
