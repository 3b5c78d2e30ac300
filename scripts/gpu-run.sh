#!/bin/sh
# Everything that a GPU is needed for, in under 8 minutes: build, check, compute-sanitizer, ceilings, bench, tune, PyTorch
# and Triton where they are, report. Leaves samples, profile, report, records and log in one folder. Needs CUDA, CMake, make
# and a C++ compiler; no network, and of Debian's packages only what scripts/gpu-pack.sh has put into out/gpu-packages
# beforehand. Changes nothing of the card.
# usage: gpu-run.sh [FOLDER]     default: out/gpu; MOT_CUDA_MODULE=FILE takes that library instead of building one
set -eu
cd "$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)"
folder=${1:-out/gpu} build=out/gpu-build packages=$PWD/out/gpu-packages
motbench=$build/cli/motbench
begin=$(date +%s) failed=
rm -rf "$folder"
mkdir -p "$folder"

say() { echo "$*" | tee -a "$folder/log"; }

# <seconds> <name> <command...>: a step that fails is named at the end, and the next one begins. Peers may be missing.
step() {
    limit=$1 name=$2 start=$(date +%s) status=0
    shift 2
    say "=== $name"
    echo "$*" >>"$folder/log"
    timeout "$limit" "$@" >"$folder/last" 2>&1 || status=$?
    cat "$folder/last" >>"$folder/log"
    tail -n 4 "$folder/last"
    case $status:$name in
    0:* | 77:peers_*) ;;
    *) failed="$failed $name($status)" ;;
    esac
    say "    exit $status after $(($(date +%s) - start)) s, $(($(date +%s) - begin)) s in all"
    return $status
}

if [ -d "$packages" ]; then
    libraries=$packages/usr/lib/$(uname -m)-linux-gnu
    export CPATH="$packages/usr/include" LIBRARY_PATH="$libraries" LD_LIBRARY_PATH="$libraries:${LD_LIBRARY_PATH:-}"
    export PKG_CONFIG="$packages/usr/bin/pkgconf" PKG_CONFIG_LIBDIR="$libraries/pkgconfig"
    export PKG_CONFIG_SYSROOT_DIR="$packages"
fi
{
    date -u +%Y-%m-%dT%H:%M:%SZ
    git rev-parse HEAD 2>/dev/null || echo "no git here"
    nvidia-smi || echo "no nvidia-smi here"
    nvcc --version || echo "no nvcc here"
} >"$folder/facts" 2>&1

cuda=ON
[ -z "${MOT_CUDA_MODULE:-}" ] || cuda=OFF
step 60 configure cmake -S . -B $build -G "Unix Makefiles" -D CMAKE_BUILD_TYPE=Release -D MOT_CUDA=$cuda \
    -D MOT_MINIMAL=ON -D MOT_BUILD_TESTS=OFF || exit 5
step 240 build cmake --build $build -j "$(nproc)" --target motbench $([ $cuda = OFF ] || echo mot_cuda) || exit 5
step 30 info $motbench info --out "$folder/info.json" || true
grep -q '"kernels": true' "$folder/info.json" || {
    say "SKIP: $(sed -n 's/.*"kernels_reason": "\(.*\)".*/\1/p' "$folder/info.json")"
    [ "${MOT_REQUIRE_GPU:-}" = 1 ] && exit 5 || exit 77
}

step 140 check sh scripts/gpu-check.sh $motbench "$folder" 120 || true
for samples in "$folder"/check-*.jsonl; do
    python3 scripts/cuda_verified.py "$samples" >>"$folder/verified.def" 2>&1 || true
done
for tool in memcheck racecheck initcheck synccheck; do
    command -v compute-sanitizer >/dev/null || { say "SKIP: $tool: no compute-sanitizer here" && continue; }
    step 30 $tool env MOT_CUDA_EXACT=1 compute-sanitizer --tool $tool --target-processes all --error-exitcode 9 $motbench check \
        --filter cuda --shape g3t33e5d40h24 --shape g9t6e16d64h72 || true
done

# A: T=E=32, H=4D. B: E=512, H=D/4. C: T=E=32, H=D/4. N = 262144 tokens, as in the design's table.
shapes=
for d in 512 1024 2048; do
    shapes="$shapes --shape g8192t32e32d${d}h$((4 * d)) --shape g8192t32e512d${d}h$((d / 4)) --shape g8192t32e32d${d}h$((d / 4))"
done
[ -z "${GPU_RUN_SHAPES:-}" ] || shapes=$GPU_RUN_SHAPES
step 150 bench_bf16 $motbench bench --filter 'cuda.*(mma|_t[0-9]+e|hopper|cublas)|layer.*_cuda' --dtype bf16 --cache cold-all --budget 110 \
    $shapes --out "$folder/bf16.jsonl" --out "$folder/bf16.md" || true
step 60 bench_f32 $motbench bench --filter 'cuda.*(tiled|tf32|cublas)|layer_cuda' --cache cold-all --quick --budget 40 \
    ${GPU_RUN_SHAPES:---shape g512t32e32d512h2048} --out "$folder/f32.jsonl" --out "$folder/f32.md" || true
step 50 tune $motbench tune --isa cuda --unverified --dtype bf16 --cache cold-all --budget 40 \
    ${GPU_RUN_SHAPES:---shape g8192t32e32d1024h4096} --journal "$folder/trials.jsonl" --out "$folder/profile.json" --out "$folder/tune.jsonl" || true
mv "$folder/trials.jsonl" "$folder/trials" 2>/dev/null || true # no samples
for dtype in bf16 f32; do
    step 60 peers_$dtype python3 scripts/peers_gpu.py --lib "${MOT_CUDA_MODULE:-$PWD/$build/kernels/cuda/libmot_cuda.so}" \
        --dtype $dtype --rounds 8 || true
done
for format in html md; do
    step 30 report_$format $motbench report "$folder"/*.jsonl --out "$folder/report.$format" || true
done
rm -f "$folder/last"
say "left in $folder: $(ls "$folder" | tr '\n' ' ')"
[ -z "$failed" ] || say "FAILED:$failed"
[ -z "$failed" ]
