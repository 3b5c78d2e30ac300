/* peers_openblas.c: OpenBLAS as a peer, used as its manual would have it for many small products: called from inside a
 * parallel region, one thread a call. The OpenMP flavour; the serial one is not safe there. Only file that includes
 * cblas.h. */
#include <cblas.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpu.h"

#define LIBRARY "openblas"

/* One row is a matrix times a vector, which this release does not find out by itself. */
static void multiply(bool transpose_a, size_t m, size_t n, size_t k, float alpha, const float *a, size_t lda,
                     const float *b, size_t ldb, float *c, size_t ldc) {
    if (m == 1 && !transpose_a)
        cblas_sgemv(CblasRowMajor, CblasTrans, (blasint)k, (blasint)n, alpha, b, (blasint)ldb, a, 1, 0, c, 1);
    else
        cblas_sgemm(CblasRowMajor, transpose_a ? CblasTrans : CblasNoTrans, CblasNoTrans, (blasint)m, (blasint)n,
                    (blasint)k, alpha, a, (blasint)lda, b, (blasint)ldb, 0, c, (blasint)ldc);
}

#include "peers_compose.inl"

static const mot_variant variants[] = {PEER_COMPOSED(fits)};

/* What is to be said of a core that was set in the environment; one without AVX-512 takes half its speed away. */
static const char *by_whom(const char *core) {
    if (!getenv("OPENBLAS_CORETYPE")) return "";
    const bool wide = !strcmp(core, "SkylakeX") || !strcmp(core, "Cooperlake") || !strcmp(core, "SapphireRapids");
    return wide || mot_cpu_isa() < MOT_ISA_AVX512 ? " (by OPENBLAS_CORETYPE)"
                                                  : " (held back by OPENBLAS_CORETYPE: unset it to be fair)";
}

/* "OpenBLAS 0.3.21 Cooperlake, openmp": the core decides its kernels; who set it in the environment is told so. */
static const char *version(void) {
    static const char *const threading[] = {"serial", "pthreads", "openmp"};
    static char text[128];
    char name[32] = "OpenBLAS", number[32] = "";
    const int flavour = openblas_get_parallel();
    sscanf(openblas_get_config(), "%31s %31s", name, number);
    snprintf(text, sizeof text, "%s %s %s%s, %s", name, number, openblas_get_corename(),
             by_whom(openblas_get_corename()), flavour >= 0 && flavour < 3 ? threading[flavour] : "unknown threading");
    return text;
}

static void enter(void) { openblas_set_num_threads(1); }

const peer peer_openblas = {.library = LIBRARY,
                            .version = version,
                            .enter = enter,
                            .variants = variants,
                            .variant_count = sizeof variants / sizeof *variants};
