#include "check_judge.h"

#include "cuda_device.h"
#include "oracle.h"
#include "oracle_vector.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

/* Multiplications of the oracle per run and output: above it only a sample of the units is compared. */
static const double budget = 48e6;

typedef struct judge {
    findings *found;
    const problem *pb;
    const mot_tensors *tensors;
    numbers got;
    enum mot_tensor output;
    const mot_choice *choice;
    const char *where, *name;
    bool bounded; /* test 2 applies: not to a whole layer */
    z_tally z;
} judge;

static void settle(findings *f, verdict v, const char *format, va_list args) {
    f->result.verdict = v;
    vsnprintf(f->result.reason, sizeof f->result.reason, format, args);
}

bool findings_fail(findings *f, const char *format, ...) {
    va_list args;
    va_start(args, format);
    if (f->result.verdict != VERDICT_FAIL) settle(f, VERDICT_FAIL, format, args);
    va_end(args);
    return false;
}

bool findings_crash(findings *f, const char *format, ...) {
    va_list args;
    va_start(args, format);
    settle(f, VERDICT_CRASH, format, args);
    va_end(args);
    return false;
}

bool findings_skip(findings *f, const char *format, ...) {
    va_list args;
    va_start(args, format);
    if (f->result.verdict == VERDICT_PASS) settle(f, VERDICT_SKIP, format, args);
    va_end(args);
    return false;
}

bool findings_marginal(findings *f, const char *format, ...) {
    va_list args;
    va_start(args, format);
    if (f->result.verdict == VERDICT_PASS) settle(f, VERDICT_MARGINAL, format, args);
    va_end(args);
    return false;
}

/* ---- one element ---- */

static bool wrong(judge *j, const char *test, size_t unit, size_t row, size_t column, double got, double expected) {
    size_t groups = j->pb->shape.groups;
    bool slot = j->pb->stage == MOT_STAGE_EXPERTS;
    return findings_fail(j->found, "%s: %s group %zu %s %zu element %zu is %.9g, expected %.9g (%s)", test, j->name,
                         slot ? unit % groups : unit, slot ? "expert" : "row", slot ? unit / groups : row, column, got,
                         expected, j->where);
}

/* Of a special group: mot.h promises NaN out of NaN through the softmax and the linear stages, and says nothing of Inf,
 * or of a NaN that meets the relu. */
static bool special_ok(const judge *j, size_t unit, double expected, double got) {
    bool nan_promised = data_role(j->pb, unit % j->pb->shape.groups) == ROLE_NAN && j->pb->stage != MOT_STAGE_EXPERTS;
    return !nan_promised || !isnan(expected) || isnan(got);
}

/* Test 2 asks what the kernel's sum was before it was stored, test 3 about the result as it is. */
static void count_element(judge *j, const block *b, size_t at, double error, double got) {
    check_result *r = &j->found->result;
    double bound = b->bound[at], variance = b->variance[at], difference = fabs(got - b->value[at]);
    r->compared++;
    j->found->zeros += got == 0;
    if (j->bounded && bound > 0 && error / bound > r->fraction) r->fraction = error / bound;
    if (variance > 0 || difference != 0) z_add(&j->z, difference, variance);
}

static bool judge_row(judge *j, const block *b, size_t unit, size_t row) {
    numbers line = numbers_at(j->got, oracle_row_offset(j->pb, j->output, unit, row));
    for (size_t c = 0; c < b->columns; c++) {
        size_t at = row * b->columns + c;
        double expected = b->value[at], got = numbers_get(line, c);
        if (!isfinite(expected)) {
            if (!special_ok(j, unit, expected, got)) return wrong(j, "NaN lost", unit, row, c, got, expected);
            j->found->result.compared++;
            continue;
        }
        if (!isfinite(got))
            return wrong(j, is_poison(line, c) ? "not written" : "NaN or Inf", unit, row, c, got, expected);
        double error = stored_error(j->pb->dtype, got, expected);
        if (j->bounded && !(error <= b->bound[at]))
            return wrong(j, b->bound[at] > 0 ? "bound" : "exact integers", unit, row, c, got, expected);
        count_element(j, b, at, error, got);
    }
    return true;
}

/* ---- units ---- */

static size_t gcd(size_t a, size_t b) { return b ? gcd(b, a % b) : a; }

/* Every unit, or every step-th; no divisor in common with the groups, so that a sample of (e,g) meets all rows. */
static size_t sample_step(const problem *pb, size_t units) {
    double share = oracle_unit_cost(pb) * (double)units / budget;
    size_t step = share > 1 ? (size_t)ceil(share) : 1;
    while (step > 1 && gcd(step, pb->shape.groups) > 1) step++;
    return step;
}

static size_t min_of(size_t a, size_t b) { return a < b ? a : b; }

/* Errors of one unit that are independent of each other: all outputs of an expert share those of its hidden units, all
 * tokens of a group those of the experts' outputs, and the weights of a column their sum. */
static size_t independent_errors(const judge *j) {
    const mot_shape *s = &j->pb->shape;
    size_t narrow = min_of(s->d_model, s->d_expert);
    if (j->pb->stage == MOT_STAGE_EXPERTS) return narrow;
    if (j->pb->stage == MOT_STAGE_LAYER) return s->experts * narrow;
    return s->experts * (j->output == MOT_P ? s->group_size - 1 : s->d_model);
}

