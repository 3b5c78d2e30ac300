#include "scalar.h"
#include "stamp.inl"
