/* The run paths allocate nothing and free nothing, what create allocates destroy gives back, and when memory runs out
 * that is a status. The linker wraps the allocator's functions, so every call of the library passes here. */
#include "api.h"

#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>

static atomic_int allocated, freed, until_failure = INT_MAX;

static bool granted(void) {
    bool grant = until_failure-- > 0;
    allocated += grant;
    return grant;
}

#define WRAP(function, parameters, arguments)                                                                          \
    void *__real_##function parameters;                                                                                \
    void *__wrap_##function parameters;                                                                                \
    void *__wrap_##function parameters { return granted() ? __real_##function arguments : NULL; }
WRAP(malloc, (size_t bytes), (bytes))
WRAP(calloc, (size_t count, size_t bytes), (count, bytes))
WRAP(aligned_alloc, (size_t alignment, size_t bytes), (alignment, bytes))

void *__real_realloc(void *old, size_t bytes);
void *__wrap_realloc(void *old, size_t bytes);
void *__wrap_realloc(void *old, size_t bytes) {
    if (!granted()) return NULL;
    freed += old != NULL;
    return __real_realloc(old, bytes);
}

int __real_posix_memalign(void **memory, size_t alignment, size_t bytes);
int __wrap_posix_memalign(void **memory, size_t alignment, size_t bytes);
int __wrap_posix_memalign(void **memory, size_t alignment, size_t bytes) {
    return granted() ? __real_posix_memalign(memory, alignment, bytes) : 12; /* ENOMEM */
}

void __real_free(void *memory);
void __wrap_free(void *memory);
void __wrap_free(void *memory) {
    freed += memory != NULL;
    __real_free(memory);
}

static const mot_shape shape = {8, 4, 3, 16, 8};

static void running_allocates_nothing(void **state) {
    mot_options options = options_of(isa_or_skip(state), 2);
    problem p = problem_new(shape, 1);
    mot_strides st;
    mot_shape batch = shape;
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

/* One life of a layer and of each stage; the first status that is not MOT_OK. */
static mot_status life(const problem *p, const mot_options *options) {
    mot_layer *layer = NULL;
    mot_status status = mot_layer_create(&layer, &shape, options, NULL);
    assert_int_equal(layer != NULL, status == MOT_OK);
    if (!status) status = mot_layer_set_weights(layer, p->controller, p->w1, p->w2);
    if (!status) status = mot_layer_run(layer, p->x, p->out);
    mot_layer_destroy(layer);
    if (!status) status = mot_route(&shape, options, p->x, p->controller, p->out);
    if (!status) status = mot_mix(&shape, options, p->x, p->w1, p->out);
    if (!status) status = mot_experts(&shape, options, p->x, p->w1, p->w2, p->out);
    if (!status) status = mot_redistribute(&shape, options, p->w1, p->w2, p->out);
    return status;
}

static void everything_is_given_back(void **state) {
    mot_options options = options_of(isa_or_skip(state), 2);
    problem p = problem_new(shape, 1);
    int held = allocated - freed, before = allocated;
    assert_int_equal(life(&p, &options), MOT_OK);
    assert_true(allocated > before + 3); /* the wrappers see the library's calls */
    assert_int_equal(allocated - freed, held);
    problem_free(&p);
}

static void each_failed_allocation_is_a_status(void **state) {
    mot_options options = options_of(isa_or_skip(state), 2);
    problem p = problem_new(shape, 1);
    int held = allocated - freed, n = 0;
    mot_status status;
    do {
        until_failure = n++;
        status = life(&p, &options);
        until_failure = INT_MAX;
        assert_true(status == MOT_OK || status == MOT_ERROR_MEMORY);
        assert_int_equal(allocated - freed, held);
    } while (status != MOT_OK);
    assert_true(n > 4);
    problem_free(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        EACH_ISA(running_allocates_nothing),
        EACH_ISA(everything_is_given_back),
        EACH_ISA(each_failed_allocation_is_a_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
