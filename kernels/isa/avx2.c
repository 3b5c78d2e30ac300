#include "avx2.h"
#include "stamp.inl"
