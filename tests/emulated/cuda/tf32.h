/* tf32.h: judging what is computed in tf32: against f64 of operands that are rounded to it. */
#ifndef EMULATED_TF32_H
#define EMULATED_TF32_H

#include "matrix.cuh"

#include <cmath>
#include <vector>

namespace emulated {

/* Numbers that look random: integers of up to 4 bits, or of all 24 bits. */
inline std::vector<float> numbers_of(size_t n, bool integers) {
    static unsigned state = 1;
    std::vector<float> v(n);
    for (float &x : v) {
        state = state * 1664525 + 1013904223;
        x = integers ? (float)((int)(state >> 28) - 7) : (float)((int)(state >> 8) - (1 << 23)) * 0x1p-23F;
    }
    return v;
}

inline double as_tf32(float v) { return __uint_as_float(mot::round_to_tf32(__float_as_uint(v))); }

/* The sum of `k` products and that of their absolute values. */
struct dot {
    double sum, absolute;
};
template <class A, class B> dot dot_of(size_t k, A a, B b) {
    dot d = {0, 0};
    for (size_t i = 0; i < k; i++) {
        const double term = as_tf32(a(i)) * as_tf32(b(i));
        d.sum += term, d.absolute += fabs(term);
    }
    return d;
}
/* Of a sum of that many products, each of them exact, in f32. */
inline double bound_of(const dot &d, size_t k) { return (double)(k + 1) * 0x1p-24 * d.absolute; }

} // namespace emulated

#endif
