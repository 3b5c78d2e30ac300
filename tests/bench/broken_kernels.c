#include "broken_kernels.h"

#include "plain_kernels.h"

#include <math.h>
#include <string.h>
#include <unistd.h>
#include <xmmintrin.h>

#define KERNEL(name) static void name(const mot_shape *s, const mot_tensors *t, const mot_config *c, mot_range r)

static float *mixed_at(const mot_shape *s, const mot_tensors *t, size_t e, size_t g) {
    return (float *)t->mixed + (e * s->groups + g) * s->d_model;
}

/* ---- memory ---- */

KERNEL(writes_past_the_end) {
    plain_mix(s, t, c, r);
    ((float *)t->mixed)[s->experts * s->groups * s->d_model] = 1;
}

KERNEL(writes_before_the_start) {
    plain_mix(s, t, c, r);
    ((float *)t->mixed)[-1] = 1;
}

KERNEL(reads_past_the_end) {
    const volatile float *x = t->x;
    plain_mix(s, t, c, r);
    (void)x[s->groups * s->group_size * s->d_model];
}

KERNEL(overruns_its_scratch) {
    plain_mix(s, t, c, r);
    memset(t->scratch, 0, 64 * 3);
}

KERNEL(modifies_x) {
    plain_mix(s, t, c, r);
    ((float *)(uintptr_t)t->x)[0] += 1;
}

KERNEL(writes_between_rows) {
    plain_redistribute(s, t, c, r);
    if (t->strides.token_stride > s->d_model) ((float *)t->out)[s->d_model] = 1;
}

KERNEL(depends_on_stale_scratch) {
    plain_mix(s, t, c, r);
    ((float *)t->mixed)[0] += *(const float *)t->scratch;
}

KERNEL(accumulates) {
    mot_tensors before = *t;
    float old = mixed_at(s, t, 0, r.begin)[0];
    plain_mix(s, &before, c, r);
    mixed_at(s, t, 0, r.begin)[0] += old;
}

/* ---- results ---- */

KERNEL(writes_nothing) { (void)s, (void)t, (void)c, (void)r; }

KERNEL(writes_zeros) {
    (void)c;
    for (size_t e = 0; e < s->experts; e++)
        for (size_t g = r.begin; g < r.end; g++) memset(mixed_at(s, t, e, g), 0, s->d_model * sizeof(float));
}

KERNEL(skips_the_last_tile) {
    float keep[8];
    const size_t n = s->d_model < 8 ? s->d_model : 8;
    float *tile = mixed_at(s, t, s->experts - 1, r.end - 1) + s->d_model - n;
    memcpy(keep, tile, n * sizeof *keep);
    plain_mix(s, t, c, r);
    memcpy(tile, keep, n * sizeof *keep);
}

KERNEL(returns_nan) {
    plain_mix(s, t, c, r);
    mixed_at(s, t, 0, r.begin)[0] = NAN;
}

KERNEL(is_off_by_one_expert) {
    float row[64];
    const size_t bytes = s->d_model * sizeof *row;
    plain_mix(s, t, c, r);
    for (size_t g = r.begin; g < r.end; g++) {
        memcpy(row, mixed_at(s, t, 0, g), bytes);
        for (size_t e = 0; e + 1 < s->experts; e++) memcpy(mixed_at(s, t, e, g), mixed_at(s, t, e + 1, g), bytes);
        memcpy(mixed_at(s, t, s->experts - 1, g), row, bytes);
    }
}

/* Leaves product `k` out of column d of every mixed token. */
static void drop(const mot_shape *s, const mot_tensors *t, mot_range r, size_t k, size_t d) {
    for (size_t g = r.begin; g < r.end; g++)
        for (size_t e = 0; e < s->experts; e++) {
            const float *x = (const float *)t->x + mot_group_offset(&t->strides, g) + k * t->strides.token_stride;
            const float p = ((const float *)t->p)[(g * s->group_size + k) * s->experts + e];
            mixed_at(s, t, e, g)[d] -= p * x[d];
        }
}

KERNEL(is_wrong_for_tails) {
    plain_mix(s, t, c, r);
    for (size_t d = s->d_model / 8 * 8; d < s->d_model; d++) drop(s, t, r, 0, d);
}

KERNEL(drops_one_product) {
    plain_mix(s, t, c, r);
    drop(s, t, r, 1, 2);
}

/* In a group that isn't in the sample of so many. */
KERNEL(drops_one_product_far_away) {
    plain_mix(s, t, c, r);
    if (r.begin <= 500 && 500 < r.end) drop(s, t, (mot_range){500, 501}, 1, 2);
}

