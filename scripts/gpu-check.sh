#!/bin/sh
# Checks everything on the GPU, the subjects dealt out to all cores: what takes time is the oracle, and nothing is timed.
# Leaves check-<core>.jsonl and the tables in one folder. The exit code is the worst of all.
# usage: gpu-check.sh MOTBENCH FOLDER SECONDS     GPU_RUN_SHAPES="--shape ..." takes these instead of the preset ci
set -eu
motbench=$1 folder=$2 seconds=$3 cores=$(nproc) pids= worst=0

names=$({
    "$motbench" list --isa cuda | sed 's/^~//; s/[[:space:]].*//'
    "$motbench" bench --isa cuda --stage layer --dtype f32,bf16 --dry-run --shape g2t3e4d8h16 | sed 's,/.*,,'
})
for core in $(seq "$cores"); do
    part=$(echo "$names" | awk -v n="$cores" -v i="$core" 'NR % n == i % n' | paste -sd '|')
    [ -n "$part" ] || continue
    "$motbench" check --filter "^($part)\$" ${GPU_RUN_SHAPES:---shapes ci} --budget "$seconds" --out "$folder/check-$core.jsonl" \
        >"$folder/check-$core.txt" 2>&1 &
    pids="$pids $!"
done
for pid in $pids; do
    status=0
    wait "$pid" || status=$?
    [ $status = 0 ] || worst=$status
done
cat "$folder"/check-*.txt
rm -f "$folder"/check-*.txt
echo "$(echo "$names" | wc -l) subjects on $cores cores"
exit "$worst"
