// The exported header is C++ too.
#include "exported.c"
