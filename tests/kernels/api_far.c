/* Offsets past 32 bits: rows and groups more than 2^31 elements apart, in sparse memory of which a few pages exist. */
#include "api.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { D = 19, T = 2, FAR_GROUPS = 2 };
static const size_t apart = ((size_t)1 << 31) + 7;

static float *sparse(size_t elements) {
    void *memory = mmap(NULL, elements * sizeof(float), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
        print_message("SKIP: %zu GiB of sparse address space cannot be had\n", elements >> 28);
        skip();
    }
    return memory;
}

static void far_rows(mot_strides st, mot_isa isa) {
    const size_t extent = (FAR_GROUPS - 1) * st.outer_stride + (T - 1) * st.token_stride + D;
    mot_options options = options_of(isa, 2);
    problem p = problem_new((mot_shape){FAR_GROUPS, T, 3, D, 5}, 1);
    float *x = sparse(extent), *out = sparse(extent);
    for (size_t row = 0; row < FAR_GROUPS * T; row++)
        memcpy(x + row / T * st.outer_stride + row % T * st.token_stride, p.x + row * D, D * sizeof *x);
    approx *want = naive_layer(&p, 1);
    mot_layer *layer = layer_of(&p, &options);
    assert_int_equal(mot_layer_run_strided(layer, x, out, &st), MOT_OK);
    for (size_t row = 0; row < FAR_GROUPS * T; row++)
        assert_near(out + row / T * st.outer_stride + row % T * st.token_stride, want + row * D, D);
    munmap(x, extent * sizeof *x);
    munmap(out, extent * sizeof *out);
    free(want);
    mot_layer_destroy(layer);
    problem_free(&p);
}

static void tokens_far_apart(void **state) {
    mot_isa isa = isa_or_skip(state);
    far_rows((mot_strides){1, 0, D, apart, 0}, isa);
}

static void groups_far_apart(void **state) {
    mot_isa isa = isa_or_skip(state);
    far_rows((mot_strides){1, 0, 2 * apart, D, 0}, isa);
}

int main(void) {
    const struct CMUnitTest tests[] = {EACH_ISA(tokens_far_apart), EACH_ISA(groups_far_apart)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
