#!/bin/sh
# From an empty Debian 12 machine to a report: installs what is missing, builds, checks, times, tunes and reports.
# usage: quickstart.sh [arguments of `motbench run`]
set -eu
cd "$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)"

sh scripts/install-deps.sh
cmake --preset release
cmake --build --preset release --target motbench
build/release/cli/motbench run --budget 60 --out-dir out "$@"
