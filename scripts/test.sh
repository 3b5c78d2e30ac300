#!/bin/sh
# From a clean clone to a verdict: installs what is missing, builds, runs every test, names every skip with its reason.
set -eu
cd "$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)"

sh scripts/install-deps.sh --tests
cmake --preset release
cmake --build --preset release
status=0
ctest --test-dir build/release --output-on-failure --parallel "$(nproc)" || status=$?
echo "CUDA kernels as they are compiled (nothing here without nvcc):"
grep -hE '^sm_[0-9]+a?[ :]' build/release/Testing/Temporary/LastTest.log || true
sh scripts/skips.sh build/release || status=1
exit $status
