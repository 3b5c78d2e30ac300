/* The run paths allocate nothing and free nothing, and what create allocates destroy gives back. The linker wraps the
 * allocator's functions, so every call of the library passes here. */
#include "api.h"

#include <stdatomic.h>
#include <stdlib.h>

static atomic_int allocated, freed;

#define WRAP(function, parameters, arguments)                                                                          \
    void *__real_##function parameters;                                                                                \
    void *__wrap_##function parameters;                                                                                \
    void *__wrap_##function parameters {                                                                               \
        allocated++;                                                                                                   \
        return __real_##function arguments;                                                                            \
    }
WRAP(malloc, (size_t bytes), (bytes))
WRAP(calloc, (size_t count, size_t bytes), (count, bytes))
WRAP(aligned_alloc, (size_t alignment, size_t bytes), (alignment, bytes))

void *__real_realloc(void *old, size_t bytes);
void *__wrap_realloc(void *old, size_t bytes);
void *__wrap_realloc(void *old, size_t bytes) {
    allocated += !old;
    return __real_realloc(old, bytes);
}

int __real_posix_memalign(void **memory, size_t alignment, size_t bytes);
int __wrap_posix_memalign(void **memory, size_t alignment, size_t bytes);
int __wrap_posix_memalign(void **memory, size_t alignment, size_t bytes) {
    allocated++;
    return __real_posix_memalign(memory, alignment, bytes);
}

void __real_free(void *memory);
void __wrap_free(void *memory);
void __wrap_free(void *memory) {
    freed += memory != NULL;
    __real_free(memory);
}

static void running_allocates_nothing(void **state) {
    mot_options options = options_of(isa_or_skip(state), 2);
    problem p = problem_new((mot_shape){8, 4, 3, 16, 8}, 1);
    mot_strides st;
    mot_shape batch = p.shape;
    assert_int_equal(mot_strides_batch(&st, &batch, 7, 4), MOT_OK);
    mot_layer *layer = layer_of(&p, &options);
    size_t bytes = mot_layer_workspace_bytes(layer);
    void *workspace = mot_alloc(bytes);
    int before = allocated, freed_before = freed;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(mot_layer_run(layer, p.x, p.out), MOT_OK);
        assert_int_equal(mot_layer_run_ws(layer, p.x, p.out, workspace, bytes), MOT_OK);
        assert_int_equal(mot_layer_run_strided(layer, p.x, p.out, &st), MOT_OK);
    }
    assert_int_equal(allocated, before);
    assert_int_equal(freed, freed_before);
    mot_free(workspace);
    mot_layer_destroy(layer);
    problem_free(&p);
}

static void everything_is_given_back(void **state) {
    mot_options options = options_of(isa_or_skip(state), 2);
    const mot_shape shape = {8, 4, 3, 16, 8};
    int held = allocated - freed, before = allocated;
    problem p = problem_new(shape, 1);
    mot_layer *layer = layer_of(&p, &options);
    assert_true(allocated > before); /* the wrappers see the library's calls */
    assert_int_equal(mot_layer_set_weights(layer, p.controller, p.w2, p.w1), MOT_OK);
    mot_layer_destroy(layer);
    assert_int_equal(mot_route(&shape, &options, p.x, p.controller, p.out), MOT_OK);
    assert_int_equal(mot_experts(&shape, &options, p.x, p.w1, p.w2, p.out), MOT_OK);
    mot_profile *profile;
    assert_int_equal(mot_profile_load_memory(&profile, "[1,", 3), MOT_ERROR_PROFILE_FORMAT);
    problem_free(&p);
    assert_int_equal(allocated - freed, held);
}

int main(void) {
    const struct CMUnitTest tests[] = {EACH_ISA(running_allocates_nothing), EACH_ISA(everything_is_given_back)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
