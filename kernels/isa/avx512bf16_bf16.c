#define MOT_ISA_TAG avx512bf16
#define MOT_ISA_ID MOT_ISA_AVX512BF16
#include "avx512.h"
#include "bf16dot.h"
#define MOT_AVX512BF16_BF16 STAMP
#define MOT_DTYPE_TAG _bf16
#include "stamp.inl"
