#!/bin/sh
# What nvcc makes of the CUDA kernels, on a machine without a GPU: no spill, no local memory, no serialised wgmma, no
# more registers and shared memory than cuda_expected.txt grants, and the instructions that each kernel is about. Where a
# cuobjdump is on PATH, in CUOBJDUMP, or in a Triton that python3 finds, the same of the machine code, by cuda_sass.txt.
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

# ---- machine code

find_cuobjdump() {
    for tool in "${CUOBJDUMP:-}" "$(command -v cuobjdump)" "$(python3 -c 'import os, triton
print(os.path.join(os.path.dirname(triton.__file__), "backends/nvidia/bin/cuobjdump"))' 2>/dev/null)"; do
        [ ! -x "$tool" ] || { echo "$tool" && return; }
    done
}

# The machine code of one kernel.
code() { awk -v name="$1" '/Function : / { on = $3 == name } on { print }' "$work/sass"; }

has() { # <architecture> <kernel> <pattern...>
    architecture=$1 name=$2
    shift 2
    for instruction; do
        grep -qE -e "[^A-Z]${instruction#!}" "$work/code" && found=yes || found=no
        case $instruction in
        !*) [ $found = no ] || breach "sm_$architecture $(readable "$name"): machine code with ${instruction#!}" ;;
        *) [ $found = yes ] || breach "sm_$architecture $(readable "$name"): machine code without $instruction" ;;
        esac
    done
}

judge_code() { # <architecture>
    "$cuobjdump" -sass "$work/cubin" >"$work/sass" || breach "$cuobjdump cannot read $family for sm_$1"
    sed -n 's/.*Function : //p' "$work/sass" >"$work/functions"
    grep -E "^$family " "$source/cuda/cuda_sass.txt" >"$work/wanted" || breach "$family: no line in cuda_sass.txt"
    set -f
    while read -r name; do
        code "$name" >"$work/code"
        has "$1" "$name" '!(STL|LDL)'
        while read -r _ pattern wanted; do
            ! echo "$name" | grep -qE "$pattern" || { has "$1" "$name" $wanted && echo "$pattern" >>"$work/met"; }
        done <"$work/wanted"
        echo "$name" | grep -qE "$(sed 's/^[^ ]* *//; s/ .*//' "$work/wanted" | paste -sd '|')" ||
            breach "$name: no line in cuda_sass.txt"
    done <"$work/functions"
    set +f
    while read -r _ pattern _; do
        grep -qxF -e "$pattern" "$work/met" || breach "$family: no machine code of a kernel like $pattern"
    done <"$work/wanted"
    echo "sm_$1: machine code of $(wc -l <"$work/functions") kernels"
}

cuobjdump=$(find_cuobjdump)
for architecture; do
    compile "$architecture" && judge "$architecture" && { [ -z "$cuobjdump" ] || judge_code "$architecture"; }
done
[ -n "$cuobjdump" ] || echo "SKIP: the machine code (SASS): no cuobjdump on PATH, and no Triton that has one"
verdict $examined
