/* The baseline has no FMA, but vectors of 128 bits, which the compiler may use in scalar kernels too. A chain is a
 * multiplication and an addition, so it takes more of them than with FMA. */
#include <emmintrin.h>

#define PEAK peak_scalar
#define VEC __m128
#define CHAINS 14
#define FMA(acc, x, y) ((acc) * (x) + (y))
#define STREAM(to, v) _mm_stream_ps((float *)(to), v)
#define STREAM_END() _mm_sfence()
#include "peak.inl"
