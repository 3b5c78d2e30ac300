#!/bin/sh
# A kernel is on record once a check on a real GPU passed, and only as long as its source is the same.
# usage: verified.sh SOURCE_DIR MOTBENCH FAKE_MODULE CC CUDA_SOURCES_DEF
. "$(dirname "$0")/../laws/law.sh"
need python3
source=$1 motbench=$2 fake=$3 cc=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
record() { python3 "$source/scripts/cuda_verified.py" "$@" 2>&1; }
refuses() { # <file> <what it says>
    ! said=$(record "$1") || breach "$1 is recorded"
    echo "$said" | grep -q "$2" || breach "$1: '$said' does not say '$2'"
}

MOT_CUDA_MODULE=$fake "$motbench" check --filter '^(mix|route)_cuda_naive' --out "$work/fake.jsonl" >/dev/null 2>&1
refuses "$work/fake.jsonl" "module of tests"
sed 's/"real":false/"real":true/; s/host memory (fake)/GPU "X"/; s/GPU "X"/GPU \\"X\\"/' "$work/fake.jsonl" >"$work/real.jsonl"
lines=$(record "$work/real.jsonl")
[ "$(echo "$lines" | grep -c '^MOT_CUDA_VERIFIED(')" = 2 ] || breach "not both are recorded: $lines"
sed '0,/"choice":"mix_cuda_naive","[^}]*"verdict":"PASS"/s/\("choice":"mix_cuda_naive","[^}]*"verdict":"\)PASS/\1FAIL/' "$work/real.jsonl" >"$work/fail.jsonl"
! record "$work/fail.jsonl" | grep -q mix_cuda || breach "what failed once is recorded"
record "$work/fail.jsonl" | grep -q route_cuda || breach "what did not fail is not recorded"
head -40 "$work/real.jsonl" >"$work/cut.jsonl"
refuses "$work/cut.jsonl" "did not end"
{ head -30 "$work/real.jsonl" && tail -1 "$work/real.jsonl"; } >"$work/few.jsonl"
refuses "$work/few.jsonl" "no kernel passed"

# The table with these records: those two are verified, and not after a change of their source.
mkdir "$work/cuda"
cp "$source"/kernels/cuda/*.[ch] "$source"/kernels/cuda/*.def "$work/cuda"
printf '%s\n' "$lines" >"$work/cuda/verified.def"
cat >"$work/count.c" <<'END'
#include "cuda_table.h"
#include <stdio.h>
int main(void) {
    size_t n = 0;
    for (size_t i = 0; i < mot_cuda_count(); i++) n += mot_cuda_verified(mot_cuda_at(i)) != NULL;
    return printf("%zu\n", n) < 0;
}
END
count() { # <families' hashes>
    printf '%s\n' "$1" >"$work/cuda/cuda_sources.def"
    "$cc" -std=c11 -I "$work/cuda" -I "$source/kernels/core" -I "$source/kernels/include" "$work/count.c" \
        "$work/cuda/table.c" -o "$work/count" -lm && "$work/count"
}
now=$(cat "$5")
[ "$(count "$now")" = 2 ] || breach "$(count "$now") kernels are verified, not 2"
[ "$(count "$(echo "$now" | sed 's/(naive, "./(naive, "x/')")" = 0 ] || breach "a changed source stays verified"
verdict 8
