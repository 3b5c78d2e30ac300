#!/bin/sh
# A shared library exports what its header declares, no more and no less, and its SONAME is the major version.
# usage: exports.sh LIBMOT.SO MOT.H MAJOR [MORE...]    MORE: what is exported beside it
. "$(dirname "$0")/law.sh"
need nm
need objdump

exported=$(nm -D --defined-only "$1" | awk '{print $3}' | sort)
library=$1 header=$2 major=$3
shift 3
declared=$( (grep -A2 '^MOT_API' "$header" | grep -oE '\bmot_[a-z0-9_]+\(' | tr -d '('; printf '%s\n' "$@") | grep . | sort -u)
for name in $exported; do
    echo "$declared" | grep -qx "$name" || breach "$name is exported and not declared in $header"
done
for name in $declared; do
    echo "$exported" | grep -qx "$name" || breach "$name is declared in $header and not exported"
done
name=$(basename "$library" | cut -d. -f1)
objdump -p "$library" | grep -qE "SONAME +$name\.so\.$major\$" || breach "the SONAME is not $name.so.$major"
verdict "$(echo "$exported" | grep -c mot_)"
