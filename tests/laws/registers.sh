#!/bin/sh
# Code outside the ISA objects uses no AVX register: it must run where there is none.
# usage: registers.sh OBJECT...    leaves out isa/ and files whose name says their ISA
. "$(dirname "$0")/law.sh"
need objdump

examined=0
for object; do
    case $object in */isa/a[vm]x* | *_avx2.c.o | *_avx512.c.o | *_avx512bf16.c.o | *_amx.c.o) continue ;; esac
    examined=$((examined + 1))
    found=$(objdump -d --no-show-raw-insn "$object" | grep -m1 -E '%[yz]mm|%k[0-7]|[[:space:]]v[a-z0-9]+[[:space:]]' || true)
    [ -z "$found" ] || breach "$object: $found"
done
verdict $examined
