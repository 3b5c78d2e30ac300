#include "numbers.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* ---- elements ---- */

static double from_bf16(mot_bf16 v) {
    uint32_t bits = (uint32_t)v << 16;
    float f;
    memcpy(&f, &bits, sizeof f);
    return (double)f;
}

/* The upper half of an f32, one more if the lower half is more than half a step, or just that and the upper one odd. */
static mot_bf16 to_bf16(float f) {
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    uint32_t upper = bits >> 16, lower = bits & 0xffff;
    if (isnan(f)) return (mot_bf16)(upper | 0x40); /* quiet, or what is left could be Inf */
    return (mot_bf16)(upper + (lower > 0x8000 || (lower == 0x8000 && (upper & 1))));
}

numbers numbers_at(numbers v, size_t element) {
    return (numbers){(const char *)v.data + element * mot_dtype_bytes(v.dtype), v.dtype};
}

double numbers_get(numbers v, size_t i) {
    return v.dtype == MOT_BF16 ? from_bf16(((const mot_bf16 *)v.data)[i]) : (double)((const float *)v.data)[i];
}

void numbers_read(numbers v, size_t n, double *restrict to) {
    const mot_bf16 *half = v.data;
    const float *single = v.data;
    if (v.dtype == MOT_BF16)
        for (size_t i = 0; i < n; i++) to[i] = from_bf16(half[i]);
    else
        for (size_t i = 0; i < n; i++) to[i] = (double)single[i];
}

static size_t count16(const uint16_t *v, size_t n, uint16_t mask, uint16_t bits) {
    size_t found = 0;
    for (size_t i = 0; i < n; i++) found += (v[i] & mask) == bits;
    return found;
}
static size_t count32(const uint32_t *v, size_t n, uint32_t mask, uint32_t bits) {
    size_t found = 0;
    for (size_t i = 0; i < n; i++) found += (v[i] & mask) == bits;
    return found;
}

size_t numbers_count(numbers v, size_t n, uint16_t mask, uint16_t bits) {
    return v.dtype == MOT_BF16 ? count16(v.data, n, mask, bits) : count32(v.data, n, mask * 0x10001U, bits * 0x10001U);
}

/* Both types have their exponent in the same bits of the upper half. */
size_t numbers_count_unfinite(numbers v, size_t n) {
    return v.dtype == MOT_BF16 ? count16(v.data, n, 0x7f80, 0x7f80) : count32(v.data, n, 0x7f800000, 0x7f800000);
}

void numbers_write(mot_dtype dtype, void *tensor, size_t at, const float *restrict from, size_t n) {
    mot_bf16 *half = (mot_bf16 *)tensor + at;
    if (dtype == MOT_BF16)
        for (size_t i = 0; i < n; i++) half[i] = to_bf16(from[i]);
    else
        memcpy((float *)tensor + at, from, n * sizeof *from);
}

/* ---- rounding ---- */

/* Distance of two neighbours of bf16 in the binade of v: the power of two that it begins with, less 7 bits. */
static double step_at(double v) {
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    bits &= (uint64_t)0x7ff << 52;
    memcpy(&v, &bits, sizeof v);
    return fmax(v * 0x1p-7, 0x1p-133);
}

double stored(mot_dtype dtype, double sum) {
    if (dtype != MOT_BF16 || !isfinite(sum)) return sum;
    double step = step_at(sum), rounded = rint(sum / step) * step;
    return fabs(rounded) < 0x1p128 ? rounded : copysign(INFINITY, sum);
}

double stored_half_step(mot_dtype dtype, double sum) { return dtype == MOT_BF16 ? step_at(sum) / 2 : 0; }

double stored_error(mot_dtype dtype, double got, double exact) {
    double distance = fabs(got - exact);
    if (dtype != MOT_BF16) return distance;
    if (stored(dtype, exact) == got) return 0;
    /* Towards zero the neighbour of a power of two is nearer. */
    double reach = step_at(fabs(exact) < fabs(got) ? nextafter(got, 0) : got) / 2;
    return fmax(distance - reach, DBL_MIN); /* of a tie that went to the odd neighbour the difference is 0 */
}

double stored_spread(mot_dtype dtype, double sum, double reach) {
    double at = stored(dtype, sum);
    return fmax(stored(dtype, sum + reach) - at, at - stored(dtype, sum - reach));
}

double flushed_below(mot_dtype dtype) { return dtype == MOT_BF16 ? 0x1p-126 : 0; }
