/* Rung 3 on odd shapes: bf16 by the suite's check, tf32 against f64 of operands that are rounded to it; and without one
 * of its barriers, or without waiting for its copies. */
#include "judge.h"
#include "mma.cuh"
#include "tf32.h"

using namespace emulated;

template <class S>
static constexpr auto up =
    start_product<mot::experts_up, mot::mma_product<S, true, mot::product>, mot::mma_launch<S, mot::product>>;
template <class S>
static constexpr auto down =
    start_product<mot::experts_down, mot::mma_product<S, false, mot::product>, mot::mma_launch<S, mot::product>>;
template <class S> static mot_variant experts() {
    return variant<mot_bf16>("experts_mma", MOT_STAGE_EXPERTS, stage<up<S>, down<S>>);
}

template <class P> static P groups_of(const mot::tensors &t) { return {t}; }
template <class S, class P> static mot_variant linear(mot_stage which) {
    return variant<mot_bf16>(which == MOT_STAGE_MIX ? "mix_mma" : "redistribute_mma", which,
                             stage<start_product<groups_of<P>, mot::mma_product<S, false, P>, mot::mma_launch<S, P>>>);
}

/* EVERY: of the shapes. */
template <class S, int EVERY> static void passes(void **) {
    for (size_t i = 0; i < sizeof odd_shapes / sizeof odd_shapes[0]; i += EVERY) {
        const mot_shape &s = odd_shapes[i];
        must_pass(experts<S>(), s);
        must_pass(linear<S, mot::mixing>(MOT_STAGE_MIX), s);
        must_pass(linear<S, mot::redistribution>(MOT_STAGE_REDISTRIBUTE), s);
    }
    must_pass(experts<S>(), {150, 1, 2, 136, 200}); /* more steps than stages, several tiles, whole pieces */
    must_pass(linear<S, mot::mixing>(MOT_STAGE_MIX), {3, 150, 136, 200, 1});
}

template <class S> static void every_barrier_counts(void **) {
    for (int number = 0; number < 3; number++) {
        skip_barrier(number);
        must_be_caught(experts<S>(), {20, 1, 2, 256, 256});
    }
    skip_barrier(-1);
    must_pass(experts<S>(), {20, 1, 2, 256, 256});
}

template <class S> static void waiting_counts(void **) {
    skip_waits(true);
    must_be_caught(experts<S>(), {20, 1, 2, 256, 256});
    skip_waits(false);
}

/* ---- tf32 ---- */

/* c of a problem is relu(a.b), or a is turned and there is no relu. Of integers, equal. */
template <class P> static void compare(const P &p, size_t batch, size_t row, size_t column, bool integers) {
    const auto o = mot::operands_of<float>(p, batch);
    const dot d = dot_of(
        o.k, [&](size_t k) { return P::TURNED ? o.a[k * o.lda + row] : o.a[row * o.lda + k]; },
        [&](size_t k) { return o.b[k * o.ldb + column]; });
    const double error = fabs(o.c[row * o.ldc + column] - (d.sum < 0 && !P::TURNED ? 0 : d.sum));
    assert_true(error <= (integers ? 0 : bound_of(d, o.k)));
}

template <class S> static void product_in_tf32(size_t m, size_t n, size_t k, bool integers) {
    enum { BATCHES = 2 };
    const std::vector<float> a = numbers_of(BATCHES * m * k, integers), b = numbers_of(BATCHES * k * n, integers);
    std::vector<float> c(BATCHES * m * n, NAN);
    const mot::product p = {a.data(), b.data(), c.data(), m, n, k, BATCHES, k, n, n, m * k, k * n, m * n};
    const auto kernel = mot::mma_product<S, true, mot::product>;
    MOT_LAUNCH(kernel, mot::mma_launch<S>(p), 0, p);
    for (size_t i = 0; i < BATCHES * m * n; i++) compare(p, i / (m * n), i / n % m, i % n, integers);
}

template <class S> static void mix_in_tf32(const mot_shape &s, bool integers) {
    const size_t G = s.groups, T = s.group_size, E = s.experts, D = s.d_model;
    const std::vector<float> p = numbers_of(G * T * E, integers), x = numbers_of(G * T * D, integers);
    std::vector<float> mixed(E * G * D, NAN);
    mot::mixing m = {};
    m.t.x = x.data(), m.t.p = (void *)p.data(), m.t.mixed = mixed.data(), m.t.shape = s;
    m.t.strides = {G, T * D, 0, D, T};
    const auto kernel = mot::mma_product<S, false, mot::mixing>;
    MOT_LAUNCH(kernel, mot::mma_launch<S>(m), 0, m);
    for (size_t i = 0; i < G * E * D; i++) compare(m, i / (E * D), i / D % E, i % D, integers);
}

template <class S> static void tf32_is_right(void **) {
    for (order o : {order::forward, order::backward}) {
        set_order(o);
        for (bool integers : {true, false}) {
            product_in_tf32<S>(1, 1, 1, integers);
            product_in_tf32<S>(37, 71, 53, integers);
            product_in_tf32<S>(64, 128, 160, integers);
            product_in_tf32<S>(100, 68, 36, integers);
            mix_in_tf32<S>({2, 37, 41, 35, 1}, integers);
            mix_in_tf32<S>({2, 32, 64, 68, 1}, integers);
        }
    }
}

template <class T, int BM, int BN, int BK, int WM, int WN, int STAGES>
using shape = mot::mma_shape<T, BM, BN, BK, WM, WN, STAGES>;
using square = shape<mot_bf16, 64, 64, 64, 32, 32, 3>;
using wide = shape<mot_bf16, 32, 128, 32, 32, 32, 4>;
using small = shape<mot_bf16, 64, 64, 16, 64, 32, 2>;

int main() {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test((passes<square, 1>)),
        cmocka_unit_test((passes<wide, 2>)),
        cmocka_unit_test((passes<small, 3>)),
        cmocka_unit_test(every_barrier_counts<square>),
        cmocka_unit_test(waiting_counts<square>),
        cmocka_unit_test((tf32_is_right<shape<float, 64, 64, 32, 32, 32, 3>>)),
        cmocka_unit_test((tf32_is_right<shape<float, 32, 32, 16, 16, 32, 2>>)),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
