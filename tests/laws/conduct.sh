#!/bin/sh
# The library prints nothing, writes nothing, ends nothing; only two files read the environment; names are its own.
# usage: conduct.sh OBJECT...
. "$(dirname "$0")/law.sh"
need nm

never='v?f?d?printf|__[vf]*printf_chk|puts|fputs|putc|fputc|putchar|fwrite|write|pwrite|perror|stdout|stderr|std::.*|abort'
never="$never|exit|_exit|__assert_fail|raise|kill|signal|sigaction|setenv|putenv|unsetenv|chdir|fork|system|popen|setlocale"
never="$never|fesetround|fesetenv|srand|rand|dlopen|unlink|rename|mkdir|creat|pthread_create"
examined=0
for object; do
    file=$(basename "$object" .o)
    examined=$((examined + 1))
    for symbol in $(nm -u "$object" | awk '{print $2}' | grep -Ex "$never"); do
        breach "$file calls $symbol"
    done
    case $file in options.c | profile_cpu.c | profile_file.c) ;; *)
        ! nm -u "$object" | grep -qwE 'getenv|secure_getenv|environ' || breach "$file reads the environment" ;;
    esac
    # CPUID takes a hypervisor microseconds, and what chooses a kernel runs at every call of a stage.
    case $file in select.c | stages.c | plan.c | step.c | registry.c)
        ! nm -u "$object" | grep -qE ' mot_cpu_(read|identify|describe|why_not)' || breach "$file asks CPUID again" ;;
    esac
    for symbol in $(nm -g --defined-only "$object" | awk '{print $3}' |
        grep -Ev '^(mot_|(route|mix|front|experts|redistribute)_(scalar|avx2|avx512|avx512bf16|amx)_)'); do
        breach "$file defines $symbol, a name that is not the library's"
    done
done
verdict $examined
