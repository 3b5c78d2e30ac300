#!/bin/sh
# Kernels call nothing but memcpy and memset, have no mutable statics, and leak no inline helper.
# usage: purity.sh OBJECT...    looks at those of isa/
. "$(dirname "$0")/law.sh"
need nm
need objdump

stages='route|mix|front|experts|redistribute'
examined=0
for object; do
    case $object in */isa/*) ;; *) continue ;; esac
    isa=$(basename "$object" | cut -d. -f1)
    examined=$((examined + 1))
    for symbol in $(nm -u "$object" | awk '$2 !~ /^(memcpy|memset|_GLOBAL_OFFSET_TABLE_)$/ {print $2}'); do
        breach "$isa calls $symbol"
    done
    for section in $(objdump -h "$object" | awk '$2 ~ /^\.t?(data|bss)/ && $2 !~ /^\.data\.rel\.ro/ && $3 !~ /^0+$/ {print $2}'); do
        breach "$isa has a mutable $section"
    done
    for symbol in $(nm -g --defined-only "$object" | awk '{print $2 ":" $3}' | grep -Ev "^[DR]:($stages)_${isa}_"); do
        breach "$isa leaks $symbol"
    done
done
verdict $examined
