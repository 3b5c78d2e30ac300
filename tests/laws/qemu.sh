#!/bin/sh
# Runs programs on an emulated processor that lacks instruction sets of this one: nothing may crash, and what is
# dispatched to must be what that processor has.
# usage: qemu.sh CPU EXPECTED_ISA PROGRAM...    a PROGRAM is a command with its arguments in one word
. "$(dirname "$0")/law.sh"
need qemu-x86_64
cpu=$1 MOT_TEST_EXPECT_ISA=$2 examined=0
export MOT_TEST_EXPECT_ISA
shift 2

log=$(mktemp)
trap 'rm -f "$log"' EXIT
for program; do
    examined=$((examined + 1))
    status=0
    qemu-x86_64 -cpu "$cpu" $program >"$log" 2>&1 || status=$?
    grep -E 'SKIP: |resolved ISA' "$log" | sort -u || true
    if [ $status != 0 ]; then
        grep -v "TCG doesn't support" "$log" | tail -30
        breach "exit $status on $cpu: $program"
    fi
done
verdict $examined
