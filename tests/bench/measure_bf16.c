/* measure_bf16.c: what measure does to tensors of bf16: filling, poison, witnesses. */
#include "gbench.h"
#include "measure_run.h"
#include "measure_sim.h"

#include <math.h>
#include <string.h>

static const mot_shape odd = {3, 5, 7, 33, 9}; /* an odd number of elements everywhere */
enum { MIX_INDEX = 3 };                        /* of mixed among the tensors */

static tensors make_tensors(mot_dtype dtype) {
    tensors t = {.shape = odd, .dtype = dtype, .present = 0xff, .rotating = MOT_W1, .copies = 2};
    assert_true(tensors_make(&t, 7));
    return t;
}

static void values_are_those_of_f32_rounded(void **state) {
    tensors exact = make_tensors(MOT_F32), half = make_tensors(MOT_BF16);
    (void)state;
    for (int i = 0; i + 1 < TENSOR_COUNT; i++) { /* out is not filled */
        const size_t n = exact.at[i].bytes / sizeof(float);
        const float *from = (const float *)exact.at[i].base;
        assert_int_equal(half.at[i].bytes, n * sizeof(mot_bf16));
        for (size_t copy = 0; copy < half.at[i].copies; copy++)
            for (size_t k = 0; k < n; k++) {
                mot_bf16 rounded;
                mot_bf16_from_f32(&rounded, &from[k], 1);
                assert_int_equal(((const mot_bf16 *)rotor_at(&half.at[i], copy))[k], rounded);
            }
    }
    tensors_free(&exact);
    tensors_free(&half);
}

static void sizes_go_by_the_data_type(void **state) {
    (void)state;
    assert_int_equal(tensor_bytes(&odd, MOT_F32, MOT_P), 4 * 3 * 5 * 7);
    assert_int_equal(tensor_bytes(&odd, MOT_BF16, MOT_P), 2 * 3 * 5 * 7);
    assert_int_equal(tensors_bytes(&odd, MOT_BF16, MOT_W1 | MOT_W2), 2 * 2 * 7 * 33 * 9);
}

/* ---- poison ---- */

static const mot_variant *right_bf16;

static size_t skipped; /* the element that the kernel leaves as it was */

static void leaves_one_out(const mot_shape *s, const mot_tensors *t, const mot_config *c, mot_range r) {
    mot_bf16 *mixed = t->mixed;
    const mot_bf16 before = mixed[skipped];
    right_bf16->run(s, t, c, r);
    mixed[skipped] = before;
}

static bool is_found(mot_kernel_fn run) {
    right_bf16 = mot_registry_find("mix_scalar_bf16_4x4");
    assert_non_null(right_bf16);
    mot_variant variant = *right_bf16;
    if (run) variant.run = run;
    const contestant c = {.plan = {.steps = 1, .step = {{&variant, mot_config_default(right_bf16)}}}, .name = "one"};
    tensors t = make_tensors(MOT_BF16);
    side s = side_of(&c, NULL, 1);
    assert_true(side_prepare(&s, &t));
    const bool wrong = s.wrong;
    side_free(&s);
    tensors_free(&t);
    return wrong;
}

static void one_unwritten_element_is_found(void **state) {
    const size_t places[] = {0, 1, 100, 3 * 7 * 33 - 1};
    (void)state;
    assert_false(is_found(NULL));
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        skipped = places[i];
        assert_true(is_found(leaves_one_out));
    }
}

/* ---- witnesses ---- */

/* Whether a second contestant is told from the first if each value, 1 to 2, is off by the share of it. */
static bool differs_by(float share) {
    enum { N = 3 * 7 * 33 };
    tensors t = {.shape = odd, .dtype = MOT_BF16};
    const contestant name[2] = {{.name = "first"}, {.name = "second"}};
    side a = {.contestant = &name[0], .tensors = &t, .writes = MOT_MIXED}, b = a;
    arena shared = {0};
    float value[N];
    b.contestant = &name[1];
    assert_true(rotor_map(&t.at[MIX_INDEX], N * sizeof(mot_bf16), 1));
    for (int i = 0; i < N; i++) value[i] = 1 + (float)i / N;
    mot_bf16_from_f32((mot_bf16 *)t.at[MIX_INDEX].base, value, N);
    assert_true(arena_witness(&shared, &a));
    for (int i = 0; i < N; i++) value[i] *= 1 + share;
    mot_bf16_from_f32((mot_bf16 *)t.at[MIX_INDEX].base, value, N);
    assert_true(arena_witness(&shared, &b));
    assert_true(share == 0 ? b.distance == 0 : !(fabs(b.distance / fabs(share) - 1) > 0.3));
    rotor_unmap(&shared.witness.copy);
    tensors_free(&t);
    return b.differs;
}

