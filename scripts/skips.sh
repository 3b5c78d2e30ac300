#!/bin/sh
# Counts and names what the last ctest run of a build folder skipped; a skip without a "SKIP: reason" line is an error.
# usage: skips.sh BUILD_FOLDER
set -eu
awk '
function leave() { if (skipped && !reasons) { print "  " test ": NO REASON GIVEN"; bad = 1 } }
/^[0-9]+\/[0-9]+ Test: /   { leave(); test = $3; skipped = 0; reasons = 0 }
/SKIP: /                  { sub(/.*SKIP: /, ""); print "  " test ": " $0; reasons++; count++ }
/^\[  SKIPPED \] [a-z]/ || /^Test Skipped/ { skipped = 1 }
END { leave(); print "skipped: " count + 0; exit bad }
' "$1/Testing/Temporary/LastTest.log"
