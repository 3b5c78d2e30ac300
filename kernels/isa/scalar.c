#include "scalar.h"
#include "f32.h"
#define MOT_SCALAR STAMP
#include "stamp.inl"
