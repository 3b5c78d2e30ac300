#!/bin/sh
# Names what the last ctest run of a build folder skipped, with reason and count; a skip without a "SKIP: reason" line
# is an error.
# usage: skips.sh BUILD_FOLDER
set -eu
awk '
function leave(reason) {
    if (skipped && !reasons) { print "  " test ": NO REASON GIVEN"; bad = 1 }
    for (reason in seen) { print "  " test ": " reason (seen[reason] > 1 ? " (" seen[reason] " times)" : ""); delete seen[reason] }
}
/^[0-9]+\/[0-9]+ Test: /  { leave(); test = $3; skipped = reasons = 0 }
/SKIP: /                  { sub(/.*SKIP: /, ""); seen[$0]++; reasons++; count++ }
/^\[  SKIPPED \] [a-z]/ || /^Test Skipped/ { skipped = 1 }
END { leave(); print "skipped: " count + 0; exit bad }
' "$1/Testing/Temporary/LastTest.log"
