#!/bin/sh
# Who may include whom: the arrows of the architecture point one way, and an outside library has one file.
# usage: includes.sh SOURCE_DIR
. "$(dirname "$0")/law.sh"
cd "$1"

sources() { find "$@" -type f \( -name '*.[ch]' -o -name '*.cc' -o -name '*.inl' -o -name '*.def' -o -name '*.cu' -o -name '*.cuh' \); }

# The folder of a header of ours; the includer's own folder first. Nothing for a header of somebody else.
home_of() {
    for folder in "$2" kernels/include kernels/core kernels/isa kernels/stages kernels/cuda kernels/baselines bench autotune reports cli; do
        if [ -f "$folder/$1" ]; then
            echo "$folder"
            return
        fi
    done
}

# <includer's file> <its folder> <header> <header's folder>, the last empty for a header of somebody else
allowed() {
    case $1 in
    kernels/include/mot/cuda.h) [ "$3" = mot/mot.h ] && return 0 || return 1 ;;
    kernels/include/*) case $3 in stddef.h | stdint.h) return 0 ;; *) return 1 ;; esac ;;
    kernels/cuda/module.c | kernels/cuda/*.cu*) case $3 in cuda.h | cuda_runtime_api.h | cuda_runtime.h) return 0 ;; esac ;;
    kernels/cuda/blas_cublas.c) case $3 in cublas_v2.h | dlfcn.h) return 0 ;; esac ;;
    kernels/cuda/blas_cublaslt.c) case $3 in cublasLt.h | dlfcn.h) return 0 ;; esac ;;
    kernels/core/kernel.h) case $3 in mot/mot.h | stages.def | stdbool.h) return 0 ;; *) return 1 ;; esac ;;
    tests/kernels/api*) case $4:$3 in : | *:mot/mot.h | tests/kernels:api.h | :*) return 0 ;; *) return 1 ;; esac ;;
    esac
    case $3:$1 in
    immintrin.h:kernels/isa/* | immintrin.h:*_avx2.c | immintrin.h:*_avx512.c | immintrin.h:*_avx512bf16.c | immintrin.h:*_amx.c) return 0 ;;
    immintrin.h:*) return 1 ;;
    esac
    case $2:$4 in
    kernels/isa:kernels/isa | kernels/isa:kernels/stages | kernels/stages:kernels/stages) return 0 ;;
    kernels/isa:kernels/core | kernels/stages:kernels/core | kernels/baselines:kernels/core)
        case $3 in kernel.h | variants.def) return 0 ;; *) return 1 ;; esac ;;
    kernels/isa: | kernels/stages: | kernels/baselines:)
        case $3 in stddef.h | stdint.h | stdbool.h | string.h) return 0 ;; *) return 1 ;; esac ;;
    kernels/baselines:kernels/*) return 0 ;;
    *:kernels/isa | *:kernels/stages) return 1 ;;
    kernels/cuda:kernels/*) case $4 in */isa | */stages | */baselines) return 1 ;; *) return 0 ;; esac ;;
    kernels/cuda:) case $3 in math.h | stdbool.h | stddef.h | stdint.h | stdio.h | stdlib.h | string.h) return 0 ;; *_emulated.h | *_sources.def) return 0 ;; *) return 1 ;; esac ;;
    kernels/core:) case $3 in jansson.h) case $1 in */profile*) return 0 ;; *) return 1 ;; esac ;; esac ;;
    kernels/core:kernels/*) return 0 ;;
    kernels/*:*) return 1 ;;
    bench:kernels/* | autotune:kernels/* | cli:kernels/*) return 0 ;;
    bench:bench | autotune:autotune | reports:reports | cli:cli) return 0 ;;
    autotune:bench | cli:bench | cli:autotune | cli:reports)
        case $3 in *internal*) return 1 ;; *) return 0 ;; esac ;;
    reports:bench | reports:kernels/*) case $3 in samples.h | shape.h | profile.h | mot/mot.h) return 0 ;; *) return 1 ;; esac ;;
    bench:* | autotune:* | reports:* | cli:*) [ -z "$4" ] ;;
    esac
}

examined=0
for file in $(sources kernels bench autotune reports cli) $(sources tests/kernels -name 'api*'); do
    folder=${file%/*}
    case $folder in kernels/include/*) folder=kernels/include ;; esac
    for header in $(grep -oE '^ *# *include *[<"][^>"]+' "$file" | sed 's/.*[<"]//'); do
        examined=$((examined + 1))
        allowed "$file" "$folder" "$header" "$(home_of "$header" "$folder")" || breach "$file includes $header"
    done
done

for library in papi.h hwloc.h benchmark/benchmark.h cblas.h blis.h oneapi/dnnl/ libxsmm.h omp.h cublasLt.h cublas_v2.h xxhash.h Random123/ argp.h; do
    files=$(grep -lE "^ *# *include *<$library" $(sources kernels bench autotune reports cli) | tr '\n' ' ')
    [ "$(echo $files | wc -w)" -le 1 ] || breach "<$library> is included in more than one file: $files"
done
verdict $examined