/* A row of the experts that isn't in the sample. */
static void lose_a_row(const mot_shape *s, const mot_tensors *t, mot_range r, float value) {
    if (r.begin <= 500 && 500 < r.end) ((float *)t->y)[500 * s->d_model + 3] = value;
}

KERNEL(returns_nan_far_away) {
    plain_experts(s, t, c, r);
    lose_a_row(s, t, r, NAN);
}

KERNEL(leaves_out_a_row_far_away) {
    const float before = r.begin <= 500 && 500 < r.end ? ((float *)t->y)[500 * s->d_model + 3] : 0;
    plain_experts(s, t, c, r);
    lose_a_row(s, t, r, before);
}

/* One of the hidden units is forgotten. */
KERNEL(drops_a_hidden_unit) {
    plain_experts(s, t, c, r);
    for (size_t row = r.begin; row < r.end; row++) {
        const size_t e = row / s->groups, D = s->d_model, H = s->d_expert;
        float hidden = 0;
        for (size_t d = 0; d < D; d++)
            hidden += ((const float *)t->mixed)[row * D + d] * ((const float *)t->w1)[(e * D + d) * H];
        for (size_t d = 0; d < D && hidden > 0; d++)
            ((float *)t->y)[row * D + d] -= hidden * ((const float *)t->w2)[e * H * D + d];
    }
}

/* ---- precision ---- */

static float to_tf32(float v) {
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    bits = (bits + 0xfff + (bits >> 13 & 1)) & ~0x1fffU;
    memcpy(&v, &bits, sizeof v);
    return v;
}

KERNEL(is_tf32_in_secret) {
    const size_t D = s->d_model, E = s->experts;
    (void)c;
    for (size_t g = r.begin; g < r.end; g++)
        for (size_t i = 0; i < E * D; i++) {
            const float *x = (const float *)t->x + mot_group_offset(&t->strides, g) + i % D;
            const float *p = (const float *)t->p + g * s->group_size * E + i / D;
            float sum = 0;
            for (size_t k = 0; k < mot_group_tokens(s, &t->strides, g); k++)
                sum += to_tf32(p[k * E]) * to_tf32(x[k * t->strides.token_stride]);
            mixed_at(s, t, i / D, g)[i % D] = sum;
        }
}

KERNEL(has_a_weight_off_by_1e5) {
    plain_route(s, t, c, r);
    ((float *)t->p)[r.begin * s->group_size * s->experts] *= 1.00001F;
}

KERNEL(forgets_the_temperature) {
    mot_tensors copy = *t;
    copy.temperature = 1;
    plain_route(s, &copy, c, r);
}

KERNEL(flushes_denormals) {
    const unsigned mode = _mm_getcsr();
    _mm_setcsr(mode | 0x8040);
    plain_mix(s, t, c, r);
    _mm_setcsr(mode);
}

KERNEL(leaves_denormals_flushed) {
    plain_mix(s, t, c, r);
    _mm_setcsr(_mm_getcsr() | 0x8040);
}

/* ---- groups ---- */

/* Adds nothing of its neighbour, unless that is NaN. */
KERNEL(leaks_between_groups) {
    plain_mix(s, t, c, r);
    for (size_t g = r.begin; g < r.end; g++) {
        const float *next = (const float *)t->x + mot_group_offset(&t->strides, (g + 1) % s->groups);
        for (size_t i = 0; i < s->d_model * mot_group_tokens(s, &t->strides, (g + 1) % s->groups); i++)
            mixed_at(s, t, 0, g)[0] += 0 * next[i / s->d_model * t->strides.token_stride + i % s->d_model];
    }
}

KERNEL(hides_a_nan) {
    plain_mix(s, t, c, r);
    for (size_t i = 0; i < s->experts * s->groups * s->d_model; i++)
        if (isnan(((float *)t->mixed)[i])) ((float *)t->mixed)[i] = 0;
}

/* Takes every group for a full one. */
KERNEL(ignores_short_groups) {
    mot_tensors copy = *t;
    copy.strides.last_tokens = s->group_size;
    if (t->strides.last_tokens < s->group_size && r.end == s->groups) {
        plain_mix(s, t, c, r);
        drop(s, t, r, s->group_size - 1, 0);
    } else {
        plain_mix(s, &copy, c, r);
    }
}

/* ---- ends ---- */

KERNEL(crashes) {
    (void)s, (void)t, (void)c, (void)r;
    __builtin_trap();
}

KERNEL(hangs) {
    (void)s, (void)t, (void)c, (void)r;
    for (;;) pause();
}

