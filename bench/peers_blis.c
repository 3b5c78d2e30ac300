/* peers_blis.c: BLIS as a peer, through its own typed interface: its cblas_ and sgemm_ bear the names of OpenBLAS's,
 * and take no thread count by the call. Only file that includes blis.h. */
#include <blis.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "cpu.h"

#define LIBRARY "blis"

/* One row is a matrix times a vector: the product of matrices would pack B for it. The kernels for small matrices read
 * past the end of C where two or three columns are left over (flame/blis#635): there, BLIS takes its general ones. */
static void multiply(bool transpose_a, size_t m, size_t n, size_t k, float alpha, const float *a, size_t lda,
                     const float *b, size_t ldb, float *c, size_t ldc) {
    rntm_t one = BLIS_RNTM_INITIALIZER;
    float zero = 0;
    bli_rntm_set_num_threads(1, &one);
    if (n % 4 > 1) bli_rntm_disable_l3_sup(&one);
    if (m == 1 && !transpose_a)
        bli_sgemv_ex(BLIS_TRANSPOSE, BLIS_NO_CONJUGATE, (dim_t)k, (dim_t)n, &alpha, (float *)b, (inc_t)ldb, 1,
                     (float *)a, 1, &zero, c, 1, NULL, &one);
    else
        bli_sgemm_ex(transpose_a ? BLIS_TRANSPOSE : BLIS_NO_TRANSPOSE, BLIS_NO_TRANSPOSE, (dim_t)m, (dim_t)n, (dim_t)k,
                     &alpha, (float *)a, (inc_t)lda, 1, (float *)b, (inc_t)ldb, 1, &zero, c, (inc_t)ldc, 1, NULL, &one);
}

#include "peers_compose.inl"

static const mot_variant variants[] = {PEER_COMPOSED(fits)};

/* This release takes AMD's processors after Zen 3 for unknown ones and multiplies in plain C, a fifth of what its
 * AVX-512 kernels reach there. Whoever sets the variable is obeyed. */
static void start(void) {
    char id[8];
    snprintf(id, sizeof id, "%d", (int)BLIS_ARCH_SKX);
    if (mot_cpu_kind_here() >= MOT_CPU_AMD && mot_cpu_isa() >= MOT_ISA_AVX512) setenv("BLIS_ARCH_TYPE", id, 0);
    bli_init();
}

/* "BLIS 0.9.0 zen3": the configuration decides its kernels. */
static const char *version(void) {
    static char text[64];
    start();
    snprintf(text, sizeof text, "BLIS %s %s", bli_info_get_version_str(), bli_arch_string(bli_arch_query_id()));
    return text;
}

/* Each call says so itself; this is for what a call might hand on to the global setting. */
static void enter(void) {
    start();
    bli_thread_set_num_threads(1);
}

const peer peer_blis = {.library = LIBRARY,
                        .version = version,
                        .enter = enter,
                        .variants = variants,
                        .variant_count = sizeof variants / sizeof *variants};
