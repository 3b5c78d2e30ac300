/* api.c: the public functions of mot/cuda.h over a device that is host memory. */
#include "mot/cuda.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const mot_shape shape = {3, 5, 4, 16, 12};
enum { G = 3, T = 5, E = 4, D = 16, H = 12 };

/* All tensors of a layer, in "device" memory. */
typedef struct data {
    float *x, *controller, *w1, *w2, *p, *mixed, *y, *out, *expected;
} data;

static float *tensor(size_t n) {
    float *t = mot_alloc(n * sizeof *t);
    assert_non_null(t);
    for (size_t i = 0; i < n; i++) t[i] = (float)((double)rand() / RAND_MAX - 0.5);
    return t;
}

static int set_up(void **state) {
    data *d = calloc(1, sizeof *d);
    unsetenv("MOT_FAKE_CUDA");
    srand(1);
    *d = (data){tensor(G * T * D), tensor(D * E),     tensor(E * D * H), tensor(E * D * H), tensor(G * T * E),
                tensor(E * G * D), tensor(E * G * D), tensor(G * T * D), tensor(G * T * D)};
    return *state = d, 0;
}

static int tear_down(void **state) {
    data *d = *state;
    float *all[] = {d->x, d->controller, d->w1, d->w2, d->p, d->mixed, d->y, d->out, d->expected};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) mot_free(all[i]);
    free(d);
    return 0;
}

static void faults(const char *names) { assert_int_equal(setenv("MOT_FAKE_CUDA", names, 1), 0); }

static mot_cuda_options unverified(void) {
    mot_cuda_options o;
    mot_cuda_options_default(&o);
    o.unverified = 1;
    return o;
}

static mot_cuda_layer *layer_with_weights(const data *d) {
    mot_cuda_layer *l;
    const mot_cuda_options o = unverified();
    assert_int_equal(mot_cuda_layer_create(&l, &shape, &o), MOT_OK);
    assert_int_equal(mot_cuda_layer_set_weights(l, d->controller, d->w1, d->w2, NULL), MOT_OK);
    return l;
}

/* ---- is there a device? ---- */

static void expect_none(const char *fault, int device, const char *says) {
    char why[200];
    mot_cuda_layer *l = (mot_cuda_layer *)1;
    mot_cuda_options o = unverified();
    o.device = device;
    faults(fault);
    assert_int_equal(mot_cuda_available(device, why, sizeof why), 0);
    if (!strstr(why, says)) fail_msg("'%s' does not say '%s'", why, says);
    assert_int_equal(mot_cuda_available(device, NULL, 0), 0);
    assert_int_equal(mot_cuda_layer_create(&l, &shape, &o), MOT_ERROR_DEVICE);
    assert_null(l);
}

static void what_is_missing_is_said(void **state) {
    char why[64] = "old";
    (void)state;
    assert_int_equal(mot_cuda_available(-1, why, sizeof why), 1);
    assert_string_equal(why, "");
    expect_none("no_driver", -1, "no driver");
    expect_none("no_device", -1, "no device");
    expect_none("sm75", 0, "host memory (fake) is sm_75, sm_80 is needed");
    expect_none("", 1, "device 1: there are 1");
}

/* ---- arguments ---- */

static void expect_options(mot_cuda_options o, mot_status status) {
    mot_cuda_layer *l = (mot_cuda_layer *)1;
    assert_int_equal(mot_cuda_layer_create(&l, &shape, &o), status);
    assert_int_equal(l != NULL, status == MOT_OK);
    mot_cuda_layer_destroy(l);
}

#define WITH(field, value)                                                                                             \
    ({                                                                                                                 \
        mot_cuda_options o_ = unverified();                                                                            \
        o_.field = value;                                                                                              \
        o_;                                                                                                            \
    })

static void options_outside_their_range(void **state) {
    (void)state;
    expect_options(unverified(), MOT_OK);
    expect_options(WITH(dtype, MOT_BF16), MOT_OK);
    expect_options(WITH(tf32, 1), MOT_OK);
    expect_options(WITH(struct_size, 8), MOT_ERROR_OPTIONS);
    expect_options(WITH(device, -2), MOT_ERROR_OPTIONS);
    expect_options(WITH(dtype, 7), MOT_ERROR_DTYPE);
    expect_options(WITH(tf32, 2), MOT_ERROR_OPTIONS);
    expect_options(WITH(unverified, -1), MOT_ERROR_OPTIONS);
    expect_options(WITH(temperature, 0), MOT_ERROR_OPTIONS);
    expect_options(WITH(temperature, INFINITY), MOT_ERROR_OPTIONS);
    expect_options(WITH(temperature, NAN), MOT_ERROR_OPTIONS);
    mot_cuda_options_default(NULL);
}

