/* What can go wrong in bf16 only: roundings, precision of sums, two numbers to a word. The stages are the plain ones,
 * stamped with one operation that is wrong. */
#include "broken_kernels.h"

#include "plain_kernels.h"

#include <math.h>
#include <string.h>
#include <xmmintrin.h>

#define KERNEL(name) static void name(const mot_shape *s, const mot_tensors *t, const mot_config *c, mot_range r)

/* ---- wrong roundings ---- */

static mot_bf16 cut(float v) {
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    return (mot_bf16)(bits >> 16);
}

static mot_bf16 round_ties_away(float v) {
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    return isnan(v) ? round_bf16(v) : (mot_bf16)((bits + 0x8000) >> 16);
}

/* A bit less than bf16 has. */
static mot_bf16 round_short(float v) {
    return isfinite(v) ? (mot_bf16)((round_bf16(v) + 1U) & 0xfffeU) : round_bf16(v);
}

static float plus(float sum, float product) { return sum + product; }
static float plus_bf16(float sum, float product) { return widen_bf16(round_bf16(sum + product)); }
static float through_bf16(float v) { return widen_bf16(round_bf16(v)); }
static float unrounded(float v) { return v; }
static float through_cut(float v) { return widen_bf16(cut(v)); }

#define NAME(stage) cutting_##stage
#define SCOPE static inline
#define ELEMENT mot_bf16
#define LOAD widen_bf16
#define STORE cut
#define ADD plus
#define HIDDEN through_bf16
#include "plain_kernels.inl"

#define NAME(stage) ties_away_##stage
#define SCOPE static inline
#define ELEMENT mot_bf16
#define LOAD widen_bf16
#define STORE round_ties_away
#define ADD plus
#define HIDDEN through_bf16
#include "plain_kernels.inl"

#define NAME(stage) shortened_##stage
#define SCOPE static inline
#define ELEMENT mot_bf16
#define LOAD widen_bf16
#define STORE round_short
#define ADD plus
#define HIDDEN through_bf16
#include "plain_kernels.inl"

#define NAME(stage) bf16_sums_##stage
#define SCOPE static inline
#define ELEMENT mot_bf16
#define LOAD widen_bf16
#define STORE round_bf16
#define ADD plus_bf16
#define HIDDEN through_bf16
#include "plain_kernels.inl"

#define NAME(stage) exact_hidden_##stage
#define SCOPE static inline
#define ELEMENT mot_bf16
#define LOAD widen_bf16
#define STORE round_bf16
#define ADD plus
#define HIDDEN unrounded
#include "plain_kernels.inl"

#define NAME(stage) cut_hidden_##stage
#define SCOPE static inline
#define ELEMENT mot_bf16
#define LOAD widen_bf16
#define STORE round_bf16
#define ADD plus
#define HIDDEN through_cut
#include "plain_kernels.inl"

/* Stores the right weights, and mixes with what they were before they were stored. */
KERNEL(front_mixes_unrounded) {
    const size_t D = s->d_model;
    float *column = t->scratch;
    plain_bf16_route(s, t, c, r);
    for (size_t g = r.begin; g < r.end; g++)
        for (size_t e = 0; e < s->experts; e++) {
            cutting_weights(s, t, g, e, column);
            for (size_t d = 0; d < D; d++) {
                float sum = 0;
                for (size_t i = 0; i < mot_group_tokens(s, &t->strides, g); i++)
                    sum += column[i] * widen_bf16(cutting_tokens_of(t, g)[i * t->strides.token_stride + d]);
                ((mot_bf16 *)t->mixed)[(e * s->groups + g) * D + d] = round_bf16(sum);
            }
        }
}

/* ---- results ---- */

static mot_bf16 *mixed_at(const mot_shape *s, const mot_tensors *t, size_t e, size_t g) {
    return (mot_bf16 *)t->mixed + (e * s->groups + g) * s->d_model;
}

/* Element d of expert e's mixed token of group g, without the product of token k (SIZE_MAX: with all). */
static mot_bf16 mixed_without(const mot_shape *s, const mot_tensors *t, size_t g, size_t e, size_t d, size_t k) {
    const mot_bf16 *x = (const mot_bf16 *)t->x + mot_group_offset(&t->strides, g) + d;
    const mot_bf16 *p = (const mot_bf16 *)t->p + g * s->group_size * s->experts + e;
    float sum = 0;
    for (size_t i = 0; i < mot_group_tokens(s, &t->strides, g); i++)
        if (i != k) sum += widen_bf16(p[i * s->experts]) * widen_bf16(x[i * t->strides.token_stride]);
    return round_bf16(sum);
}

