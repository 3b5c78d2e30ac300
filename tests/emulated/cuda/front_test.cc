/* The fused front on odd shapes, short groups and strided tokens included; and without one of its barriers, or without
 * waiting for its copies. */
#include "front.cuh"
#include "front_stream.cuh"
#include "judge.h"
#include "tf32.h"

using namespace emulated;

template <class S> static mot_variant fused() {
    return variant<mot_bf16>("front_mma", MOT_STAGE_FRONT, stage<start<mot::front<S>, mot::front_launch<S>>>);
}

template <class S> static mot_variant streamed() {
    return variant<mot_bf16>("front_stream", MOT_STAGE_FRONT,
                             stage<start<mot::front_stream<S>, mot::front_stream_launch<S>>>);
}

template <class S> static void streamed_passes(void **) {
    for (const mot_shape &s : odd_shapes)
        if (mot::front_stream_supports<S>(s)) must_pass(streamed<S>(), s);
    must_pass(streamed<S>(), {5, S::TOKENS, 72, 200, 1});
    must_pass(streamed<S>(), {4, S::TOKENS - 3, 64, 128, 1});
}

template <class S> static void passes(void **) {
    for (const mot_shape &s : odd_shapes)
        if (mot::front_supports<S>(s, 227 << 10)) must_pass(fused<S>(), s);
    must_pass(fused<S>(), {5, S::TOKENS, 72, 200, 1}); /* whole pieces, several rounds of experts, a group left over */
    must_pass(fused<S>(), {4, S::TOKENS - 3, 64, 128, 1});
}

static void every_barrier_counts_in(const mot_variant &v, int barriers) {
    const mot_shape s = {3, 16, 40, 256, 1};
    for (int number = 0; number < barriers; number++) {
        skip_barrier(number);
        must_be_caught(v, s);
    }
    skip_barrier(-1);
    skip_waits(true);
    must_be_caught(v, s);
    skip_waits(false);
    must_pass(v, s);
}

template <class S> static void every_barrier_counts(void **) {
    every_barrier_counts_in(fused<S>(), 4);
    every_barrier_counts_in(streamed<S>(), 9);
}

/* The tokens of the last group count as a full one's. */
template <class S> static void takes_groups_for_full(mot::tensors t) {
    t.strides.last_tokens = t.shape.group_size;
    mot::front<S>(t);
}

template <class S> static void short_groups_count(void **) {
    must_be_caught(variant<mot_bf16>("takes_groups_for_full", MOT_STAGE_FRONT,
                                     stage<start<takes_groups_for_full<S>, mot::front_launch<S>>>),
                   {7, 6, 5, 19, 1});
}

/* ---- tf32 ---- */

struct memory {
    std::vector<float> x, controller, p, mixed;
};

static mot::tensors tensors_of(memory *m, const mot_shape &s) {
    const size_t T = s.group_size, D = s.d_model, E = s.experts;
    *m = {numbers_of(s.groups * T * D, false), numbers_of(D * E, false), std::vector<float>(s.groups * T * E, NAN),
          std::vector<float>(E * s.groups * D, NAN)};
    mot::tensors t = {};
    t.x = m->x.data(), t.controller = m->controller.data(), t.p = m->p.data(), t.mixed = m->mixed.data();
    t.shape = s, t.temperature = 0.75F;
    t.strides = {s.groups, T * D, 0, D, T};
    return t;
}

/* The weights of one expert, and how far off they may be. */
static void compare_weights(const mot::tensors &t, size_t g, size_t e) {
    const size_t T = t.shape.group_size, D = t.shape.d_model, E = t.shape.experts;
    std::vector<double> weight(T);
    double max = -INFINITY, sum = 0, worst = 0;
    for (size_t i = 0; i < T; i++) {
        const dot d = dot_of(
            D, [&](size_t k) { return ((const float *)t.x)[(g * T + i) * D + k]; },
            [&](size_t k) { return ((const float *)t.controller)[k * E + e]; });
        weight[i] = d.sum / 0.75, max = fmax(max, weight[i]), worst = fmax(worst, bound_of(d, D) / 0.75);
    }
    for (double &w : weight) sum += w = exp(w - max);
    for (size_t i = 0; i < T; i++) {
        const double want = weight[i] / sum, got = ((const float *)t.p)[(g * T + i) * E + e];
        assert_true(fabs(got - want) <= want * (2 * worst + (double)(T + 40) * 0x1p-24));
    }
}

static void compare_mixed(const mot::tensors &t, size_t g, size_t e, size_t column) {
    const size_t T = t.shape.group_size, D = t.shape.d_model, E = t.shape.experts;
    const dot d = dot_of(
        T, [&](size_t i) { return ((const float *)t.p)[(g * T + i) * E + e]; },
        [&](size_t i) { return ((const float *)t.x)[(g * T + i) * D + column]; });
    assert_true(fabs(((const float *)t.mixed)[(e * t.shape.groups + g) * D + column] - d.sum) <= bound_of(d, T));
}

template <class S, auto Kernel, auto How> static void tf32_is_right(void **) {
    for (order o : {order::forward, order::backward})
        for (const mot_shape &s : {mot_shape{3, 7, 11, 37, 1}, {1, 1, 1, 1, 1}, {3, S::TOKENS, 40, 128, 1}}) {
            memory m;
            const mot::tensors t = tensors_of(&m, s);
            set_order(o);
            start<Kernel, How>(t);
            for (size_t i = 0; i < s.groups * s.experts; i++) {
                compare_weights(t, i / s.experts, i % s.experts);
                for (size_t d = 0; d < s.d_model; d++) compare_mixed(t, i / s.experts, i % s.experts, d);
            }
        }
}

static void too_large_is_refused(void **) {
    using S = mot::front_shape<32, 32, 2, 64, 3>;
    assert_true(mot::front_supports<S>({1, 32, 32, 1536, 1}, 227 << 10));
    assert_false(mot::front_supports<S>({1, 32, 32, 2048, 1}, 227 << 10));
    assert_false(mot::front_supports<S>({1, 33, 32, 64, 1}, 227 << 10));
}

using two_groups = mot::front_shape<32, 32, 2, 64, 3>;
using one_group = mot::front_shape<16, 64, 1, 32, 2>;
using many_tokens = mot::front_shape<64, 16, 1, 32, 4>;
using wide = mot::front_shape<32, 32, 2, 32, 3, 1, float>;
using wide_low = mot::front_shape<16, 16, 1, 16, 2, 1, float>;

int main() {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passes<two_groups>),
        cmocka_unit_test(passes<one_group>),
        cmocka_unit_test(passes<many_tokens>),
        cmocka_unit_test(every_barrier_counts<two_groups>),
        cmocka_unit_test(short_groups_count<two_groups>),
        cmocka_unit_test(streamed_passes<two_groups>),
        cmocka_unit_test(streamed_passes<one_group>),
        cmocka_unit_test((tf32_is_right<wide, mot::front<wide>, mot::front_launch<wide>>)),
        cmocka_unit_test((tf32_is_right<wide_low, mot::front<wide_low>, mot::front_launch<wide_low>>)),
        cmocka_unit_test((tf32_is_right<wide, mot::front_stream<wide>, mot::front_stream_launch<wide>>)),
        cmocka_unit_test(too_large_is_refused),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
