#!/bin/sh
# The suite on an emulated processor that lacks instruction sets of this one: nothing may crash, and what is dispatched
# to must be what that processor has. Peer libraries are left out: they are not ours to test on it.
# usage: qemu.sh CPU EXPECTED_ISA MASKED_LOAD MOTBENCH TEST...    MOTBENCH may be "none"
. "$(dirname "$0")/law.sh"
need qemu-x86_64
cpu=$1 MOT_TEST_EXPECT_ISA=$2 probe=$3 motbench=$4 examined=0
export MOT_TEST_EXPECT_ISA
shift 4
log=$(mktemp)
trap 'rm -f "$log"' EXIT

on_cpu() {
    examined=$((examined + 1))
    status=0
    qemu-x86_64 -cpu "$cpu" "$@" >"$log" 2>&1 || status=$?
    grep -E 'SKIP: |resolved ISA' "$log" | sort -u || true
    if [ $status != 0 ]; then
        grep -v "TCG doesn't support" "$log" | tail -30
        breach "exit $status on $cpu: $*"
    fi
}

for test; do on_cpu "$test"; done

isas=scalar
if [ "$MOT_TEST_EXPECT_ISA" = avx2 ]; then
    if (qemu-x86_64 -cpu "$cpu" "$probe") >/dev/null 2>&1; then
        isas=scalar,avx2
    else
        echo "SKIP: motbench check of avx2 on $cpu: this qemu faults on lanes that a masked load leaves out"
    fi
fi
if [ "$motbench" != none ]; then
    on_cpu "$motbench" check --isa $isas --filter '-openblas|blis|onednn|libxsmm' --shape g1t1e1d1h1 --shape g3t2e3d17h9 --shape g2t9e5d33h31
    on_cpu "$motbench" list variants
fi
verdict $examined