KERNEL(drops_one_product) {
    plain_bf16_mix(s, t, c, r);
    for (size_t g = r.begin; g < r.end; g++)
        for (size_t e = 0; e < s->experts; e++) mixed_at(s, t, e, g)[2] = mixed_without(s, t, g, e, 2, 1);
}

/* In a group that isn't in the sample of so many. */
KERNEL(drops_one_product_far_away) {
    plain_bf16_mix(s, t, c, r);
    for (size_t e = 0; e < s->experts && r.begin <= 500 && 500 < r.end; e++)
        mixed_at(s, t, e, 500)[2] = mixed_without(s, t, 500, e, 2, 1);
}

/* In one row only, and not the one of that group which is compared. */
KERNEL(loses_a_row_far_away) {
    plain_bf16_mix(s, t, c, r);
    if (r.begin <= 500 && 500 < r.end)
        memcpy(mixed_at(s, t, 3, 500), mixed_at(s, t, 4, 500), s->d_model * sizeof(mot_bf16));
}

KERNEL(is_off_by_one_expert) {
    plain_bf16_mix(s, t, c, r);
    for (size_t g = r.begin; g < r.end; g++)
        for (size_t e = 0; e + 1 < s->experts; e++)
            memcpy(mixed_at(s, t, e, g), mixed_at(s, t, e + 1, g), s->d_model * sizeof(mot_bf16));
}

KERNEL(drops_a_hidden_unit) {
    mot_bf16 w2[4096];
    const size_t n = s->experts * s->d_expert * s->d_model;
    mot_tensors copy = *t;
    memcpy(w2, t->w2, n * sizeof *w2);
    for (size_t e = 0; e < s->experts; e++) memset(w2 + e * s->d_expert * s->d_model, 0, s->d_model * sizeof *w2);
    copy.w2 = w2;
    plain_bf16_experts(s, &copy, c, r);
}

KERNEL(forgets_the_temperature) {
    mot_tensors copy = *t;
    copy.temperature = 1;
    plain_bf16_route(s, &copy, c, r);
}

/* ---- memory: two numbers to a word ---- */

KERNEL(writes_one_past_the_end) {
    plain_bf16_mix(s, t, c, r);
    mixed_at(s, t, s->experts, 0)[0] = 0;
}

KERNEL(writes_one_before_the_start) {
    plain_bf16_mix(s, t, c, r);
    mixed_at(s, t, 0, 0)[-1] = 0;
}

/* The pair of an odd number of rows. */
KERNEL(reads_half_a_pair_too_much) {
    const volatile mot_bf16 *x = t->x;
    plain_bf16_mix(s, t, c, r);
    (void)x[s->groups * s->group_size * s->d_model];
}

/* Of the last element only the other half of its word is written. */
KERNEL(leaves_out_the_last) {
    mot_bf16 *last = mixed_at(s, t, s->experts, 0) - 1;
    const mot_bf16 before = *last;
    plain_bf16_mix(s, t, c, r);
    *last = before;
}

KERNEL(writes_between_rows) {
    plain_bf16_redistribute(s, t, c, r);
    if (t->strides.token_stride > s->d_model) ((mot_bf16 *)t->out)[s->d_model] = 0;
}

KERNEL(is_f32_in_disguise) {
    (void)c, (void)r;
    memset(t->mixed, 0, s->experts * s->groups * s->d_model * sizeof(float));
}

/* ---- not broken ---- */

KERNEL(flushes_denormals) {
    const unsigned mode = _mm_getcsr();
    _mm_setcsr(mode | 0x8040);
    plain_bf16_mix(s, t, c, r);
    _mm_setcsr(mode);
}

#define MANY 2048, 16, 16, 256, 1 /* most groups are not in the sample */

