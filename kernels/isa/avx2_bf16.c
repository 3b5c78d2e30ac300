#include "avx2.h"
#include "bf16.h"
#define MOT_AVX2_BF16 STAMP
#define MOT_DTYPE_TAG _bf16
#include "stamp.inl"