const broken broken_kernels[] = {
    {"writes_past_the_end", MOT_STAGE_MIX, writes_past_the_end, VERDICT_CRASH, "0 bytes past the end of mixed", {0}},
    {"writes_before_the_start", MOT_STAGE_MIX, writes_before_the_start, VERDICT_FAIL, "stray write: byte -", {0}},
    {"reads_past_the_end", MOT_STAGE_MIX, reads_past_the_end, VERDICT_CRASH, "0 bytes past the end of x", {0}},
    {"overruns_its_scratch", MOT_STAGE_MIX, overruns_its_scratch, VERDICT_CRASH, "past the end of scratch", {0}},
    {"modifies_x", MOT_STAGE_MIX, modifies_x, VERDICT_FAIL, "input changed: x", {0}},
    {"writes_between_rows", MOT_STAGE_REDISTRIBUTE, writes_between_rows, VERDICT_FAIL, "between the rows of out", {0}},
    {"depends_on_stale_scratch", MOT_STAGE_MIX, depends_on_stale_scratch, VERDICT_FAIL, "mixed group 0", {0}},
    {"accumulates", MOT_STAGE_MIX, accumulates, VERDICT_FAIL, "mixed group 0", {0}},
    {"writes_nothing", MOT_STAGE_MIX, writes_nothing, VERDICT_FAIL, "not written", {0}},
    {"writes_zeros", MOT_STAGE_MIX, writes_zeros, VERDICT_FAIL, "exact integers", {0}},
    {"skips_the_last_tile", MOT_STAGE_MIX, skips_the_last_tile, VERDICT_FAIL, "not written", {0}},
    {"returns_nan", MOT_STAGE_MIX, returns_nan, VERDICT_FAIL, "NaN or Inf", {0}},
    {"is_off_by_one_expert", MOT_STAGE_MIX, is_off_by_one_expert, VERDICT_FAIL, "exact integers", {0}},
    {"is_wrong_for_tails", MOT_STAGE_MIX, is_wrong_for_tails, VERDICT_FAIL, "exact integers", {0}},
    {"drops_one_product", MOT_STAGE_MIX, drops_one_product, VERDICT_FAIL, "exact integers", {0}},
    {"drops_one_product_far_away",
     MOT_STAGE_MIX,
     drops_one_product_far_away,
     VERDICT_FAIL,
     "vector test: mixed group 500",
     {1024, 16, 16, 256, 1}},
    {"returns_nan_far_away",
     MOT_STAGE_EXPERTS,
     returns_nan_far_away,
     VERDICT_FAIL,
     "parts of y",
     {64, 1, 16, 128, 256}},
    {"leaves_out_a_row_far_away",
     MOT_STAGE_EXPERTS,
     leaves_out_a_row_far_away,
     VERDICT_FAIL,
     "parts of y",
     {64, 1, 16, 128, 256}},
    {"drops_a_hidden_unit", MOT_STAGE_EXPERTS, drops_a_hidden_unit, VERDICT_FAIL, "exact integers", {0}},
    {"is_tf32_in_secret", MOT_STAGE_MIX, is_tf32_in_secret, VERDICT_FAIL, "bound: mixed", {0}},
    {"is_tf32_in_long_sums", MOT_STAGE_MIX, is_tf32_in_secret, VERDICT_MARGINAL, "z: mixed", {1, 8192, 2, 4, 1}},
    {"has_a_weight_off_by_1e5", MOT_STAGE_ROUTE, has_a_weight_off_by_1e5, VERDICT_FAIL, "bound: p", {0}},
    {"forgets_the_temperature", MOT_STAGE_ROUTE, forgets_the_temperature, VERDICT_FAIL, "bound: p", {0}},
    {"flushes_denormals", MOT_STAGE_MIX, flushes_denormals, VERDICT_FAIL, "bound: mixed", {0}},
    {"leaves_denormals_flushed", MOT_STAGE_MIX, leaves_denormals_flushed, VERDICT_FAIL, "environment changed", {0}},
    {"leaks_between_groups", MOT_STAGE_MIX, leaks_between_groups, VERDICT_FAIL, "special data", {0}},
    {"hides_a_nan", MOT_STAGE_MIX, hides_a_nan, VERDICT_FAIL, "NaN lost", {0}},
    {"ignores_short_groups", MOT_STAGE_MIX, ignores_short_groups, VERDICT_FAIL, "strided", {0}},
    {"crashes", MOT_STAGE_MIX, crashes, VERDICT_CRASH, "SIGILL", {0}},
    {"hangs", MOT_STAGE_MIX, hangs, VERDICT_TIMEOUT, "no result after", {0}},
};
const size_t broken_count = sizeof broken_kernels / sizeof broken_kernels[0];
