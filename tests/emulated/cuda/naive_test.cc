/* Rung 1 on odd shapes, each stage and the layer of them, and kernels that are wrong on purpose. */
#include "judge.h"
#include "naive.cuh"

using namespace emulated;

template <class T> struct naive {
    const mot_variant step[4] = {
        variant<T>("route_naive", MOT_STAGE_ROUTE, stage<start<mot::naive_route<T>, mot::naive_route_launch>>),
        variant<T>("mix_naive", MOT_STAGE_MIX, stage<start<mot::naive_mix<T>, mot::naive_mix_launch>>),
        variant<T>(
            "experts_naive", MOT_STAGE_EXPERTS,
            stage<start<mot::naive_up<T>, mot::naive_up_launch>, start<mot::naive_down<T>, mot::naive_down_launch>>),
        variant<T>("redistribute_naive", MOT_STAGE_REDISTRIBUTE,
                   stage<start<mot::naive_redistribute<T>, mot::naive_redistribute_launch>>)};
};

template <class T> static void passes(void **) {
    const naive<T> all;
    for (const mot_shape &s : odd_shapes) {
        mot_plan layer = {};
        for (const mot_variant &v : all.step) {
            must_pass(v, s);
            layer.step[layer.steps++].variant = &v;
        }
        must_pass(layer, "layer_naive", s);
    }
}

/* ---- broken ---- */

static mot::launch one_block_short(const mot::tensors &t) {
    mot::launch how = mot::naive_mix_launch(t);
    how.blocks[0]--;
    return how;
}

template <class T> static void takes_groups_for_full(mot::tensors t) {
    t.strides.last_tokens = t.shape.group_size;
    mot::naive_mix<T>(t);
}

template <class T> static void forgets_temperature(mot::tensors t) {
    t.temperature = 1;
    mot::naive_route<T>(t);
}

template <class T> static void forgets_relu(mot::tensors t) {
    const size_t at = mot::thread_number(), D = t.shape.d_model, H = t.shape.d_expert, row = at / H;
    if (row >= t.shape.experts * t.shape.groups) return;
    const T *w1 = (const T *)t.w1 + row / t.shape.groups * D * H + at % H;
    ((T *)t.hidden)[at] = mot::narrow<T>(mot::naive_dot((const T *)t.mixed + row * D, w1, D, H));
}

template <class T> static void broken_is_caught(void **) {
    const mot_shape s = {7, 6, 5, 19, 21};
    must_be_caught(variant<T>("one_block_short", MOT_STAGE_MIX, stage<start<mot::naive_mix<T>, one_block_short>>), s);
    must_be_caught(variant<T>("takes_groups_for_full", MOT_STAGE_MIX,
                              stage<start<takes_groups_for_full<T>, mot::naive_mix_launch>>),
                   s);
    must_be_caught(variant<T>("forgets_temperature", MOT_STAGE_ROUTE,
                              stage<start<forgets_temperature<T>, mot::naive_route_launch>>),
                   s);
    must_be_caught(
        variant<T>(
            "forgets_relu", MOT_STAGE_EXPERTS,
            stage<start<forgets_relu<T>, mot::naive_up_launch>, start<mot::naive_down<T>, mot::naive_down_launch>>),
        s);
}

int main() {
    const struct CMUnitTest tests[] = {cmocka_unit_test(passes<float>), cmocka_unit_test(passes<mot_bf16>),
                                       cmocka_unit_test(broken_is_caught<float>),
                                       cmocka_unit_test(broken_is_caught<mot_bf16>)};
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
