/* Products of pairs of bf16, added to f32: two multiply-adds a lane. The constants are what lies in a vector of floats,
 * taken for bf16; whatever they are, no bf16 product is slow, since denormals count as zero. */
#include <immintrin.h>

#define PEAK peak_avx512bf16
#define VEC __m512
#define CHAINS 16
#define FLOPS_PER_LANE 4
#define FMA(acc, x, y) _mm512_dpbf16_ps(acc, (__m512bh)(x), (__m512bh)(y))
#define STREAM(to, v) _mm512_stream_ps((float *)(to), v)
#define STREAM_END() _mm_sfence()
#include "peak.inl"