static bool judge_unit(judge *j, oracle *o, size_t unit) {
    if (data_role(j->pb, unit % j->pb->shape.groups) == ROLE_INF) return true;
    const block *b = oracle_unit(o, j->tensors, j->output, unit);
    for (size_t row = 0; row < b->rows; row++)
        if (!judge_row(j, b, unit, row)) return false;
    j->z.independent += independent_errors(j);
    return true;
}

/* What the vector test can't see among roundings: a row of each unit, another one each time. */
static bool judge_one_row(judge *j, oracle *o, size_t unit) {
    const mot_shape *s = &j->pb->shape;
    size_t rows = j->output == MOT_MIXED ? s->experts : mot_group_tokens(s, &j->pb->strides, unit), row = unit % rows;
    return judge_row(j, oracle_row(o, j->tensors, j->output, unit, row), unit, row);
}

/* A unit that is not in the sample: element by element it is not worth its time, all in all it is. */
static bool judge_unit_quickly(judge *j, oracle *o, size_t unit) {
    size_t row = 0;
    bool plain = data_role(j->pb, unit % j->pb->shape.groups) == ROLE_PLAIN;
    if (!plain || !vector_applies(j->pb, j->output)) return true;
    if (j->pb->dtype != MOT_F32 && !judge_one_row(j, o, unit)) return false;
    double worst = vector_test(j->pb, j->choice, j->tensors, j->output, unit, j->got, &row);
    return worst <= 1 || findings_fail(j->found, "vector test: %s group %zu row %zu is off by %.3g bounds (%s)",
                                       j->name, unit, row, worst, j->where);
}

static bool judge_units(judge *j, oracle *o) {
    size_t units = oracle_units(j->pb), step = sample_step(j->pb, units);
    for (size_t unit = 0; unit < units; unit++) {
        bool sampled = unit % step == 0 || unit == units - 1;
        if (!(sampled ? judge_unit(j, o, unit) : judge_unit_quickly(j, o, unit))) return false;
    }
    return true;
}

/* Elements of an output that belong to no token. */
static size_t holes_allowed(const judge *j, size_t elements) {
    const mot_shape *s = &j->pb->shape;
    size_t tokens = 0;
    for (size_t g = 0; g < s->groups; g++) tokens += mot_group_tokens(s, &j->pb->strides, g);
    if (j->output == MOT_OUT) return elements - tokens * s->d_model;
    return j->output == MOT_P ? elements - tokens * s->experts : 0;
}

/* All elements, also of units that were not sampled: written and finite (special data make NaN by right: there only the
 * poison counts); the gaps between rows of out are as they were. Rows of p past a short group may be anything. */
static bool judge_coverage(judge *j, size_t elements) {
    const size_t poisoned = numbers_count(j->got, elements, 0xffff, POISON), allowed = holes_allowed(j, elements),
                 holes = j->pb->mode == DATA_SPECIAL ? poisoned : numbers_count_unfinite(j->got, elements);
    if (holes > allowed) return findings_fail(j->found, "not written, or NaN: parts of %s (%s)", j->name, j->where);
    if (j->output == MOT_P || poisoned == allowed) return true;
    return findings_fail(j->found, "stray write: between the rows of %s (%s)", j->name, j->where);
}

/* ---- one output ---- */

static bool z_applies(data_mode mode) { return mode != DATA_INTEGERS && mode != DATA_SPECIAL; }

static void judge_z(judge *j) {
    check_result *r = &j->found->result;
    double rms = z_rms(&j->z);
    if (!z_applies(j->pb->mode)) return;
    if (j->z.independent >= Z_RMS_COUNT) r->z_rms = fmax(r->z_rms, rms);
    r->z_max = fmax(r->z_max, j->z.max);
    if (!z_passes(&j->z))
        findings_marginal(j->found, "z: %s has rms %.3g (limit %g), max %.3g (limit %g) over %zu elements (%s)",
                          j->name, rms, z_rms_limit(&j->z), j->z.max, z_max_limit(&j->z), j->z.count, j->where);
}

static bool judge_output(judge *j, size_t elements) {
    oracle *o = oracle_create(j->pb, j->choice);
    if (!o) return findings_skip(j->found, "out of memory for the oracle (%s)", j->where);
    bool ok = judge_units(j, o) && judge_coverage(j, elements);
    oracle_destroy(o);
    if (ok) judge_z(j);
    return ok;
}

/* Where factors are rounded to a narrow type, their errors are as coarse as those of storing in one. */
static bool rounds_factors(const mot_choice *choice) {
    const mot_cuda_variant *v = choice ? candidate_cuda(choice->variant) : NULL;
    return v && v->tf32;
}
/* Nobody says how a library does it. */
static bool truncates_factors(const mot_choice *choice) {
    return rounds_factors(choice) && candidate_cuda(choice->variant)->baseline;
}

bool judge_outputs(findings *f, const problem *pb, const mot_choice *choice, const workspace *w, const char *where) {
    for (int i = 0; i < REGION_TENSORS; i++) {
        const guarded *g = &w->region[i];
        if (!(w->outputs & 1 << i)) continue;
        judge j = {.found = f, .pb = pb, .tensors = &w->tensors, .output = 1 << i, .where = where};
        j.got = (numbers){g->data, pb->dtype};
        j.choice = choice, j.name = g->name;
        j.z.stored = pb->dtype != MOT_F32 || rounds_factors(choice);
        j.z.truncated = truncates_factors(choice);
        j.bounded = pb->stage != MOT_STAGE_LAYER;
        if (!judge_output(&j, g->bytes / mot_dtype_bytes(pb->dtype))) return false;
    }
    return true;
}
