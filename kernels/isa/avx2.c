#include "avx2.h"
#include "f32.h"
#define MOT_AVX2 STAMP
#include "stamp.inl"
