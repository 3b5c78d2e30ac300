#include <immintrin.h>

#define PEAK peak_avx512
#define VEC __m512
#define CHAINS 16
#define FMA(acc, x, y) _mm512_fmadd_ps(acc, x, y)
#define STREAM(to, v) _mm512_stream_ps((float *)(to), v)
#define STREAM_END() _mm_sfence()
#include "peak.inl"