const broken broken_bf16[] = {
    {"bf16_is_cut_in_route", MOT_STAGE_ROUTE, cutting_route, VERDICT_FAIL, "bound: p", {0}},
    {"bf16_is_cut_in_mix", MOT_STAGE_MIX, cutting_mix, VERDICT_FAIL, "exact integers: mixed", {0}},
    {"bf16_is_cut_in_experts", MOT_STAGE_EXPERTS, cutting_experts, VERDICT_FAIL, "exact integers: y", {0}},
    {"bf16_is_cut_in_redistribute", MOT_STAGE_REDISTRIBUTE, cutting_redistribute, VERDICT_FAIL, "exact integers", {0}},
    {"bf16_ties_go_up_in_mix", MOT_STAGE_MIX, ties_away_mix, VERDICT_FAIL, "exact integers", {0}},
    {"bf16_ties_go_up_in_experts", MOT_STAGE_EXPERTS, ties_away_experts, VERDICT_FAIL, "exact integers", {0}},
    {"bf16_ties_go_up_in_redistribute", MOT_STAGE_REDISTRIBUTE, ties_away_redistribute, VERDICT_FAIL, "integers", {0}},
    {"bf16_weights_are_shorter", MOT_STAGE_ROUTE, shortened_route, VERDICT_FAIL, "bound: p", {0}},
    {"bf16_sums_in_route", MOT_STAGE_ROUTE, bf16_sums_route, VERDICT_FAIL, "bound: p", {0}},
    {"bf16_sums_in_mix", MOT_STAGE_MIX, bf16_sums_mix, VERDICT_FAIL, "exact integers: mixed", {0}},
    {"bf16_sums_in_experts", MOT_STAGE_EXPERTS, bf16_sums_experts, VERDICT_FAIL, "exact integers: y", {0}},
    {"bf16_sums_in_redistribute", MOT_STAGE_REDISTRIBUTE, bf16_sums_redistribute, VERDICT_FAIL, "exact integers", {0}},
    {"bf16_hidden_is_not_rounded", MOT_STAGE_EXPERTS, exact_hidden_experts, VERDICT_FAIL, "exact integers: y", {0}},
    {"bf16_hidden_is_cut", MOT_STAGE_EXPERTS, cut_hidden_experts, VERDICT_FAIL, "exact integers: y", {0}},
    {"bf16_front_mixes_unrounded", MOT_STAGE_FRONT, front_mixes_unrounded, VERDICT_FAIL, "bound: mixed", {0}},
    {"bf16_drops_one_product", MOT_STAGE_MIX, drops_one_product, VERDICT_FAIL, "exact integers: mixed", {0}},
    {"bf16_drops_one_far", MOT_STAGE_MIX, drops_one_product_far_away, VERDICT_FAIL, "group 500 row 4", {MANY}},
    {"bf16_loses_a_row_far", MOT_STAGE_MIX, loses_a_row_far_away, VERDICT_FAIL, "vector test: mixed group 500", {MANY}},
    {"bf16_is_off_by_one_expert", MOT_STAGE_MIX, is_off_by_one_expert, VERDICT_FAIL, "exact integers: mixed", {0}},
    {"bf16_drops_a_hidden_unit", MOT_STAGE_EXPERTS, drops_a_hidden_unit, VERDICT_FAIL, "exact integers: y", {0}},
    {"bf16_forgets_the_temperature", MOT_STAGE_ROUTE, forgets_the_temperature, VERDICT_FAIL, "bound: p", {0}},
    {"bf16_writes_past_the_end", MOT_STAGE_MIX, writes_one_past_the_end, VERDICT_CRASH, "0 bytes past the end", {0}},
    {"bf16_writes_before_the_start", MOT_STAGE_MIX, writes_one_before_the_start, VERDICT_FAIL, "stray write", {0}},
    {"bf16_reads_too_much", MOT_STAGE_MIX, reads_half_a_pair_too_much, VERDICT_CRASH, "0 bytes past the end of x", {0}},
    {"bf16_leaves_out_the_last", MOT_STAGE_MIX, leaves_out_the_last, VERDICT_FAIL, "not written", {0}},
    {"bf16_writes_between_rows", MOT_STAGE_REDISTRIBUTE, writes_between_rows, VERDICT_FAIL, "rows of out", {0}},
    {"bf16_is_f32_in_disguise", MOT_STAGE_MIX, is_f32_in_disguise, VERDICT_CRASH, "past the end of mixed", {0}},
    {"bf16_may_flush_denormals", MOT_STAGE_MIX, flushes_denormals, VERDICT_PASS, "", {0}},
};
const size_t broken_bf16_count = sizeof broken_bf16 / sizeof broken_bf16[0];