static void rounding_is_told_from_mistakes(void **state) {
    (void)state;
    assert_false(differs_by(0));
    assert_false(differs_by(0x1p-8F)); /* every value on the other side of a rounding */
    assert_true(differs_by(0x1p-6F));
    assert_true(differs_by(-0x1p-6F));
    assert_true(differs_by(NAN));
}

/* ---- whole comparisons, on a simulated clock ---- */

static void bf16_right(const mot_shape *s, const mot_tensors *t, const mot_config *c, mot_range r) {
    right_bf16->run(s, t, c, r);
    sim_spend(1e5);
}

/* At the timed shape every value is off by a share, as if rounded worse or summed wrongly. */
static void scale_mixed(const mot_shape *s, const mot_tensors *t, float by) {
    mot_bf16 *mixed = t->mixed;
    for (size_t i = 0; s->groups > 8 && i < s->experts * s->groups * s->d_model; i++) {
        float value;
        mot_f32_from_bf16(&value, &mixed[i], 1);
        value *= by;
        mot_bf16_from_f32(&mixed[i], &value, 1);
    }
}
static void bf16_coarse(const mot_shape *s, const mot_tensors *t, const mot_config *c, mot_range r) {
    bf16_right(s, t, c, r);
    scale_mixed(s, t, 1 + 0x1p-9F);
}
static void bf16_bent(const mot_shape *s, const mot_tensors *t, const mot_config *c, mot_range r) {
    bf16_right(s, t, c, r);
    scale_mixed(s, t, 1.02F);
}

static contestant make_bf16(int which) {
    static const mot_kernel_fn run[] = {bf16_right, bf16_coarse, bf16_bent};
    static const char *const name[] = {"right16", "coarse16", "bent16"};
    static mot_variant variant[3];
    right_bf16 = mot_registry_find("mix_scalar_bf16_4x4");
    assert_non_null(right_bf16);
    variant[which] = *right_bf16;
    variant[which].name = name[which];
    variant[which].run = run[which];
    return (contestant){.plan = {.steps = 1, .step = {{&variant[which], mot_config_default(right_bf16)}}},
                        .name = name[which]};
}

static void need_gbench(void) {
    if (gbench_version()) return;
    print_message("SKIP: built without Google Benchmark\n");
    skip();
}

static void bf16_agrees_within_its_rounding(void **state) {
    const contestant side[3] = {make_bf16(0), make_bf16(1), make_bf16(2)};
    measurement m[3];
    char error[256] = "";
    (void)state;
    need_gbench();
    if (!measure(side, 3, &shape, &plain, m, error, sizeof error)) fail_msg("%s", error);
    for (int i = 0; i < 2; i++) {
        assert_string_equal(m[i].status, "ok");
        assert_int_equal(m[i].samples, 12);
    }
    assert_string_equal(m[2].status, "mistrusted");
    assert_non_null(strstr(m[2].reason, "differs from right16 by 0.02"));
}

static void one_comparison_has_one_data_type(void **state) {
    const contestant side[2] = {make(CHEAP), make_bf16(0)}, turned[2] = {side[1], side[0]};
    measurement m[2];
    char error[256] = "";
    (void)state;
    need_gbench();
    for (int i = 0; i < 2; i++) {
        assert_true(measure(i ? turned : side, 2, &shape, &plain, m, error, sizeof error));
        assert_string_equal(m[0].status, "ok");
        assert_string_equal(m[1].status, "skipped");
        assert_non_null(strstr(m[1].reason, "another data type"));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_those_of_f32_rounded),
        cmocka_unit_test(sizes_go_by_the_data_type),
        cmocka_unit_test(one_unwritten_element_is_found),
        cmocka_unit_test(rounding_is_told_from_mistakes),
        cmocka_unit_test_setup_teardown(bf16_agrees_within_its_rounding, simulate, real_again),
        cmocka_unit_test_setup_teardown(one_comparison_has_one_data_type, simulate, real_again)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
