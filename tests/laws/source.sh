#!/bin/sh
# The source: lengths of files and functions, no dead code, no switches inside functions, no leftovers.
# usage: source.sh SOURCE_DIR
. "$(dirname "$0")/law.sh"
cd "$1"

folders="kernels bench autotune reports cli tests"
code=$(find $folders -type f \( -name '*.[ch]' -o -name '*.cc' -o -name '*.inl' -o -name '*.def' -o -name '*.cu' -o -name '*.cuh' \))
all="$code $(find $folders scripts cmake .ci -type f \( -name '*.sh' -o -name '*.txt' -o -name '*.cmake' -o -name '*.py' -o -name '*.js' -o -name '*.css' -o -name run \))"

forbid() { # <what it is> <pattern> <files...>
    what=$1 pattern=$2
    shift 2
    for hit in $(grep -nE "$pattern" "$@" /dev/null | cut -d: -f1,2); do
        breach "$hit: $what"
    done
}

for file in $all; do
    lines=$(wc -l <"$file")
    [ "$lines" -le 400 ] || breach "$file has $lines lines, more than 400"
done
# A function opens with a line in column 0 that ends in "{" after a ")" and closes with "}" in column 0.
for file in $code; do
    case $file in kernels/isa/* | kernels/stages/* | kernels/cuda/*.cu*) limit=120 ;; *) limit=60 ;; esac
    awk -v limit=$limit '
        /^[A-Za-z_].*\(/ { start = NR }
        /\) *\{$/ && /^[^ #}]|^ +[^ ].*\) \{$/ && start { if (!open) open = start }
        /^}/ { if (open && NR - open + 1 > limit) print FILENAME ":" open " is a function of " NR - open + 1 " lines"; open = start = 0 }
    ' "$file"
done >"${TMPDIR:-/tmp}/law_source.$$"
while read -r line; do breach "$line"; done <"${TMPDIR:-/tmp}/law_source.$$"
rm -f "${TMPDIR:-/tmp}/law_source.$$"

forbid "choose a file instead of HAVE_" '^ *# *(if|ifdef|ifndef|elif).*HAVE_' $code
forbid "dead code" '^ *# *if +(0|1|false)( |$)' $code
forbid "commented-out code" '^ *//.*[;{}] *$' $code
forbid "commented-out code" '^ */\*.*; *\*/ *$' $code
forbid "a leftover" '\b(TO''DO|FIX''ME|XX''X|HA''CK)\b' $all
forbid "never safe" '\b(gets|tmpnam|mktemp) *\(' $code
forbid "a kernel flag outside cmake/isa.cmake" '(-march=|-mavx|-mfma|-ffast-math|-mtune=)' \
    $(find . -name CMakeLists.txt -not -path './build*') $(find cmake -name '*.cmake' ! -name isa.cmake)
verdict "$(echo $all | wc -w)"
