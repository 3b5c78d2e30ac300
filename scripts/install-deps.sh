#!/bin/sh
# Installs what is missing from Debian's packages; where nothing is missing it touches nothing and needs no root.
# usage: install-deps.sh [--peers|--tests]
#   --peers: also the libraries that `motbench bench --peers` times beside OpenBLAS, 17 MB
#   --tests: also what optional tests want, peers included; without it they are skipped with a reason
set -eu

required="build-essential cmake ninja-build pkg-config git libbenchmark-dev libhwloc-dev libpapi-dev
libopenblas-openmp-dev libjansson-dev libcmocka-dev librandom123-dev libxxhash-dev"
peers="libblis-openmp-dev libdnnl-dev libxsmm-dev"
optional="clang clang-format libomp-14-dev libclang-rt-14-dev qemu-user $peers"

fail() {
    echo "install-deps.sh: $*" >&2
    exit 5
}

# A tool may also come from somewhere else than its package.
tool_of() {
    case $1 in
    build-essential) echo c++ ;;
    ninja-build) echo ninja ;;
    qemu-user) echo qemu-x86_64 ;;
    cmake | git | pkg-config | clang | clang-format) echo "$1" ;;
    *) echo "no tool: $1" ;;
    esac
}

installed() {
    dpkg-query -W -f '${db:Status-Status}\n' "$1" 2>/dev/null | grep -qx installed ||
        command -v "$(tool_of "$1")" >/dev/null 2>&1
}

missing_of() {
    for package; do
        installed "$package" || printf '%s ' "$package"
    done
}

install() {
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" </dev/null >&2
}

case ${1-} in
'') wanted='' ;;
--peers) wanted=$peers ;;
--tests) wanted=$optional ;;
*) fail "unknown argument '$1'; there are --peers and --tests" ;;
esac
if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    fail "no apt-get and dpkg-query here: only Debian's packages are known; install yourself:" $required
fi

missing=$(missing_of $required)
extra=$(missing_of $wanted)
if [ -z "$missing$extra" ]; then
    exit 0
fi
if [ "$(id -u)" != 0 ]; then
    [ -z "$missing" ] || fail "missing: ${missing% }; as root run: apt-get install --no-install-recommends ${missing% }"
    echo "install-deps.sh: optional, some tests and peers are left out without: ${extra% }" >&2
    exit 0
fi
apt-get update -qq </dev/null >&2 || echo "install-deps.sh: apt-get update failed; trying what is known already" >&2
if [ -n "$missing" ]; then
    install $missing || fail "apt-get could not install: ${missing% }"
fi
for package in $extra; do
    install "$package" || echo "install-deps.sh: optional $package cannot be installed: what needs it is left out" >&2
done
