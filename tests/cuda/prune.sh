#!/bin/sh
# Not more variants are compiled than the model of scripts/cuda_prune.py finds worth it, and 60 at most.
# usage: prune.sh SOURCE_DIR
. "$(dirname "$0")/../laws/law.sh"
need python3
list=$1/kernels/cuda/cuda_variants.def
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prune() { python3 "$1/scripts/cuda_prune.py" "$2" 2>&1; }

out=$(prune "$1" "$list") || breach "$(echo "$out" | tail -3)"
compiled=$(echo "$out" | sed -n 's/ variants are compiled.*//p')
[ "${compiled:-0}" -ge 20 ] || breach "the list was not read: $out"

{ cat "$list" && for i in $(seq 61); do echo "MOT_CUDA_NAIVE(mix_cuda_$i, MIX, F32)"; done; } >"$work/many.def"
! prune "$1" "$work/many.def" >/dev/null || breach "$((compiled + 61)) variants are not too many"
{ cat "$list" && echo "MOT_CUDA_TILED(redistribute_cuda_tiled_16x16x8, REDISTRIBUTE, F32, 16, 16, 8, 2, 2, 8)"; } >"$work/poor.def"
! out=$(prune "$1" "$work/poor.def") || breach "a tile of 16 x 16 is worth compiling"
echo "$out" | grep -q "16x16x8 is worth nothing" || breach "it is not named: $out"
verdict 4
