#!/bin/sh
# The CUDA library as it is built: it needs no driver to be linked and loaded, and where there is none, says so.
# usage: module.sh MOTBENCH LIBMOT_CUDA.SO|none
. "$(dirname "$0")/../laws/law.sh"
[ "$2" != none ] || skip "built without the CUDA library (cmake --preset cuda)"
need objdump
motbench=$1 library=$2
MOT_CUDA_MODULE=$library
export MOT_CUDA_MODULE

objdump -p "$library" | awk '$1 == "NEEDED" {print $2}' | grep -E 'libcuda|libcudart|libcublas|libmot\.' &&
    breach "it is linked with what is not on every machine"
out=$("$motbench" info --json) || breach "motbench info fails"
status=0
rows=$("$motbench" check --filter 'cuda' --shapes smoke 2>&1) || status=$?
if echo "$out" | grep -q '"kernels": true'; then
    [ $status = 0 ] || breach "on this GPU: exit $status: $rows"
    verdict 2
else
    [ $status = 77 ] || breach "without a GPU: exit $status"
    echo "$rows" | grep -q 'CUDA error' || breach "no CUDA error is named: $rows"
    status=0
    MOT_REQUIRE_GPU=1 "$motbench" check --filter 'cuda' >/dev/null 2>&1 || status=$?
    [ $status = 5 ] || breach "MOT_REQUIRE_GPU=1: exit $status, not 5"
    verdict "$(echo "$rows" | grep -c SKIP)"
    echo "$rows" | sed -n 's/.*SKIP.*[0-9]  \(.*\)/SKIP: the kernels themselves: \1/p' | head -1
fi
