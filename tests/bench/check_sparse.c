/* Offsets beyond 32 bits: tokens 2^31 + 7 elements apart in a sparse mapping of over 16 GiB give what adjacent ones
 * give. */
#include "registry.h"

#include "cpu.h"
#include "data.h"
#include "workspace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

static const mot_shape shape = {1, 3, 5, 37, 1};
static const size_t far_apart = ((size_t)1 << 31) + 7;

static void *sparse(size_t elements) {
    void *map = mmap(NULL, elements * sizeof(float), PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return map == MAP_FAILED ? NULL : map;
}

/* Strides in elements of so many bytes. */
static void copy_rows(void *to, size_t to_stride, const void *from, size_t from_stride, size_t bytes) {
    for (size_t t = 0; t < shape.group_size; t++)
        memcpy((char *)to + t * to_stride * bytes, (const char *)from + t * from_stride * bytes, shape.d_model * bytes);
}

/* The outputs of a run on near tokens, then on far ones; equal bit by bit. */
static void run_near_and_far(const mot_variant *v, void *far_x, void *far_out) {
    const size_t bytes = mot_dtype_bytes(v->dtype);
    problem pb = problem_make(&shape, v->stage, DATA_ZERO_MEAN, false, 1);
    pb.dtype = v->dtype;
    const mot_choice choice = {v, mot_config_default(v)};
    workspace near, distant;
    assert_true(workspace_create(&near, &pb, mot_step_scratch_bytes(&choice, &shape, 1), 0, SIDE_RIGHT));
    assert_true(workspace_create(&distant, &pb, mot_step_scratch_bytes(&choice, &shape, 1), 0, SIDE_RIGHT));
    mot_step_run(&choice, &shape, &near.tensors, 1);
    mot_tensors t = distant.tensors;
    t.strides.token_stride = far_apart;
    if (t.x) copy_rows(far_x, far_apart, t.x, shape.d_model, bytes), t.x = far_x;
    if (t.out) t.out = far_out;
    mot_step_run(&choice, &shape, &t, 1);
    if (t.out) copy_rows(distant.tensors.out, shape.d_model, far_out, far_apart, bytes);
    for (int i = 0; i < REGION_TENSORS; i++)
        if (near.outputs & 1 << i)
            assert_memory_equal(near.region[i].data, distant.region[i].data, near.region[i].bytes);
    workspace_destroy(&near), workspace_destroy(&distant);
}

static void far_tokens_are_reached(void **state) {
    const size_t elements = 2 * far_apart + shape.d_model;
    void *x = sparse(elements), *out = sparse(elements);
    size_t run = 0;
    (void)state;
    if (!x || !out) {
        print_message("SKIP: this system reserves memory for sparse mappings (overcommit_memory = 2 or a limit)\n");
        skip();
    }
    for (size_t i = 0; i < mot_registry_count(); i++) {
        const mot_variant *v = mot_registry_at(i);
        if (v->stage == MOT_STAGE_EXPERTS || mot_cpu_why_not(v->isa)) continue;
        run_near_and_far(v, x, out);
        run++;
    }
    assert_true(run > 0);
    munmap(x, elements * sizeof(float)), munmap(out, elements * sizeof(float));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(far_tokens_are_reached)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
