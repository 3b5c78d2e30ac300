/* ceilings.h: this machine's measured peaks: FMA per ISA and data type, read and copy bandwidth per memory level; of
 * its GPU the copy bandwidth and cuBLAS's rate per data type. */
#ifndef BENCH_CEILINGS_H
#define BENCH_CEILINGS_H

#include "mot/mot.h"

#include <stdbool.h>

enum { CEILING_MAX = 24, CEILING_ROUNDS = 9 };
typedef struct ceiling {
    char name[32];            /* "fma_avx512_f32", "fma_avx512bf16_bf16", "read_L1", "read_L2", "read_L3", "read_DRAM",
                                 "copy_DRAM", … ; on a GPU "copy_device", "gemm_f32", "gemm_tf32", "gemm_bf16" */
    char unit[12];            /* "GFLOP/s" or "GB/s" */
    int threads;              /* 0: on the GPU */
    double median, low, high; /* over rounds */
    size_t bytes;             /* working set of all threads, half a cache level, 4 x the last one for DRAM; 0 for FMA */
    double rate[CEILING_ROUNDS]; /* of each round, in order */
} ceiling;
typedef struct ceilings {
    int count;
    ceiling item[CEILING_MAX];
} ceilings;

/* Measures on 1 and on `threads` pinned threads, in about budget_s seconds (at least 1 is sensible); a level that
 * cannot be told from its neighbours is left out. The rate of a round is that of its best piece. Copies count bytes
 * read plus bytes written. False: the reason in error. */
bool ceilings_measure(ceilings *, int threads, double budget_s, char *error, size_t error_size);
/* Sets median and interval from the rates. */
void ceiling_summarise(ceiling *);
const ceiling *ceilings_find(const ceilings *, const char *name, int threads);
/* Floor of a call in ns: max(flops / best peak of isa and data type, bytes / bandwidth of the memory level that cache
 * state and working set imply). ISAs up to `isa` count, all of them for MOT_ISA_BEST (peer libraries). bf16 is computed
 * as f32 where the ISA has no product of its own for it, so the f32 peaks count too; working_set SIZE_MAX means DRAM.
 * For other thread counts than were measured the bound is wider, never narrower; 0 where nothing is known. */
double ceilings_floor_ns(const ceilings *, mot_isa isa, mot_dtype, int threads, double flops, double bytes,
                         size_t working_set);

/* The GPU's: device memory, copied in a set of CEILING_L2S times its L2, and a square product by cuBLAS for each way to
 * multiply, of 8192 rows, or of fewer where the budget does not reach. What is not here is left out, and `note` says
 * why. False: the reason in note. */
enum { CEILING_L2S = 16 };
bool ceilings_measure_cuda(ceilings *, double budget_s, char *note, size_t note_size);
/* Floor of a call there: `product` is a ceiling's name; of its bytes at least `cold` come from memory, and all that do
 * not fit into L2. 0 where nothing is known. These rates are those that NVIDIA's libraries reach, not limits. */
double ceilings_floor_cuda_ns(const ceilings *, const char *product, double flops, double bytes, double cold);

#endif
