#!/bin/sh
# The innermost loops of the tiles (and of dots) touch no stack: what an accumulator holds stays in its register. A compiler that
# begins to spill makes a kernel a third slower and changes no result, so nothing else would tell.
# usage: spills.sh OBJECT...    looks at those of isa/ that have vector registers
. "$(dirname "$0")/law.sh"
need objdump

examined=0
for object; do
    case $object in */isa/avx*) ;; *) continue ;; esac # AMX: the source names its registers, so none can spill
    found=$(objdump -d --no-show-raw-insn "$object" | awk -v object="$(basename "$object")" '
        function count(i, pattern, k, n) {
            n = 0
            for (k = first[i]; k <= last[i]; k++) n += text[k] ~ pattern
            return n
        }
        function leave(i, j, inner, products, stack) {
            if (name !~ /_(rows|columns)_|^dots_run/) jumps = 0
            for (i = 1; i <= jumps; i++) products[i] = count(i, "vfmadd|vdpbf16ps")
            for (i = 1; i <= jumps; i++) { # a loop: from the target of a jump back to the jump
                inner = products[i] > 0 && !count(i, "\tret") # code that was moved out of line jumps back, too
                for (j = 1; j <= jumps; j++) # one that only prefetches may be inside
                    if (j != i && first[j] >= first[i] && last[j] <= last[i] && products[j]) inner = 0
                if (!inner) continue
                stack = count(i, "\\(%r[sb]p[,)]")
                loops++
                if (stack) print "SPILL: " object " " name ": " stack " stack accesses beside " products[i] " products"
            }
        }
        /^[0-9a-f]+ <.*>:$/ { leave(); name = substr($2, 2, length($2) - 3); jumps = n = 0; split("", at) }
        /^ +[0-9a-f]+:\t/ {
            address = $1; sub(/:/, "", address)
            text[++n] = $0; at[address] = n
            if ($2 ~ /^j/ && ($3 in at)) { first[++jumps] = at[$3]; last[jumps] = n }
        }
        END { leave(); print "LOOPS: " loops + 0 }')
    loops=$(echo "$found" | sed -n 's/^LOOPS: //p')
    examined=$((examined + loops))
    echo "$found" | grep '^SPILL' || true
    spills=$(echo "$found" | grep -c '^SPILL' || true)
    [ "$spills" = 0 ] || breach "$(basename "$object"): $spills of $loops inner loops use the stack"
done
verdict $examined
