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

# Options is as long as the library's: mot_cuda_options_default writes all of it.
sizes=$(PYTHONPATH=$1/scripts python3 -c '
import ctypes, sys
from peers_gpu import Options
room = ctypes.create_string_buffer(4096)
ctypes.CDLL(sys.argv[1]).mot_cuda_options_default(room)
print(ctypes.c_size_t.from_buffer(room).value, ctypes.sizeof(Options))' "$fake" 2>&1)
[ "${sizes% *}" = "${sizes#* }" ] || breach "mot_cuda_options, the library's and the script's: $sizes bytes"
[ "$breaches" = 0 ] || verdict 3
python3 -c 'import torch' 2>/dev/null || skip "PyTorch is not installed: the script says so"
run --device cpu --rounds 2 --dtype f32 g4t8e4d64h32
[ $status = 0 ] || breach "exit $status: $out"
echo "$out" | grep -q "^mot_cuda .* 1.000" || breach "no time of mot_cuda: $out"
echo "$out" | grep -q "^torch .* eager .*[0-9]" || breach "no time of PyTorch: $out"
echo "$out" | grep -q "^triton_experts: SKIP: " || breach "Triton without a GPU: $out"
if python3 -c 'import triton' 2>/dev/null; then
    export TRITON_INTERPRET=1
    run --device cpu --rounds 2 --dtype f32 g70t3e4d72h136
    echo "$out" | grep -q "^triton .* experts .*[0-9]" || breach "Triton, interpreted: $out"
    run --device cpu --rounds 2 --dtype bf16 g4t8e4d64h32
    echo "$out" | grep -q "^triton_experts: SKIP: .*bf16" || breach "Triton, interpreted, bf16: $out"
else
    echo "SKIP: Triton's products: it is not installed"
fi
run --device cpu g4t8
[ $status = 1 ] || breach "a malformed shape: exit $status"
verdict 9
