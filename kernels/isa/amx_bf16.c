#define MOT_ISA_TAG amx
#define MOT_ISA_ID MOT_ISA_AMX
#include "avx512.h"
#include "bf16dot.h"
#include "amx.h"
#define MOT_AMX_BF16 STAMP
#define MOT_DTYPE_TAG _bf16
#include "stamp.inl"
