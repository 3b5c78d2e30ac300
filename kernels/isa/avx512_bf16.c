#include "avx512.h"
#include "bf16.h"
#define MOT_AVX512_BF16 STAMP
#define MOT_DTYPE_TAG _bf16
#include "stamp.inl"
