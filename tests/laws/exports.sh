#!/bin/sh
# The shared library exports what mot.h declares, no more and no less, and its SONAME is the major version.
# usage: exports.sh LIBMOT.SO MOT.H MAJOR
. "$(dirname "$0")/law.sh"
need nm
need objdump

exported=$(nm -D --defined-only "$1" | awk '{print $3}' | sort)
declared=$(grep -A2 '^MOT_API' "$2" | grep -oE '\bmot_[a-z0-9_]+\(' | tr -d '(' | sort -u)
for name in $exported; do
    echo "$declared" | grep -qx "$name" || breach "$name is exported and not declared in mot.h"
done
for name in $declared; do
    echo "$exported" | grep -qx "$name" || breach "$name is declared in mot.h and not exported"
done
objdump -p "$1" | grep -qE "SONAME +libmot\.so\.$3\$" || breach "the SONAME is not libmot.so.$3"
verdict "$(echo "$exported" | grep -c mot_)"
