#include "avx512.h"
#include "f32.h"
#define MOT_AVX512 STAMP
#include "stamp.inl"
