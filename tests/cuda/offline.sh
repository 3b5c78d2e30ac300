#!/bin/sh
# What nvcc makes of the CUDA kernels, on a machine without a GPU: no spill, no local memory, no serialised wgmma, no
# more registers and shared memory than cuda_expected.txt grants, and the instructions that each kernel is about.
# usage: offline.sh SOURCE_DIR NVCC FAMILY FLAG... -- ARCHITECTURE...
. "$(dirname "$0")/../laws/law.sh"
source=$1/kernels nvcc=$2 family=$3 flags=
shift 3
command -v "$nvcc" >/dev/null 2>&1 || skip "nvcc is not installed"
while [ "$1" != -- ]; do flags="$flags $1" && shift; done
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
examined=0

# One architecture: everything nvcc says in $work/log, the PTX in $work/ptx.
compile() {
    rm -f "$work"/*
    "$nvcc" $flags -Xptxas=-v "-gencode=arch=compute_$1,code=sm_$1" --keep --keep-dir "$work" -cubin -o "$work/cubin" \
        -I "$source/include" -I "$source/core" "$source/cuda/$family.cu" >"$work/log" 2>&1 || {
        cat "$work/log"
        breach "$family does not compile for sm_$1"
        return 1
    }
    cat "$work"/*.ptx >"$work/ptx"
    for code in $(grep -oE 'C75(08|10)' "$work/log"); do breach "$family for sm_$1: $code, wgmma is serialised"; done
}

# "kernel registers shared" of each, from ptxas' notes.
figures() {
    sed -nE "s/.*Compiling entry function '([^']+)'.*/\1/p; s/.*Used ([0-9]+) registers(.*)/ \1 \2/p" "$work/log" |
        awk '/^[^ ]/ { name = $1 } /^ / { shared = 0; for (i = 2; i <= NF; i++) if ($i == "bytes" && $(i+1) ~ /^smem/) shared = $(i-1); print name, $1, shared }'
}

# The PTX of one kernel: up to the next one, since lines of inline PTX may begin with a brace.
body() { awk -v name="$1" '/\.entry |\.func / { on = index($0, ".entry " name "(") } on { print }' "$work/ptx"; }

readable() { command -v c++filt >/dev/null && c++filt "$1" | sed 's/(.*//' || echo "$1"; }

instructions() { # <kernel> <architecture> <pattern...>
    name=$1 architecture=$2
    shift 2
    body "$name" >"$work/body"
    [ -s "$work/body" ] || breach "no PTX of $name"
    for pattern; do
        case $pattern in
        !*) ! grep -qE -e "${pattern#!}" "$work/body" || breach "sm_$architecture $(readable "$name") has ${pattern#!}" ;;
        *) grep -qE -e "$pattern" "$work/body" || breach "sm_$architecture $(readable "$name") has no $pattern" ;;
        esac
    done
}

judge() { # <architecture>
    figures >"$work/figures"
    grep -E "^$family " "$source/cuda/cuda_expected.txt" >"$work/expected" || breach "$family: no line in cuda_expected.txt"
    while read -r _ pattern registers shared wanted; do
        grep -qE "^[^ ]*$pattern" "$work/figures" || breach "$family: no kernel like $pattern"
    done <"$work/expected"
    while read -r name used bytes; do
        examined=$((examined + 1)) lines=0
        printf 'sm_%s  %3d registers  %5d B shared  %s\n' "$1" "$used" "$bytes" "$(readable "$name")"
        set -f
        while read -r _ pattern registers shared wanted; do
            echo "$name" | grep -qE "$pattern" || continue
            lines=$((lines + 1))
            [ "$used" -le "$registers" ] || breach "$(readable "$name") uses $used registers, more than $registers"
            [ "$bytes" -le "$shared" ] || breach "$(readable "$name") uses $bytes B of shared memory, more than $shared"
            instructions "$name" "$1" $wanted
        done <"$work/expected"
        set +f
        [ $lines -gt 0 ] || breach "$name: no line in cuda_expected.txt"
    done <"$work/figures"
}

for architecture; do compile "$architecture" && judge "$architecture"; done
command -v cuobjdump >/dev/null || echo "note: no cuobjdump here, so the machine code (SASS) was not looked at"
verdict $examined