static void shapes(void **state) {
    static const mot_shape bad[] = {{1, 0, 1, 1, 1}, {1, 1, 0, 1, 1}, {1, 1, 1, 0, 1}, {1, 1, 1, 1, 0}};
    const mot_shape huge = {(size_t)1 << 40, (size_t)1 << 20, 1, (size_t)1 << 20, 1};
    const mot_cuda_options o = unverified();
    mot_cuda_layer *l;
    (void)state;
    for (size_t i = 0; i < 4; i++) assert_int_equal(mot_cuda_layer_create(&l, &bad[i], &o), MOT_ERROR_SHAPE);
    assert_int_equal(mot_cuda_layer_create(&l, &huge, &o), MOT_ERROR_OVERFLOW);
    assert_int_equal(mot_cuda_layer_create(&l, NULL, &o), MOT_ERROR_NULL);
    assert_int_equal(mot_cuda_layer_create(NULL, &shape, &o), MOT_ERROR_NULL);
}

/* The tests' device verifies nothing, so nothing is verified by it. */
static void unverified_kernels_are_not_picked(void **state) {
    const data *d = *state;
    mot_cuda_options o;
    mot_cuda_layer *l;
    char text[400];
    mot_cuda_options_default(&o);
    const mot_status status = mot_cuda_layer_create(&l, &shape, &o);
    if (status != MOT_ERROR_UNVERIFIED) {
        print_message("SKIP: the kernels have passed on a GPU\n");
        mot_cuda_layer_destroy(l);
        skip();
    }
    assert_int_equal(mot_cuda_mix(&shape, NULL, d->x, d->p, d->mixed, NULL), MOT_ERROR_UNVERIFIED);
    l = layer_with_weights(d);
    assert_int_equal(mot_cuda_layer_describe(l, text, sizeof text), MOT_OK);
    assert_non_null(strstr(text, "(unverified, default)\n"));
    assert_null(strstr(text, "(verified"));
    assert_int_equal(mot_cuda_layer_describe(l, text, 10), MOT_ERROR_BUFFER);
    assert_int_equal(strlen(text), 9);
    mot_cuda_layer_destroy(l);
}

static void runs_refuse(void **state) {
    const data *d = *state;
    const mot_cuda_options o = unverified();
    mot_cuda_layer *l;
    assert_int_equal(mot_cuda_layer_create(&l, &shape, &o), MOT_OK);
    assert_int_equal(mot_cuda_layer_run(l, d->x, d->out, NULL), MOT_ERROR_WEIGHTS);
    assert_int_equal(mot_cuda_layer_set_weights(l, d->controller, d->w1 + 1, d->w2, NULL), MOT_ERROR_ALIGNMENT);
    assert_int_equal(mot_cuda_layer_set_weights(l, d->controller, NULL, d->w2, NULL), MOT_ERROR_NULL);
    assert_int_equal(mot_cuda_layer_set_weights(l, d->controller, d->w1, d->w2, NULL), MOT_OK);
    assert_int_equal(mot_cuda_layer_run(NULL, d->x, d->out, NULL), MOT_ERROR_NULL);
    assert_int_equal(mot_cuda_layer_run(l, NULL, d->out, NULL), MOT_ERROR_NULL);
    assert_int_equal(mot_cuda_layer_run(l, d->x, d->out + 2, NULL), MOT_ERROR_ALIGNMENT);
    assert_int_equal(mot_cuda_layer_run(l, d->x, d->x + 8, NULL), MOT_ERROR_OVERLAP);
    const size_t bytes = mot_cuda_layer_workspace_bytes(l);
    char *room = mot_alloc(bytes + 64);
    assert_int_equal(mot_cuda_layer_run_ws(l, d->x, d->out, room, bytes - 1, NULL), MOT_ERROR_WORKSPACE);
    assert_int_equal(mot_cuda_layer_run_ws(l, d->x, d->out, room + 16, bytes, NULL), MOT_ERROR_WORKSPACE);
    assert_int_equal(mot_cuda_layer_run_ws(l, d->x, (float *)(void *)room, room, bytes, NULL), MOT_ERROR_OVERLAP);
    assert_int_equal(mot_cuda_layer_run_ws(l, d->x, d->out, NULL, 0, NULL), MOT_ERROR_NULL);
    assert_int_equal(mot_cuda_layer_workspace_bytes(NULL), 0);
    mot_free(room);
    mot_cuda_layer_destroy(l);
    mot_cuda_layer_destroy(NULL);
}

