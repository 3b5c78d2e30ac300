# law.sh: what the law scripts share; sourced. A law prints every breach and fails if there was one.
set -eu
breaches=0

breach() {
    echo "BREACH: $*"
    breaches=$((breaches + 1))
}

skip() {
    echo "SKIP: $*"
    exit 77
}

need() {
    command -v "$1" >/dev/null 2>&1 || skip "$1 is not installed"
}

# A law that looked at nothing has proven nothing.
verdict() {
    [ "$1" -gt 0 ] || breach "nothing was examined"
    echo "examined: $1, breaches: $breaches"
    [ "$breaches" = 0 ]
}
