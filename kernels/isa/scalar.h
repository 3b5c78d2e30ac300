/* scalar.h: the vector vocabulary with one lane, plain C: no intrinsics, no fused multiply-add. */
#ifndef MOT_ISA_SCALAR_H
#define MOT_ISA_SCALAR_H

#include "kernel.h"

#include <string.h>

#define MOT_ISA_TAG scalar
#define MOT_ISA_ID MOT_ISA_SCALAR
enum { LANES = 1, REGISTERS = 64 }; /* the compiler's business here: no limit to assert */

typedef float vec;

MOT_INLINE vec v_zero(void) { return 0.0f; }
MOT_INLINE vec v_set1(float x) { return x; }
MOT_INLINE vec v_load(const float *p) { return *p; }
MOT_INLINE void v_store(float *p, vec v) { *p = v; }
/* Past the caches; whole aligned vectors only. */
MOT_INLINE void v_stream(float *p, vec v) { *p = v; }
/* After stores of that kind: others see them before what is stored next. */
MOT_INLINE void v_fence(void) {}
/* The first n lanes only, 0 <= n <= LANES; the others read as 0. */
MOT_INLINE vec v_load_n(const float *p, size_t n) { return n ? *p : 0.0f; }
MOT_INLINE void v_store_n(float *p, vec v, size_t n) {
    if (n) *p = v;
}
MOT_INLINE vec v_add(vec a, vec b) { return a + b; }
MOT_INLINE vec v_sub(vec a, vec b) { return a - b; }
MOT_INLINE vec v_mul(vec a, vec b) { return a * b; }
MOT_INLINE vec v_div(vec a, vec b) { return a / b; }
MOT_INLINE vec v_fma(vec a, vec b, vec c) { return a * b + c; }
/* The sum of all lanes. */
MOT_INLINE float v_sum(vec v) { return v; }
/* The first n lanes from and to bf16; rounds to nearest even, NaN stays NaN. */
MOT_INLINE vec v_load16_n(const mot_bf16 *p, size_t n) {
    const uint32_t bits = n ? (uint32_t)*p << 16 : 0;
    vec v;
    memcpy(&v, &bits, sizeof v);
    return v;
}
MOT_INLINE void v_store16_n(mot_bf16 *p, vec v, size_t n) {
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    if (n) *p = (mot_bf16)(v != v ? bits >> 16 | 0x40 : (bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}
MOT_INLINE void v_stream16(mot_bf16 *p, vec v) { v_store16_n(p, v, 1); }
/* b where either is NaN, as maxps. */
MOT_INLINE vec v_max(vec a, vec b) { return a > b ? a : b; }
/* 0 in the lanes where x < limit, else v. */
MOT_INLINE vec v_zero_below(vec x, vec limit, vec v) { return x < limit ? 0.0f : v; }
/* 2^n, where n stands in the low bits of t = n + 1.5 * 2^23. */
MOT_INLINE vec v_pow2(vec t) {
    uint32_t bits;
    memcpy(&bits, &t, sizeof bits);
    bits = (bits << 23) + 0x3f800000u;
    memcpy(&t, &bits, sizeof t);
    return t;
}

#endif
