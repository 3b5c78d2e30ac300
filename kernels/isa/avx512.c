#include "avx512.h"
#include "stamp.inl"
