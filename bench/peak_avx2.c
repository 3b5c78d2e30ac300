#include <immintrin.h>

#define PEAK peak_avx2
#define VEC __m256
#define CHAINS 12
#define FMA(acc, x, y) _mm256_fmadd_ps(acc, x, y)
#define STREAM(to, v) _mm256_stream_ps((float *)(to), v)
#define STREAM_END() _mm_sfence()
#include "peak.inl"