/* ---- failures of the device ---- */

static void failures_are_statuses(void **state) {
    const data *d = *state;
    const mot_cuda_options o = unverified();
    mot_cuda_layer *l = layer_with_weights(d), *none;
    faults("access");
    assert_int_equal(mot_cuda_layer_run(l, d->x, d->out, NULL), MOT_ERROR_DEVICE);
    assert_int_equal(mot_cuda_mix(&shape, &o, d->x, d->p, d->mixed, NULL), MOT_ERROR_DEVICE);
    faults("memory");
    assert_int_equal(mot_cuda_layer_create(&none, &shape, &o), MOT_ERROR_MEMORY);
    assert_int_equal(mot_cuda_experts(&shape, &o, d->mixed, d->w1, d->w2, d->y, NULL), MOT_ERROR_MEMORY);
    assert_int_equal(mot_cuda_layer_run(l, d->x, d->out, NULL), MOT_OK); /* allocates nothing */
    mot_cuda_layer_destroy(l);
}

/* ---- results ---- */

static void expect_close(const float *got, const float *expected, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (!(fabsf(got[i] - expected[i]) <= 1e-5f)) fail_msg("element %zu is %g, not %g", i, got[i], expected[i]);
}

static void cpu_layer(const data *d) {
    mot_layer *l;
    assert_int_equal(mot_layer_create(&l, &shape, NULL, NULL), MOT_OK);
    assert_int_equal(mot_layer_set_weights(l, d->controller, d->w1, d->w2), MOT_OK);
    assert_int_equal(mot_layer_run(l, d->x, d->expected), MOT_OK);
    mot_layer_destroy(l);
}

static void a_layer_is_the_cpus(void **state) {
    const data *d = *state;
    mot_cuda_layer *l = layer_with_weights(d);
    cpu_layer(d);
    assert_int_equal(mot_cuda_layer_run(l, d->x, d->out, NULL), MOT_OK);
    expect_close(d->out, d->expected, G * T * D);
    void *room = mot_alloc(mot_cuda_layer_workspace_bytes(l));
    memset(d->out, 0xff, G * T * D * sizeof *d->out);
    memset(d->w1, 0xff, E * D * H * sizeof *d->w1); /* the layer has copies */
    assert_int_equal(mot_cuda_layer_run_ws(l, d->x, d->out, room, mot_cuda_layer_workspace_bytes(l), NULL), MOT_OK);
    expect_close(d->out, d->expected, G * T * D);
    mot_free(room);
    mot_cuda_layer_destroy(l);
}

static void stages_make_a_layer(void **state) {
    const data *d = *state;
    const mot_cuda_options o = unverified();
    cpu_layer(d);
    assert_int_equal(mot_cuda_route(&shape, &o, d->x, d->controller, d->p, NULL), MOT_OK);
    assert_int_equal(mot_cuda_mix(&shape, &o, d->x, d->p, d->mixed, NULL), MOT_OK);
    assert_int_equal(mot_cuda_experts(&shape, &o, d->mixed, d->w1, d->w2, d->y, NULL), MOT_OK);
    assert_int_equal(mot_cuda_redistribute(&shape, &o, d->y, d->p, d->out, NULL), MOT_OK);
    expect_close(d->out, d->expected, G * T * D);
    assert_int_equal(mot_cuda_redistribute(&shape, &o, d->y, d->p, d->y, NULL), MOT_ERROR_OVERLAP);
}

static void no_groups_no_work(void **state) {
    const data *d = *state;
    const mot_shape empty = {0, T, E, D, H};
    const mot_cuda_options o = unverified();
    mot_cuda_layer *l;
    faults("access"); /* a kernel would fail */
    assert_int_equal(mot_cuda_layer_create(&l, &empty, &o), MOT_OK);
    assert_int_equal(mot_cuda_layer_set_weights(l, d->controller, d->w1, d->w2, NULL), MOT_OK);
    assert_int_equal(mot_cuda_layer_run(l, NULL, NULL, NULL), MOT_OK);
    assert_int_equal(mot_cuda_route(&empty, &o, NULL, d->controller, NULL, NULL), MOT_OK);
    mot_cuda_layer_destroy(l);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int main(void) {
    const struct CMUnitTest tests[] = {CASE(what_is_missing_is_said),
                                       CASE(options_outside_their_range),
                                       CASE(shapes),
                                       CASE(unverified_kernels_are_not_picked),
                                       CASE(runs_refuse),
                                       CASE(failures_are_statuses),
                                       CASE(a_layer_is_the_cpus),
                                       CASE(stages_make_a_layer),
                                       CASE(no_groups_no_work)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
