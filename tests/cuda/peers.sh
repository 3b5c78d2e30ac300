#!/bin/sh
# scripts/peers_gpu.py: what is missing is said; where PyTorch is, all of it but the GPU runs, on host memory.
# usage: peers.sh SOURCE_DIR FAKE_CUDA_LIBRARY
. "$(dirname "$0")/../laws/law.sh"
need python3
script=$1/scripts/peers_gpu.py fake=$2
run() { status=0 && out=$(python3 "$script" --lib "$fake" "$@" 2>&1) || status=$?; }

run
[ $status = 77 ] || breach "exit $status without a GPU, not 77: $out"
echo "$out" | grep -q "SKIP: peers_gpu.py: " || breach "no reason: $out"
[ "$breaches" = 0 ] || verdict 2
python3 -c 'import torch' 2>/dev/null || skip "PyTorch is not installed: the script says so"
run --device cpu --rounds 2 --dtype f32 g4t8e4d64h32
[ $status = 0 ] || breach "exit $status: $out"
echo "$out" | grep -q "^mot_cuda .* 1.000" || breach "no time of mot_cuda: $out"
echo "$out" | grep -q "^torch .* eager .*[0-9]" || breach "no time of PyTorch: $out"
echo "$out" | grep -q "^triton_experts: SKIP: " || breach "Triton without a GPU: $out"
run --device cpu g4t8
[ $status = 1 ] || breach "a malformed shape: exit $status"
verdict 6
