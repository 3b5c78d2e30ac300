#!/bin/sh
# mot.h and cuda.h compile alone, as the first and only include, in C11 and C++17 and whatever other compiler is here.
# usage: header.sh INCLUDE_DIR CC CXX
. "$(dirname "$0")/law.sh"
include=$1 examined=0
shift

compile() {
    compiler=$1 language=$2 standard=$3
    command -v "$compiler" >/dev/null 2>&1 || return 0
    examined=$((examined + 1))
    for header in mot cuda; do
        printf '#include <mot/%s.h>\n#include <mot/%s.h>\nint main(void) { return mot_version() < 0; }\n' $header $header |
            "$compiler" -x "$language" -std="$standard" -pedantic -Wall -Wextra -Wshadow -Werror -fsyntax-only -I "$include" - ||
            breach "$compiler -std=$standard: $header.h"
    done
}

for cc in "$1" gcc clang; do
    compile "$cc" c c11
    compile "$cc" c c17
done
for cxx in "$2" g++ clang++; do
    compile "$cxx" c++ c++17
    compile "$cxx" c++ c++20
done
for name in $(grep -hoE '#include *[<"][^>"]*' "$include/mot/mot.h" | sed 's/.*[<"]//'); do
    case $name in stddef.h | stdint.h) ;; *) breach "mot.h includes $name" ;; esac
done
verdict $examined
