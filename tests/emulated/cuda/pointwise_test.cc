/* What lies between a library's products: relu of a hidden layer that was stored without, softmax of stored logits. */
#include "judge.h"
#include "naive.cuh"
#include "pointwise.cuh"

using namespace emulated;

/* ---- products as a library leaves them ---- */

template <class T> static void plain_up(mot::tensors t) {
    const size_t at = mot::thread_number(), D = t.shape.d_model, H = t.shape.d_expert, row = at / H;
    if (row >= t.shape.experts * t.shape.groups) return;
    const T *w1 = (const T *)t.w1 + row / t.shape.groups * D * H + at % H;
    ((T *)t.hidden)[at] = mot::narrow<T>(mot::naive_dot((const T *)t.mixed + row * D, w1, D, H));
}

/* A thread per token. */
template <class T> static void logits(mot::tensors t) {
    const size_t at = mot::thread_number(), group = at / t.shape.group_size, token = at % t.shape.group_size;
    if (group >= t.shape.groups || token >= mot::group_tokens(t, group)) return;
    for (size_t e = 0; e < t.shape.experts; e++)
        ((float *)t.hidden)[at * t.shape.experts + e] = mot::naive_logit<T>(t, group, token, e);
}
static mot::launch logits_launch(const mot::tensors &t) {
    return mot::one_thread_each(t.shape.groups * t.shape.group_size, 64);
}

/* ---- the stages ---- */

template <class T, auto Relu> static mot_variant experts() {
    return variant<T>("experts_relu", MOT_STAGE_EXPERTS,
                      stage<start<plain_up<T>, mot::naive_up_launch>, start<Relu, mot::pointwise_relu_launch>,
                            start<mot::naive_down<T>, mot::naive_down_launch>>);
}

template <class T, auto Softmax> static mot_variant route() {
    mot_variant v = variant<T>("route_softmax", MOT_STAGE_ROUTE,
                               stage<start<logits<T>, logits_launch>, start<Softmax, mot::pointwise_softmax_launch>>);
    v.scratch_bytes = [](const mot_shape *s, const mot_config *) {
        return s->groups * s->group_size * s->experts * sizeof(float);
    };
    return v;
}

template <class T> static void passes(void **) {
    for (const mot_shape &s : odd_shapes) {
        must_pass(experts<T, mot::pointwise_relu<T>>(), s);
        must_pass(route<T, mot::pointwise_softmax<T>>(), s);
    }
}

/* ---- broken ---- */

template <class T> static void forgets_the_tail(mot::tensors t) {
    const size_t n = t.shape.experts * t.shape.groups * t.shape.d_expert;
    if (mot::POINTWISE_EACH * (mot::thread_number() + 1) <= n) mot::pointwise_relu<T>(t);
}

template <class T> static void takes_groups_for_full(mot::tensors t) {
    t.strides.last_tokens = t.shape.group_size;
    mot::pointwise_softmax<T>(t);
}

template <class T> static void broken_is_caught(void **) {
    const mot_shape s = {7, 6, 5, 19, 21};
    must_be_caught(experts<T, forgets_the_tail<T>>(), s);
    must_be_caught(route<T, takes_groups_for_full<T>>(), s);
}

int main() {
    const struct CMUnitTest tests[] = {cmocka_unit_test(passes<float>), cmocka_unit_test(passes<mot_bf16>),
                                       cmocka_unit_test(broken_is_caught<float>),
                                       cmocka_unit_test(broken_is_caught<mot_bf16>)};
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
