/* peers_libxsmm_avx2.c: what LIBXSMM's kernels leave out at their end. */
#include "peers_libxsmm_bf16.h"

#include <immintrin.h>

void xsmm_zero_upper(void) { _mm256_zeroupper(); }
