/* fixture_ways.h: what the synthetic machine has timed. */
#ifndef TESTS_REPORTS_FIXTURE_WAYS_H
#define TESTS_REPORTS_FIXTURE_WAYS_H

#include <stdbool.h>
#include <string.h>

/* One way to do a stage: its rate as a share of the ceiling. */
typedef struct way {
    const char *stage, *variant, *isa, *library;
    double share;
} way;

static inline bool is_bf16(const way *w) { return strstr(w->variant, "bf16") != NULL; }

static const way ways[] = {
    {"route", "route_scalar_4x4", "scalar", "mot", .032},
    {"route", "route_avx2_6x16", "avx2", "mot", .46},
    {"route", "route_avx512_12x32", "avx512", "mot", .58},
    {"route", "route_avx512_24x16", "avx512", "mot", .55},
    {"route", "route_blas_openblas", "scalar", "openblas", .41},
    {"mix", "mix_scalar_4x4", "scalar", "mot", .035},
    {"mix", "mix_avx2_6x16", "avx2", "mot", .49},
    {"mix", "mix_avx512_12x32", "avx512", "mot", .57},
    {"mix", "mix_avx512_6x64", "avx512", "mot", .62},
    {"mix", "mix_blas_openblas", "scalar", "openblas", .38},
    {"front", "front_avx512_12x32", "avx512", "mot", .66},
    {"experts", "experts_scalar_4x4", "scalar", "mot", .045},
    {"experts", "experts_avx2_6x16", "avx2", "mot", .83},
    {"experts", "experts_avx512_12x32", "avx512", "mot", .91},
    {"experts", "experts_avx512_14x32{hb=512}", "avx512", "mot", .935},
    {"experts", "experts_blas_openblas", "scalar", "openblas", .80},
    {"redistribute", "redistribute_scalar_4x4", "scalar", "mot", .034},
    {"redistribute", "redistribute_avx2_6x16", "avx2", "mot", .44},
    {"redistribute", "redistribute_avx512_12x32", "avx512", "mot", .55},
    {"redistribute", "redistribute_blas_openblas", "scalar", "openblas", .36},
    {"layer", "layer_scalar", "scalar", "mot", .043},
    {"layer", "layer_avx2", "avx2", "mot", .78},
    {"layer", "layer_avx512", "avx512", "mot", .86},
    {"layer", "layer_tuned", "avx512", "mot", .90},
    {"layer", "layer_openblas", "scalar", "openblas", .745},
};
enum { WAYS = sizeof ways / sizeof *ways };

/* With peers whose weights are packed and whose are not. */
static const way bf16_ways[] = {
    {"route", "route_avx512bf16_bf16_6x64", "avx512bf16", "mot", .47},
    {"route", "route_blas_onednn_bf16", "auto", "onednn", .39},
    {"mix", "mix_avx512bf16_bf16_6x64", "avx512bf16", "mot", .58},
    {"mix", "mix_blas_onednn_bf16", "auto", "onednn", .52},
    {"mix", "mix_blas_libxsmm_bf16", "auto", "libxsmm", .55},
    {"experts", "experts_scalar_bf16_4x4", "scalar", "mot", .022},
    {"experts", "experts_avx512bf16_bf16_14x32", "avx512bf16", "mot", .92},
    {"experts", "experts_blas_onednn_bf16", "auto", "onednn", .71},
    {"experts", "experts_blas_onednn_bf16_packed", "auto", "onednn", .89},
    {"redistribute", "redistribute_avx512bf16_bf16_6x64", "avx512bf16", "mot", .60},
    {"redistribute", "redistribute_blas_onednn_bf16", "auto", "onednn", .54},
    {"layer", "layer_bf16_scalar", "scalar", "mot", .021},
    {"layer", "layer_bf16_avx512bf16", "avx512bf16", "mot", .85},
    {"layer", "layer_bf16_onednn", "auto", "onednn", .66},
    {"layer", "layer_bf16_onednn_packed", "auto", "onednn", .80},
    {"layer", "layer_bf16_libxsmm_packed", "auto", "libxsmm", .81},
};
enum { BF16_WAYS = sizeof bf16_ways / sizeof *bf16_ways };

#endif
