#!/bin/sh
# scripts/gpu-check.sh: dealt out to the cores, every subject is checked once, and a failure of one is that of all.
# usage: dealt.sh SOURCE_DIR MOTBENCH FAKE_MODULE
. "$(dirname "$0")/../laws/law.sh"
source=$1 motbench=$2
MOT_CUDA_MODULE=$3 GPU_RUN_SHAPES="--shape g2t3e4d8h16"
export MOT_CUDA_MODULE GPU_RUN_SHAPES
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

out=$(sh "$source/scripts/gpu-check.sh" "$motbench" "$work" 100 2>&1) || breach "exit $?: $out"
sed -n 's/.*"type":"check","choice":"\([^"]*\)".*/\1/p' "$work"/check-*.jsonl | sort >"$work/checked"
"$motbench" check --filter cuda $GPU_RUN_SHAPES --out "$work/all.jsonl" >/dev/null 2>&1 || breach "all together fail"
sed -n 's/.*"type":"check","choice":"\([^"]*\)".*/\1/p' "$work/all.jsonl" | sort >"$work/expected"
cmp -s "$work/checked" "$work/expected" || breach "$(diff "$work/checked" "$work/expected")"
! MOT_FAKE_CUDA=wrong sh "$source/scripts/gpu-check.sh" "$motbench" "$work" 100 >/dev/null 2>&1 || breach "a failure is lost"
verdict "$(wc -l <"$work/checked")"
